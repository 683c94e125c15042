package scf

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
	"github.com/tencentyun/scf-go-lib/functioncontext"
)

// serveSocket serves f on the unix socket at path, which only this process's
// user may connect to. It returns when it cannot listen, with the error.
//
// scf-go-lib listens on every interface, and each of its calls may set any
// variable of the process. That is harmless in SCF's sandbox. Anywhere else
// whoever reaches the port could name a file as SINK and have it written.
func serveSocket(path string, f Func) error {
	l, err := listenPrivate(path)
	if err != nil {
		return fmt.Errorf("VOD_RPC_SOCKET: cannot listen, give a path of at most 100 bytes in a folder of yours where nothing has that name: %w", err)
	}
	if os.Getenv("VOD_RPC_STARTER") == "stdin" {
		go endWithStarter(path)
	}
	s := rpc.NewServer()
	if err := s.RegisterName("Function", &service{f}); err != nil {
		return err
	}
	s.Accept(l)
	return fmt.Errorf("VOD_RPC_SOCKET: the socket was closed: %w", net.ErrClosed)
}

// endWithStarter ends this process, and removes its socket, when the process
// that started it is gone, however that ended. The starter holds the other end
// of standard input and writes nothing to it.
func endWithStarter(path string) {
	io.Copy(io.Discard, os.Stdin) // its end is all that counts
	os.Remove(path)
	os.Remove(filepath.Dir(path)) // if it was made for the socket, it is empty now
	os.Exit(1)
}

// service answers the calls that SCF's Go runtime makes, as scf-go-lib's
// Function does, whose handler cannot be set from outside.
type service struct{ f Func }

// Ping answers as soon as the function can be invoked.
func (s *service) Ping(*messages.PingRequest, *messages.PingResponse) error { return nil }

// Invoke gives the function one event. It never returns an error itself: an
// error of the function and a panic are part of the answer.
func (s *service) Invoke(req *messages.InvokeRequest, res *messages.InvokeResponse) error {
	defer func() {
		if v := recover(); v != nil {
			res.Payload = nil
			res.Error = &messages.InvokeResponse_Error{
				Message: fmt.Sprint(v), Type: typeName(v), StackTrace: stackTrace(), ShouldExit: true,
			}
		}
	}()
	payload, err := s.invoke(req)
	if err != nil {
		res.Error = &messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}
		return nil
	}
	res.Payload = payload
	return nil
}

func (s *service) invoke(req *messages.InvokeRequest) ([]byte, error) {
	fc := &functioncontext.FunctionContext{
		RequestID:             req.RequestId,
		InvokedFunctionUnique: req.InvokedFunctionUnique,
		Namespace:             req.Namespace,
		FunctionName:          req.FunctionName,
		FunctionVersion:       req.FunctionVersion,
		MemoryLimitInMb:       req.MemoryLimitInMb,
		TimeLimitInMs:         req.TimeLimitInMs,
		TencentcloudRegion:    req.TencentcloudRegion,
		TencentcloudAppID:     req.TencentcloudAppID,
		TencentcloudUin:       req.TencentcloudUin,
		FunctionTrace:         req.FunctionTrace,
	}
	if len(req.ClientContext) > 0 {
		if err := json.Unmarshal(req.ClientContext, &fc.ClientContext); err != nil {
			return nil, err
		}
	}
	if len(req.Environment) > 0 {
		if err := json.Unmarshal([]byte(req.Environment), &fc.Environment); err != nil {
			return nil, err
		}
		for name, value := range fc.Environment {
			os.Setenv(name, value)
		}
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(req.Deadline.Seconds, req.Deadline.Nanos))
	defer cancel()
	return s.f.Invoke(functioncontext.NewContext(ctx, fc), req.Payload)
}

// typeName is the name of v's type without its package and pointer.
func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// stackTrace is the stack of the panic that the caller's deferred function
// recovered, innermost call first, at most 32 calls.
func stackTrace() (stack []*messages.InvokeResponse_Error_StackFrame) {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		stack = append(stack, &messages.InvokeResponse_Error_StackFrame{Path: f.File, Line: int32(f.Line), Label: f.Function})
		if !more {
			return stack
		}
	}
}

package scf

import (
	"bufio"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
	"github.com/tencentyun/scf-go-lib/functioncontext"
)

// serveSCF serves f to SCF, which calls it on this port. It returns when it
// cannot listen, with the error.
func serveSCF(port string, f Func) error {
	l, err := net.Listen("tcp", "0.0.0.0:"+port) // as scf-go-lib does
	if err != nil {
		return fmt.Errorf("_LAMBDA_SERVER_PORT: %w", err)
	}
	return serveRPC(l, f)
}

// serveRPC answers the calls of SCF's Go runtime that come in over l. It returns
// when l takes no more connections, with the error.
//
// It speaks the protocol of net/rpc with gob, and does without that package, for
// which scf-go-lib is a wrapper. A server of net/rpc finds its methods by
// reflection, so the linker has to keep every exported method of every type, those
// of the clients of databases and brokers included: a fifth of the executable.
func serveRPC(l net.Listener, f Func) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go serveConn(conn, service{f})
	}
}

// request and response precede each body, as net/rpc's Request and Response do.
type (
	request struct {
		ServiceMethod string
		Seq           uint64
	}
	response struct {
		ServiceMethod string
		Seq           uint64
		Error         string
	}
)

// serveConn answers the calls of one connection, side by side, until the caller
// hangs up. The calls that it has begun are answered first.
func serveConn(conn net.Conn, s service) {
	defer conn.Close()
	var calls sync.WaitGroup
	defer calls.Wait()
	dec := gob.NewDecoder(conn)
	buf := bufio.NewWriter(conn)
	enc := gob.NewEncoder(buf)
	var sending sync.Mutex
	answer := func(r response, body any) {
		sending.Lock()
		defer sending.Unlock()
		if errors.Join(enc.Encode(r), enc.Encode(body), buf.Flush()) != nil {
			conn.Close() // half an answer may be sent
		}
	}
	for {
		var r request
		if dec.Decode(&r) != nil {
			return
		}
		run, err := s.read(r.ServiceMethod, dec)
		if err != nil {
			answer(response{r.ServiceMethod, r.Seq, err.Error()}, struct{}{})
			continue
		}
		calls.Go(func() { answer(response{r.ServiceMethod, r.Seq, ""}, run()) })
	}
}

// service answers the calls that SCF's Go runtime makes, as scf-go-lib does.
type service struct{ f Func }

// read reads the body of a call and returns what makes the answer's.
func (s service) read(method string, dec *gob.Decoder) (run func() any, err error) {
	switch method {
	case "Function.Ping": // the answer says that the function can be invoked
		return func() any { return messages.PingResponse{} }, dec.Decode(new(messages.PingRequest))
	case "Function.Invoke":
		req := new(messages.InvokeRequest)
		return func() any { return s.answer(req) }, dec.Decode(req)
	}
	return nil, errors.Join(fmt.Errorf("there is no method %q, call Function.Ping or Function.Invoke", method), dec.DecodeValue(reflect.Value{}))
}

// answer gives the function one event. An error of the function and a panic are
// part of the answer.
func (s service) answer(req *messages.InvokeRequest) (res messages.InvokeResponse) {
	defer func() {
		if v := recover(); v != nil {
			res.Error = &messages.InvokeResponse_Error{
				Message: fmt.Sprint(v), Type: typeName(v), StackTrace: stackTrace(), ShouldExit: true,
			}
		}
	}()
	payload, err := s.invoke(req)
	if err != nil {
		res.Error = &messages.InvokeResponse_Error{Message: err.Error(), Type: typeName(err)}
		return res
	}
	res.Payload = payload
	return res
}

func (s service) invoke(req *messages.InvokeRequest) ([]byte, error) {
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

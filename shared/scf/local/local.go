package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
)

var (
	// ErrTimeout: the invocation exceeded its time, so the instance was killed.
	// Start another one.
	ErrTimeout = errors.New("local: invocation timed out, the instance was killed")

	// ErrExited: the instance has ended and takes no more events. The error
	// that wraps it says how it ended; what it wrote says why.
	ErrExited = errors.New("local: the instance has exited")
)

// Error is a function error: what the function returned instead of a result.
type Error struct {
	Message    string
	Type       string // the Go type of the error or of the value of the panic
	ShouldExit bool   // the function panicked
}

func (e *Error) Error() string { return fmt.Sprintf("function error: %s (%s)", e.Message, e.Type) }

const (
	startTime  = 2 * time.Minute // for an instance to answer its first Ping
	closeTime  = 5 * time.Second // from SIGTERM to SIGKILL
	startTries = 5               // when another process takes the port
)

type options struct {
	memory         int32
	grace          time.Duration
	stdout, stderr io.Writer
	flush          []func()
	address        func() (address, error)
}

// Option changes how [Start] starts an instance.
type Option func(*options)

// WithStdout sets where the instance's standard output goes, as it comes: its
// events and its log. Nowhere by default.
func WithStdout(w io.Writer) Option { return func(o *options) { o.stdout = w } }

// WithStderr sets where the instance's standard error goes, as it comes: the
// stack of a crash, and what user code prints there. Nowhere by default.
func WithStderr(w io.Writer) Option { return func(o *options) { o.stderr = w } }

// WithLines passes each line that the instance writes to one of two functions:
// events to event, and all other lines of standard output and standard error to
// log. Two goroutines may call at once. The last call comes before
// [Function.Exited] is closed. Either function may be nil.
func WithLines(event, log func(line []byte)) Option {
	return func(o *options) {
		out, errs := &Lines{Event: event, Log: log}, &Lines{Event: log, Log: log}
		o.stdout, o.stderr = out, errs
		o.flush = append(o.flush, out.Flush, errs.Flush)
	}
}

// WithTCP has scf-go-lib serve the instance over TCP, as under SCF, instead of
// a unix socket. The instance then listens on every interface of this machine,
// and whoever reaches the port can set its variables: use it to measure
// scf-go-lib or to compare with it, briefly, and never in a network.
func WithTCP() Option { return func(o *options) { o.address = tcpAddress } }

// WithMemory sets the MemoryLimitInMb that the function is told, 64 by default.
// Nobody enforces it.
func WithMemory(mb int) Option { return func(o *options) { o.memory = int32(mb) } }

// WithGrace lets the instance live for d after the time of an invocation is over, none
// by default. It is for tests: a function answers a fraction of a second before its
// time is over, and a slow machine may need longer for that answer.
func WithGrace(d time.Duration) Option { return func(o *options) { o.grace = d } }

// Function is a running instance of a function.
type Function struct {
	name   string
	memory int32
	grace  time.Duration
	slot   chan struct{} // holds a value while an invocation is in progress
	cmd    *exec.Cmd
	client *rpc.Client
	exited chan struct{} // closed when the process has been waited for
}

// Start starts the function binary at path and returns when it answers, at the
// latest when ctx ends or after two minutes. The instance listens on a unix socket in
// a folder of this user's alone. env is the process's environment as in
// [exec.Cmd], nil for this process's own; TENCENTCLOUD_RUNENV=SCF is added
// unless it is there, VOD_RPC_SOCKET is set, and LISTEN_ADDR, which would make
// it a server, is emptied.
//
// ctx bounds the start only. End the instance with [Function.Close] or
// [Function.Kill].
func Start(ctx context.Context, path string, env []string, opts ...Option) (*Function, error) {
	o := options{memory: 64, address: socketAddress}
	for _, opt := range opts {
		opt(&o)
	}
	if env == nil {
		env = os.Environ()
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()

	// A TCP port is free for a moment before the function takes it. When
	// another process gets it, the function exits at once.
	for try := 1; ; try++ {
		at, err := o.address()
		if err != nil {
			return nil, err
		}
		f, err := start(path, env, at, o)
		if err != nil {
			return nil, err
		}
		err = f.connect(ctx, at)
		if err == nil {
			return f, nil
		}
		f.Kill()
		if !errors.Is(err, ErrExited) || try == startTries || !at.taken() {
			return nil, fmt.Errorf("starting %s: %w", f.name, err)
		}
	}
}

// start starts the process.
func start(path string, env []string, at address, o options) (*Function, error) {
	f := &Function{
		name:   filepath.Base(path),
		memory: o.memory,
		grace:  o.grace,
		slot:   make(chan struct{}, 1),
		exited: make(chan struct{}),
		cmd:    exec.Command(path),
	}
	f.cmd.Stdout, f.cmd.Stderr = o.stdout, o.stderr
	f.cmd.WaitDelay = time.Second // a child of the function's may hold its output open
	f.cmd.Env = append([]string{"TENCENTCLOUD_RUNENV=SCF"}, env...)
	f.cmd.Env = append(append(f.cmd.Env, at.env...), "LISTEN_ADDR=")
	// The instance ends when the other end of its standard input is closed: by
	// Wait, or because this process was killed.
	if _, err := f.cmd.StdinPipe(); err != nil {
		at.remove()
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	if err := f.cmd.Start(); err != nil {
		at.remove()
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	go func() {
		f.cmd.Wait() // its end, good or bad, is in ProcessState
		at.remove()
		for _, flush := range o.flush {
			flush()
		}
		close(f.exited)
	}()
	return f, nil
}

// connect dials until the function answers a Ping.
func (f *Function) connect(ctx context.Context, at address) error {
	dialer := net.Dialer{}
	again := time.NewTicker(200 * time.Microsecond)
	defer again.Stop()
	for {
		conn, err := dialer.DialContext(ctx, at.network, at.addr)
		if err == nil {
			f.client = rpc.NewClient(conn)
			ping := f.client.Go("Function.Ping", messages.PingRequest{}, &messages.PingResponse{}, make(chan *rpc.Call, 1))
			select {
			case <-ping.Done:
				if ping.Error == nil {
					return nil
				}
				err = ping.Error
				f.client.Close()
			case <-ctx.Done():
				f.client.Close()
			}
		}
		select {
		case <-f.exited:
			return f.exitError()
		case <-ctx.Done():
			return fmt.Errorf("it did not answer on %s (does its main call scf.Main?): %w", at.addr, errors.Join(ctx.Err(), err))
		case <-again.C:
		}
	}
}

// PID is the id of the instance's process.
func (f *Function) PID() int { return f.cmd.Process.Pid }

// Exited is closed when the instance has ended.
func (f *Function) Exited() <-chan struct{} { return f.exited }

func (f *Function) exitError() error { return fmt.Errorf("%w: %s", ErrExited, f.cmd.ProcessState) }

// Invoke gives the function one event and returns its result. It waits while
// the instance is busy. timeout is the time of the invocation, from when the
// instance has the event. environment is set in the process before the function
// sees the event, and stays set.
//
// The error is an [*Error] when the function failed. It wraps [ErrTimeout] or
// [ErrExited] when the instance is gone. Else it is that of ctx, whose end ends
// the waiting only: as on the platform the function goes on with the event, and
// the instance is busy until it is done or its time is over.
func (f *Function) Invoke(ctx context.Context, payload []byte, timeout time.Duration, environment map[string]string) ([]byte, error) {
	select {
	case f.slot <- struct{}{}:
	case <-f.exited:
		return nil, f.exitError()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return detach(ctx, func() ([]byte, error) {
		defer func() { <-f.slot }()
		if !f.alive() { // whoever had the instance before left the slot as it exited
			return nil, f.exitError()
		}
		return f.invoke(payload, timeout, environment)
	})
}

// detach runs call and waits for its result or the end of ctx.
func detach(ctx context.Context, call func() ([]byte, error)) ([]byte, error) {
	type result struct {
		payload []byte
		err     error
	}
	done := make(chan result, 1)
	go func() {
		payload, err := call()
		done <- result{payload, err}
	}()
	select {
	case r := <-done:
		return r.payload, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *Function) invoke(payload []byte, timeout time.Duration, environment map[string]string) ([]byte, error) {
	deadline := time.Now().Add(timeout)
	req := messages.InvokeRequest{
		Payload:         payload,
		RequestId:       requestID(),
		Deadline:        messages.InvokeRequest_Timestamp{Seconds: deadline.Unix(), Nanos: int64(deadline.Nanosecond())},
		Namespace:       "default",
		FunctionName:    f.name,
		FunctionVersion: "$LATEST",
		MemoryLimitInMb: f.memory,
		TimeLimitInMs:   int32(timeout.Milliseconds()),
	}
	if len(environment) > 0 {
		env, err := json.Marshal(environment)
		if err != nil {
			return nil, err
		}
		req.Environment = string(env)
	}

	timer := time.NewTimer(timeout + f.grace)
	defer timer.Stop()
	var res messages.InvokeResponse
	called := make(chan error, 1)
	// Call also blocks while a stopped process does not read.
	go func() { called <- f.client.Call("Function.Invoke", &req, &res) }()
	select {
	case err := <-called:
		if _, ok := errors.AsType[rpc.ServerError](err); ok {
			return nil, fmt.Errorf("local: %w", err)
		}
		if err != nil { // the connection ends with the process
			f.Kill()
			return nil, f.exitError()
		}
	case <-timer.C:
		f.Kill()
		return nil, fmt.Errorf("%w after %v", ErrTimeout, timeout+f.grace)
	}
	if e := res.Error; e != nil {
		return nil, &Error{e.Message, e.Type, e.ShouldExit}
	}
	return res.Payload, nil
}

// requestID makes an id of SCF's form, a random UUID.
func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Kill ends the instance at once and waits until it is gone.
func (f *Function) Kill() {
	f.cmd.Process.Kill()
	<-f.exited
	if f.client != nil {
		f.client.Close()
	}
}

// Close asks the instance to end, with SIGTERM, kills it after 5 s, and returns
// when it is gone.
func (f *Function) Close() {
	if err := f.cmd.Process.Signal(syscall.SIGTERM); err == nil {
		select {
		case <-f.exited:
		case <-time.After(closeTime):
		}
	}
	f.Kill()
}

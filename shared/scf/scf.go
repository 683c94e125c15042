package scf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/tencentyun/scf-go-lib/cloudfunction"
	"github.com/tencentyun/scf-go-lib/functioncontext"

	"vodevents/shared/internal/output"
)

// Func is a function as SCF calls it: bytes of a trigger event in, bytes of
// JSON out. It is called again and again in one process, by SCF once at a time.
// An error is a function error: a synchronous caller sees it, a timer runs the
// event again, at most twice (583/41138).
type Func func(ctx context.Context, event []byte) ([]byte, error)

// unlimited is the time of an invocation whose caller named no limit: enough for
// a pull by hand, and bearable for a person who waits.
const unlimited = 15 * time.Second

// Invoke makes a Func the handler that scf-go-lib serves. SCF always names a
// deadline, but callers in tests and tools forget it, and scf-go-lib then gives
// the handler a context that ended in 1970. Such an invocation gets its
// TimeLimitInMs or, without one, 15 s.
func (f Func) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	fc, known := functioncontext.FromContext(ctx)
	if known {
		limitMemory(int64(fc.MemoryLimitInMb) << 20)
	}
	if end, ok := ctx.Deadline(); !ok || end.Unix() <= 0 {
		limit := unlimited
		if known && fc.TimeLimitInMs > 0 {
			limit = time.Duration(fc.TimeLimitInMs) * time.Millisecond
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
	}
	return f(ctx, event)
}

// limitMemory has the garbage collector work harder before Go's memory passes
// three tenths of the function's. By default garbage grows to the size of what
// is in use, and SCF kills a function that passes its limit (583/11637).
// GOMEMLIMIT, when it is set, wins.
func limitMemory(functionMemory int64) {
	limit := functionMemory * 3 / 10
	if limit > 0 && debug.SetMemoryLimit(-1) != limit && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}

// Main is a function's main. It serves f to SCF, or to the program that started
// it with VOD_RPC_SOCKET, and then never returns. On any other machine it runs
// host and returns when host has returned nil; an error of host is logged and
// ends the process with status 1.
//
// The context of host ends with the first SIGTERM or SIGINT; a second one ends
// the process at once.
func Main(f Func, host func(context.Context) error) {
	switch started {
	case onSocket:
		startLog(output.Stdout)
		stopped(serveSocket(os.Getenv("VOD_RPC_SOCKET"), f))
	case onSCF:
		startLog(output.Stdout)
		// The Go runtime writes the stack of a crash to standard error, which
		// SCF may not collect. On a socket the starter reads both.
		if err := debug.SetCrashOutput(os.Stdout, debug.CrashOptions{}); err != nil {
			slog.Warn("the log will not have the stack of a crash", "error", err)
		}
		cloudfunction.StartHandler(f)
	}

	startLog(os.Stderr)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	context.AfterFunc(ctx, stop)
	err := caught(ctx, func() error { return host(ctx) })
	if err != nil && !(ctx.Err() != nil && errors.Is(err, context.Canceled)) {
		stopped(err)
	}
}

// A way is how a function runs.
type way int

const (
	onHost   way = iota // an ordinary process
	onSCF               // called by SCF over TCP
	onSocket            // called in the same way by the program that started it
)

// started is the way of this process. Variables that an invocation brings do not
// change it.
var started = wayOf(os.Getenv)

// OnSCF tells whether SCF calls this process, or a program that stands in for SCF.
// Otherwise it is an ordinary process on a host.
func OnSCF() bool { return started != onHost }

// wayOf is the way that the variables choose. LISTEN_ADDR wins over the others.
func wayOf(getenv func(string) string) way {
	switch {
	case getenv("LISTEN_ADDR") != "":
		return onHost
	case getenv("VOD_RPC_SOCKET") != "":
		return onSocket
	case getenv("_LAMBDA_SERVER_PORT") != "":
		return onSCF
	}
	return onHost
}

func stopped(err error) {
	slog.Error("stopped", "error", err.Error())
	os.Exit(1)
}

// Timer is the event of a timer trigger (583/9708).
type Timer struct {
	Type        string // "Timer"
	TriggerName string
	Time        string // when it fired, RFC 3339; the documentation says: when the trigger was made
	Message     string // the trigger's argument, at most 4 KB
}

// OnTimer calls run at each timer event and returns its result as JSON. SCF
// writes the result to the log, so it must hold no secret. Any event starts the
// run, also a test event from the console or {}; the fields of Timer that it
// lacks are empty. A panic of run is logged with its stack and returned as an
// error.
func OnTimer(run func(context.Context, Timer) (any, error)) Func {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var t Timer
		_ = json.Unmarshal(event, &t) // any event starts the run

		var result any
		err := caught(ctx, func() (err error) {
			result, err = run(ctx, t)
			return err
		})
		if err != nil {
			return nil, err
		}
		return json.Marshal(result)
	}
}

// caught calls f and turns a panic into an error.
func caught(ctx context.Context, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			logPanic(ctx, v)
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return f()
}

// logPanic is called by the deferred function that recovered v, while the
// stack of the panic is still there.
func logPanic(ctx context.Context, v any) {
	slog.ErrorContext(ctx, "panic", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
}

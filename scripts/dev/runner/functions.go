// Package runner runs both functions on this machine as SCF does: as processes
// of their own that get one event at a time, under SCF's real protocol, with
// the times and the memory that serverless.yml gives them.
package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"vodevents/scripts/internal/serverless"
	"vodevents/shared/lease"
	"vodevents/shared/scf/local"
)

// The most instances of each function. Callbacks come side by side; pulls only
// when one outlasts the timer's step.
const (
	maxCallbacks = 8
	maxPulls     = 4
)

// Options say how the functions run and who is told what they do. The functions
// among them are called concurrently.
type Options struct {
	Environ   Environ                  // in which the functions are started
	Variables func() map[string]string // given with each event, as SCF gives them all
	Every     string                   // how often to fire pull: 10s, cron, off
	Programs  string                   // the folder of both programs; empty: they are built

	Event, Log func(function string, line []byte) // each line that a function writes: an event, or of its log
	Pulled     func(lease.Result)                 // the result of an invocation of pull
	Failed     func(function string, err error)   // an invocation ended without a result
}

// Functions are both functions with their instances, and the timer of pull.
type Functions struct {
	Timer *Timer

	opt            Options
	callback, pull *function
	built          string // a folder to remove
	closed         chan struct{}
}

// function is one of the two with its instances.
type function struct {
	name    string
	timeout time.Duration
	pool    *local.Pool
	busy    atomic.Int64 // invocations under way
}

// New makes both functions ready. Instances start with the first event. End
// them with Close.
func New(ctx context.Context, o Options) (_ *Functions, err error) {
	f := &Functions{opt: o, closed: make(chan struct{})}
	yml, err := deployment(o.Environ)
	if err != nil {
		return nil, err
	}
	if f.Timer, err = newTimer(o.Every, yml.Cron("pull")); err != nil {
		return nil, fmt.Errorf("-every: %w", err)
	}
	if o.Programs == "" {
		if f.built, err = os.MkdirTemp("", "vodevents-dev-"); err != nil {
			return nil, err
		}
		if err = Build(ctx, f.built); err != nil {
			os.RemoveAll(f.built)
			return nil, err
		}
		f.opt.Programs = f.built
	}
	f.callback = f.function("callback", maxCallbacks, yml)
	f.pull = f.function("pull", maxPulls, yml)
	return f, nil
}

// deployment reads from serverless.yml how the functions run.
func deployment(env Environ) (*serverless.File, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, "serverless.yml"))
	if err != nil {
		return nil, err
	}
	yml, err := serverless.Parse(text, serverless.Options{Getenv: env.Get})
	if err != nil {
		return nil, fmt.Errorf("serverless.yml: %w", err)
	}
	return yml, nil
}

func (f *Functions) function(name string, instances int, yml *serverless.File) *function {
	// The framework's defaults are 3 s and 128 MB.
	seconds := cmp.Or(yml.Inputs.Functions[name].Timeout, yml.Inputs.Timeout, 3)
	memory := cmp.Or(yml.Inputs.Functions[name].MemorySize, yml.Inputs.MemorySize, 128)
	return &function{
		name:    name,
		timeout: time.Duration(seconds) * time.Second,
		pool: local.NewPool(instances, func(ctx context.Context) (*local.Function, error) {
			return local.Start(ctx, filepath.Join(f.opt.Programs, program(name)), f.opt.Environ,
				local.WithMemory(memory),
				local.WithLines(
					func(line []byte) { f.opt.Event(name, line) },
					func(line []byte) { f.opt.Log(name, line) }))
		}),
	}
}

// Close ends all instances. Nothing is told after it.
func (f *Functions) Close() {
	close(f.closed)
	f.callback.pool.Close()
	f.pull.pool.Close()
	if f.built != "" {
		os.RemoveAll(f.built)
	}
}

// Busy is how many invocations are under way.
func (f *Functions) Busy() int { return int(f.callback.busy.Load() + f.pull.busy.Load()) }

func (f *Functions) invoke(ctx context.Context, fn *function, payload []byte) ([]byte, error) {
	fn.busy.Add(1)
	defer fn.busy.Add(-1)
	result, err := fn.pool.Invoke(ctx, payload, fn.timeout, f.opt.Variables())
	if err != nil {
		f.failed(fn, err)
	}
	return result, err
}

// failed tells of an invocation that gave an error instead of a result.
func (f *Functions) failed(fn *function, err error) {
	select {
	case <-f.closed: // it was stopped
		return
	default:
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // who called it has gone; the function has not failed
	}
	f.opt.Failed(fn.name, err)
}

// Request gives callback an HTTP request, whose body was read before.
func (f *Functions) Request(r *http.Request, body []byte) (*Answer, error) {
	result, err := f.invoke(r.Context(), f.callback, local.HTTPEvent(r, body))
	if err != nil {
		return nil, err
	}
	return parseAnswer(result)
}

// Check finds out whether the functions run and like their environment. url is
// the callback URL.
func (f *Functions) Check(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	a, err := f.Request(r, nil)
	switch {
	case err != nil:
		return fmt.Errorf("the function callback does not run: %w", err)
	case a.StatusCode != http.StatusOK:
		return fmt.Errorf("the function callback is not ready: %s", cmp.Or(a.ErrorText(), a.Body))
	}
	return nil
}

// Tick fires pull as the timer does, without waiting for its end.
func (f *Functions) Tick(ctx context.Context) {
	if f.pull.busy.Load() >= maxPulls { // SCF would have it wait for a minute (583/41138)
		return
	}
	go f.Fire(ctx)
}

// Fired is what an invocation of pull came to.
type Fired struct {
	TookMs float64         `json:"tookMs"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Fire invokes pull as the timer does and waits for its end.
func (f *Functions) Fire(ctx context.Context) Fired {
	began := time.Now()
	payload, err := f.invoke(ctx, f.pull, local.TimerEvent(began))
	fired := Fired{TookMs: float64(time.Since(began).Microseconds()) / 1000, Result: payload}
	if err != nil {
		fired.Error = err.Error()
		return fired
	}
	var result lease.Result
	if err := json.Unmarshal(payload, &result); err == nil {
		f.opt.Pulled(result)
	}
	return fired
}

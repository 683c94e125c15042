package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"vodevents/scripts/internal/serverless"
	"vodevents/shared/event"
	"vodevents/shared/lease"
	"vodevents/shared/scf/local"
)

// The most instances of each function. Callbacks come side by side; pulls only
// when one outlasts the timer's step.
const (
	maxCallbacks = 8
	maxPulls     = 4
)

// function is one of the two functions with its instances.
type function struct {
	timeout time.Duration
	pool    *local.Pool
	busy    atomic.Int64 // invocations under way
}

// prepare builds both functions and reads from serverless.yml how they run.
func (d *dev) prepare(ctx context.Context) error {
	root, err := repository()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "serverless.yml"))
	if err != nil {
		return err
	}
	yml, err := serverless.Parse(text, serverless.Options{Getenv: d.env.get})
	if err != nil {
		return fmt.Errorf("serverless.yml: %w", err)
	}
	if d.timer, err = newTimer(d.opt.every, yml.Cron("pull")); err != nil {
		return fmt.Errorf("-every: %w", err)
	}

	dir, err := os.MkdirTemp("", "vodevents-dev-")
	if err != nil {
		return err
	}
	d.onClose(func() { os.RemoveAll(dir) })
	// Linking takes seconds, and go build leaves out what it finds done: it is
	// given the functions of the last start. Without them it is only slower.
	last := filepath.Join(root, ".build", "dev")
	for _, name := range functionNames {
		copyProgram(dir, last, name)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./functions/callback", "./functions/pull")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")                         // as scripts/build does
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) } // it cleans up after itself
	build.WaitDelay = 2 * time.Second
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the functions: %w\n%s", err, out)
	}
	if os.MkdirAll(last, 0o777) == nil {
		for _, name := range functionNames {
			copyProgram(last, dir, name)
		}
	}
	d.callback = d.function(dir, "callback", maxCallbacks, yml)
	d.pull = d.function(dir, "pull", maxPulls, yml)
	return nil
}

var functionNames = []string{"callback", "pull"}

// copyProgram copies a program from one folder to another, whole or not at all,
// for another dev may be at it too.
func copyProgram(to, from, name string) {
	program, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return
	}
	f, err := os.CreateTemp(to, name+"-")
	if err != nil {
		return
	}
	defer os.Remove(f.Name()) // unless it has its name
	_, err = f.Write(program)
	if err = cmp.Or(err, f.Chmod(0o755), f.Close()); err == nil {
		os.Rename(f.Name(), filepath.Join(to, name))
	}
}

// repository finds the top folder of the repository, from the working
// directory upwards.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "functions", "pull", "main.go")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no functions/pull here or above: run dev inside the repository")
		}
		dir = parent
	}
}

func (d *dev) function(dir, name string, instances int, yml *serverless.File) *function {
	// The framework's defaults are 3 s and 128 MB.
	seconds := cmp.Or(yml.Inputs.Functions[name].Timeout, yml.Inputs.Timeout, 3)
	memory := cmp.Or(yml.Inputs.Functions[name].MemorySize, yml.Inputs.MemorySize, 128)
	f := &function{timeout: time.Duration(seconds) * time.Second}
	f.pool = local.NewPool(instances, func(ctx context.Context) (*local.Function, error) {
		return local.Start(ctx, filepath.Join(dir, name), d.fenv,
			local.WithMemory(memory),
			local.WithLines(
				func(line []byte) { d.cameOut(name, line) },
				func(line []byte) { d.logged(parseLog(name, line, time.Now())) }))
	})
	d.onClose(f.pool.Close)
	return f
}

// variables are those that the functions get with each event, as SCF gives them
// all: what these say is not known when a function is started.
func (d *dev) variables() map[string]string {
	v := map[string]string{"SINK": d.env.sink(), "CALLBACK_SIGN_KEY": strings.Join(d.signKeys(), ",")}
	if d.standIn != nil {
		v["SINK"] += " " + d.sink.url
	}
	return v
}

// signKeys are those that callback takes; none: it does not check.
func (d *dev) signKeys() []string {
	if d.standIn == nil {
		return d.env.signKeys()
	}
	return d.standIn.signKeys()
}

func (d *dev) invoke(ctx context.Context, f *function, payload []byte) ([]byte, error) {
	f.busy.Add(1)
	defer f.busy.Add(-1)
	return f.pool.Invoke(ctx, payload, f.timeout, d.variables())
}

// request gives callback an HTTP request.
func (d *dev) request(r *http.Request, body []byte) (*answer, error) {
	payload, err := httpEvent(r, body)
	if err != nil {
		return nil, err
	}
	result, err := d.invoke(r.Context(), d.callback, payload)
	if err != nil {
		d.failed("callback", err)
		return nil, err
	}
	return parseAnswer(result)
}

// check finds out whether the functions run and like their environment.
func (d *dev) check(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/callback", nil)
	if err != nil {
		return err
	}
	a, err := d.request(r, nil)
	switch {
	case err != nil:
		return fmt.Errorf("the function callback does not run: %w", err)
	case a.StatusCode != http.StatusOK:
		return fmt.Errorf("the function callback is not ready: %s", cmp.Or(a.err(), a.Body))
	}
	return nil
}

// tick is one firing of the timer.
func (d *dev) tick(ctx context.Context) {
	if d.pull.busy.Load() >= maxPulls { // SCF would have it wait for a minute (583/41138)
		return
	}
	go d.fire(ctx)
}

// fired is what an invocation of pull came to.
type fired struct {
	TookMs float64         `json:"tookMs"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// fire invokes pull as the timer does.
func (d *dev) fire(ctx context.Context) fired {
	began := time.Now()
	payload, err := d.invoke(ctx, d.pull, timerEvent(began))
	f := fired{TookMs: millis(time.Since(began)), Result: payload}
	if err != nil {
		f.Error = err.Error()
		d.failed("pull", err)
		return f
	}
	var result lease.Result
	if err := json.Unmarshal(payload, &result); err == nil {
		d.store.pulled(result.Polls, result.Duplicates)
	}
	return f
}

// failed takes note of an invocation that gave an error instead of a result.
func (d *dev) failed(name string, err error) {
	select {
	case <-d.done: // it was stopped
		return
	default:
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // who called it has gone; the function has not failed
	}
	d.logged(&logLine{Time: stamp(time.Now()), Level: "ERROR", Function: "dev", Message: "the function " + name + " failed: " + err.Error()})
}

// cameOut takes an event that a function wrote.
func (d *dev) cameOut(name string, line []byte) {
	at := time.Now()
	e, err := event.ParseCloudEvent(line)
	if err != nil {
		d.logged(&logLine{Time: stamp(at), Level: "WARN", Function: name, Message: "printed what is no event: " + string(line)})
		return
	}
	d.inbox.put(func() {
		d.store.out(e, line, at, d.variables()["SINK"] == "stdout:")
		if d.outs++; d.opt.n > 0 && d.outs > d.opt.n {
			return
		}
		d.terminal.event(e, at)
		if d.outs == d.opt.n {
			close(d.enough)
		}
	})
}

// sunk takes note of an event that dev's own sink answered.
func (d *dev) sunk(e *event.Event, status int) {
	at := time.Now()
	d.inbox.put(func() { d.store.sunk(e, status, at) })
}

func (d *dev) logged(l *logLine) {
	d.inbox.put(func() {
		d.store.log(l)
		d.terminal.log(l)
	})
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/letters"
	"vodevents/scripts/dev/page"
	"vodevents/scripts/dev/runner"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/config"
	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/lease"
	"vodevents/shared/sink"
	"vodevents/shared/vodfake"
)

// dev is the running program: its rooms, wired.
type dev struct {
	opt  options
	env  runner.Environ // the user's
	fenv runner.Environ // in which the functions are started
	keys credentials.Credentials

	journal   *journal.Journal
	terminal  *terminal
	functions *runner.Functions
	standIn   *standin.StandIn // nil with -real
	sink      *standin.Sink

	desk          api.Desk        // for dead letters
	deadLetters   *letters.Memory // that are dev's own; nil: DEAD_LETTER is set, or nobody parks there
	deadLetterURL string          // where the functions reach them
	outlets       sink.Outlets    // of what is delivered again

	done    chan struct{} // closed at the end
	closers []func()
}

// addresses are what dev listens on.
type addresses struct {
	pages, calls, sink net.Listener // calls: nil with -real
	base, vod          string       // URLs; vod: empty with -real
}

// start starts everything and prints what to try. ctx bounds the start only.
func start(ctx context.Context, o options, env runner.Environ, stdout, stderr io.Writer) (_ *dev, err error) {
	began := time.Now()
	d := &dev{opt: o, env: env, done: make(chan struct{})}
	d.terminal = &terminal{stdout: stdout, stderr: stderr, most: o.n, enough: make(chan struct{})}
	d.journal = journal.New(d.done)
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	d.keys = credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}
	if o.real {
		if d.keys, err = credentials.Find(env.Get, false); err != nil {
			return nil, fmt.Errorf("-real needs your keys: %w", err)
		}
	}
	at, err := d.listenAll()
	if err != nil {
		return nil, err
	}
	if err := d.wire(ctx, at); err != nil {
		return nil, err
	}
	if err := d.functions.Check(ctx, at.base+"/callback"); err != nil {
		return nil, err
	}
	d.hello(at, time.Since(began))

	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.onClose(cancel)
	go d.functions.Timer.Run(ctx, func() { d.functions.Tick(ctx) })
	go d.seconds(ctx)
	if every, _ := d.functions.Timer.State(); every != runner.Off && every != runner.Cron {
		d.functions.Tick(ctx)
	}
	return d, nil
}

// wire makes the rooms and gives each the rooms that it needs.
func (d *dev) wire(ctx context.Context, at addresses) (err error) {
	go d.journal.Run()
	d.fenv = d.env.ForFunctions(at.vod, d.keys)
	cfg, err := config.Read(append(slices.Clone(d.fenv), "SINK="+d.env.Sink()).Get, config.Both)
	if err != nil {
		return err
	}
	d.functions, err = runner.New(ctx, runner.Options{
		Environ: d.fenv, Variables: d.variables, Every: d.opt.every, Programs: d.opt.programs,
		Event: d.cameOut, Log: d.logged,
		Pulled: func(r lease.Result) { d.journal.Pulled(r.Polls, r.Duplicates, r.Unwanted) },
		Failed: func(function string, err error) {
			d.log(journal.NewLog("dev", "ERROR", "the function "+function+" failed: "+err.Error(), time.Now()))
		},
	})
	if err != nil {
		return err
	}
	d.onClose(d.functions.Close)

	d.sink = &standin.Sink{URL: "http://" + at.sink.Addr().String() + "/", Answered: func(e *event.Event, status int) {
		d.journal.Sunk(d.byVODsClock(e), status, time.Now())
	}}
	if err := d.openLetters(at); err != nil {
		return err
	}
	d.serve(at.sink, d.ownSinks())
	if !d.opt.real {
		d.standIn = standin.New(standin.Options{
			SubAppIds: cfg.SubAppIds, Callback: at.base + "/callback", SignKeys: d.env.SignKeys(), Alternatives: d.opt.alternatives,
			Journal: d.journal, Request: d.functions.Request, Done: d.done,
		})
		d.serve(at.calls, api.OwnHost(api.Hosts(d.opt.api, at.calls), d.standIn))
		d.onClose(d.standIn.Close) // before its server, which waits for held polls
	}
	d.serve(at.pages, d.routes(at))
	return nil
}

// routes returns everything that is served on -addr.
func (d *dev) routes(at addresses) http.Handler {
	calls := api.New(api.Options{
		Base: at.base, VOD: at.vod, StandIn: d.standIn, Sink: d.sink, Journal: d.journal, Functions: d.functions,
		Environ: d.fenv, SignKeys: d.signKeys, Variables: d.variables, Letters: d.desk, Done: d.done,
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", calls)
	mux.Handle("/callback", calls)
	mux.Handle("/callback/", calls)
	if !d.opt.headless {
		mux.Handle("/", api.OnlyReads(page.Handler()))
	}
	own := api.Hosts(d.opt.addr, at.pages)
	return api.OwnHost(own, api.OwnOrigin(own, mux))
}

// variables are those that the functions get with each event, as SCF gives them
// all: their values are not known when a function is started.
func (d *dev) variables() map[string]string {
	v := map[string]string{"SINK": d.env.Sink(), "CALLBACK_SIGN_KEY": strings.Join(d.signKeys(), ",")}
	if d.standIn != nil {
		v["SINK"] += " " + sink.WithTypes(d.sink.URL, d.env.Types())
	}
	if d.deadLetters != nil {
		v["DEAD_LETTER"] = d.deadLetterURL
	}
	return v
}

// signKeys are those that callback takes; none: it does not check.
func (d *dev) signKeys() []string {
	if d.standIn == nil {
		return d.env.SignKeys()
	}
	return d.standIn.SignKeys()
}

// cameOut takes an event that a function wrote.
func (d *dev) cameOut(function string, line []byte) {
	at := time.Now()
	e, err := event.ParseCloudEvent(line)
	if err != nil {
		d.log(journal.NewLog(function, "WARN", "printed what is no event: "+string(line), at))
		return
	}
	d.journal.CameOut(d.byVODsClock(e), line, at, len(strings.Fields(d.variables()["SINK"])) == 1)
	d.terminal.event(e, at)
}

// byVODsClock moves the time at which an event was received as the stand-in's clock
// was moved, since the times in it go by that clock.
func (d *dev) byVODsClock(e *event.Event) *event.Event {
	if d.standIn != nil {
		e.Received = e.Received.Add(d.standIn.Ahead())
	}
	return e
}

// logged takes a line of a function's log.
func (d *dev) logged(function string, line []byte) {
	d.log(journal.ParseLog(function, line, time.Now()))
}

func (d *dev) log(l *journal.Log) {
	d.terminal.log(l)
	d.journal.Logged(l)
}

// onClose makes close call fn, before the functions that were given earlier.
func (d *dev) onClose(fn func()) { d.closers = append(d.closers, fn) }

// close stops everything. Nothing is left behind, and nothing more is printed.
func (d *dev) close() {
	close(d.done)
	for _, fn := range slices.Backward(d.closers) {
		fn()
	}
}

// wait waits for the end: of ctx, or of -n events and what belongs to them.
func (d *dev) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-d.terminal.enough:
	}
	if d.functions.Timer.Set(runner.Off) != nil {
		return
	}
	// An invocation of pull goes on polling for 5 s, but what it delivered is
	// confirmed long before; of the real VOD that cannot be seen.
	d.journal.Sync()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(3 * time.Second)
	for d.functions.Busy() > 0 && (d.standIn == nil || d.journal.Unsettled() > 0) {
		select {
		case <-again.C:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// listenAll opens the ports.
func (d *dev) listenAll() (at addresses, err error) {
	if at.pages, err = d.listen("addr", d.opt.addr); err != nil {
		return at, err
	}
	at.base = api.BaseURL(d.opt.addr, at.pages)
	if !d.opt.real {
		if at.calls, err = d.listen("api", d.opt.api); err != nil {
			return at, err
		}
		at.vod = api.BaseURL(d.opt.api, at.calls)
	}
	at.sink, err = d.listen("", "127.0.0.1:0")
	return at, err
}

// listen opens a port. flag is the one that names it.
func (d *dev) listen(flag, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken, perhaps by another dev: stop that, or choose another address with -%s 127.0.0.1:PORT", addr, flag)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with -%s 127.0.0.1:PORT", addr, err, flag)
	}
	d.onClose(func() { l.Close() })
	return l, nil
}

// serve serves h on l until close.
func (d *dev) serve(l net.Listener, h http.Handler) {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // of clients that went away
	}
	go s.Serve(l)
	d.onClose(func() {
		// What was answered a moment ago may still be on its way.
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if s.Shutdown(ctx) != nil {
			s.Close()
		}
	})
}

// seconds closes each second of the figures.
func (d *dev) seconds(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			waiting, leased := 0, 0
			if d.standIn != nil {
				waiting, leased = d.standIn.Backlog()
				if d.standIn.ConfigChanged() {
					d.journal.Touch()
				}
			}
			d.journal.Second(now, waiting, leased)
		}
	}
}

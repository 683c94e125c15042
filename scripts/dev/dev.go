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
	"sync/atomic"
	"syscall"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// dev is the running program.
type dev struct {
	opt  options
	base string  // http://127.0.0.1:8080
	api  string  // http://127.0.0.1:8081; empty with -real
	env  environ // the user's
	fenv environ // that in which the functions are started

	standIn  *standIn // nil with -real
	store    *store
	inbox    *inbox
	terminal terminal
	sink     *badSink
	timer    *timer

	callback, pull *function

	posted  atomic.Int64  // callbacks that did not come from the stand-in
	outs    int           // events that came out; the inbox's
	enough  chan struct{} // closed when -n of them did
	done    chan struct{} // closed at the end
	closers []func()
}

// start starts everything and prints what to try. ctx bounds the start only.
func start(ctx context.Context, o options, env environ, stdout, stderr io.Writer) (_ *dev, err error) {
	began := time.Now()
	d := &dev{
		opt:      o,
		env:      env,
		store:    newStore(),
		inbox:    newInbox(),
		terminal: terminal{stdout: stdout, stderr: stderr},
		enough:   make(chan struct{}),
		done:     make(chan struct{}),
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()

	keys := vod.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}
	if o.real {
		if keys, err = vod.FindCredentials(env.get, false); err != nil {
			return nil, fmt.Errorf("-real needs your keys: %w", err)
		}
	}
	pages, err := d.listen("addr", o.addr)
	if err != nil {
		return nil, err
	}
	d.base = baseURL(o.addr, pages)
	var calls net.Listener
	if !o.real {
		if calls, err = d.listen("api", o.api); err != nil {
			return nil, err
		}
		d.api = baseURL(o.api, calls)
	}
	sink, err := d.listen("", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}

	d.fenv = env.forFunctions(d.api, keys)
	cfg, err := config.Read(append(slices.Clone(d.fenv), "SINK="+env.sink()).get, config.Both)
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.inbox.run(d.done)
	}()
	d.onClose(func() { <-ended }) // nothing is printed any more
	d.sink = newBadSink(sink, d.sunk)
	d.serve(sink, d.sink)
	if !o.real {
		d.standIn = newStandIn(d, cfg.SubAppIds)
		d.serve(calls, ownHost(hosts(o.api, calls), d.standIn.fake))
		d.onClose(d.standIn.fake.Close) // before its server, which waits for held polls
	}
	d.serve(pages, d.routes(hosts(o.addr, pages)))
	if err := d.check(ctx); err != nil {
		return nil, err
	}
	d.hello(time.Since(began))

	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.onClose(cancel)
	go d.timer.run(ctx, func() { d.tick(ctx) })
	go d.seconds(ctx)
	if every, _ := d.timer.state(); every != everyOff && every != everyCron {
		d.tick(ctx)
	}
	return d, nil
}

// onClose has fn called by close, before those that were given earlier.
func (d *dev) onClose(fn func()) { d.closers = append(d.closers, fn) }

// close stops everything; nothing is left behind.
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
	case <-d.enough:
	}
	if d.timer.set(everyOff) != nil {
		return
	}
	// An invocation of pull goes on polling for 5 s, but what it delivered is
	// confirmed long before; of the real VOD that cannot be seen.
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(3 * time.Second)
	for d.callback.busy.Load()+d.pull.busy.Load() > 0 && (d.standIn == nil || d.store.unsettled() > 0) {
		select {
		case <-again.C:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// listen opens a port. flag is that which names it.
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
				waiting, leased = d.standIn.backlog()
				if d.standIn.configChanged() {
					d.store.touchState()
				}
			}
			d.store.second(now, waiting, leased)
		}
	}
}

// hello prints what to try next.
func (d *dev) hello(took time.Duration) {
	w := d.terminal.stdout
	fmt.Fprintf(w, "Ready in %.1f s; Ctrl-C stops it all.\n\n", took.Seconds())
	if !d.opt.headless {
		fmt.Fprintf(w, "  page      %s/\n", d.base)
	}
	fmt.Fprintf(w, "  callback  %s/callback\n", d.base)
	if d.standIn != nil {
		fmt.Fprintf(w, "  VOD API   %s/\n", d.api)
	} else {
		fmt.Fprintf(w, "  VOD API   the real one: events are confirmed, and thus gone from the queue\n")
	}
	switch every, _ := d.timer.state(); every {
	case everyOff:
		fmt.Fprintf(w, "  pull      fired by you alone\n")
	case everyCron:
		fmt.Fprintf(w, "  pull      fired by the timer of serverless.yml, %s\n", d.timer.expression)
	default:
		fmt.Fprintf(w, "  pull      fired every %s\n", every)
	}
	fmt.Fprintf(w, "\nSend a callback, as VOD does in normal mode:\n\n  curl -d '%s' %s/callback\n", sample, d.base)
	if d.standIn != nil {
		fmt.Fprintf(w, "\nPut an event into VOD's queue, from which pull takes and confirms it:\n\n"+
			"  curl -H 'Content-Type: application/json' -d '{}' '%s/api/events?mode=reliable&kind=ProcedureStateChanged'\n", d.base)
	}
	fmt.Fprintf(w, "\nEvents as they come out of the functions:\n\n")
}

const sample = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167"}}`

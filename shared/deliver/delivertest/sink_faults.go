package delivertest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

func testPartialFailure(t *testing.T, p Place) {
	if p.Refused == nil {
		t.Skip("this sink refuses no event")
	}
	s := open(t, p)
	good := Events(t, 4)
	bad := p.Refused(t)
	for _, at := range []int{0, 2, 4} {
		batch := append(append(append([]*event.Event{}, good[:at]...), bad), good[at:]...)
		errs := s.Send(t.Context(), batch)
		if len(errs) != len(batch) {
			t.Fatalf("got %d errors for %d events", len(errs), len(batch))
		}
		for i, err := range errs {
			switch {
			case i != at && err != nil:
				t.Errorf("refused event at %d: event %d failed with it: %v", at, i, err)
			case i == at && err == nil:
				t.Errorf("refused event at %d was taken", at)
			case i == at && !deliver.IsPermanent(err):
				t.Errorf("refused event at %d: want a permanent error, got %v", at, err)
			case i == at && errors.Is(err, deliver.ErrUnavailable):
				t.Errorf("refused event at %d: it is not the sink's fault: %v", at, err)
			}
		}
		holds(t, p, good)
		good = append(good, Events(t, 4)...)[4:]
	}
	for _, r := range received(t, p) {
		if r.ID == bad.ID {
			t.Error("the refused event is in the sink's place")
		}
	}
}

func testCanceled(t *testing.T, p Place) {
	s := open(t, p)
	events := Events(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	unavailable(t, "canceled context, first use", s.Send(ctx, events), len(events))
	send(t, s, events)
	before := runtime.NumGoroutine() + connections(events)
	for range 20 {
		unavailable(t, "canceled context", s.Send(ctx, events), len(events))
	}
	nothingLeft(t, before)
	send(t, s, events)
	holds(t, p, events)
}

func testHanging(t *testing.T, p Place) {
	if p.Hang == nil {
		t.Skip("this sink has nothing that hangs")
	}
	s := open(t, p)
	send(t, s, Events(t, 3))
	events := Events(t, 3)
	before := runtime.NumGoroutine() + connections(events)
	release := sync.OnceFunc(p.Hang(t))
	defer release()

	const timeout = 50 * time.Millisecond
	for range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		errs := sendToItsEnd(ctx, t, s, events)
		cancel()
		unavailable(t, "server hangs", errs, len(events))
	}
	nothingLeft(t, before)
	release()
	send(t, s, events)
	holds(t, p, events)
}

// connections is how many goroutines a sink's idle connections may have in
// this process: two each, and one of a server's. A call that leaves a single
// one behind is found out by being repeated more often.
func connections(events []*event.Event) int { return 3 * len(events) }

func testGoneAndBack(t *testing.T, p Place) {
	if p.Stop == nil {
		t.Skip("this sink has no server")
	}
	events := Events(t, 9)
	p.Stop(t)
	s := open(t, p) // a server that is down is no reason not to start
	try := func(what string, events []*event.Event) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), firstTry)
		defer cancel()
		unavailable(t, what, s.Send(ctx, events), len(events))
	}
	try("never there", events[:3])
	p.Start(t)
	recovers(t, s, events[:3])

	p.Stop(t)
	try("gone", events[3:6])
	try("still gone", events[3:6])
	p.Start(t)
	recovers(t, s, events[3:6])

	p.Stop(t) // nobody sends while it is away, so the sink's connections are stale
	p.Start(t)
	recovers(t, s, events[6:])
	holds(t, p, events)
}

// sendToItsEnd sends a batch under a context that ends. Send must end soon after it.
func sendToItsEnd(ctx context.Context, t *testing.T, s deliver.Sink, events []*event.Event) []error {
	t.Helper()
	sent := make(chan []error, 1)
	go func() { sent <- s.Send(ctx, events) }()
	<-ctx.Done()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for range leftTicks {
		select {
		case errs := <-sent:
			return errs
		case <-ticks.C:
		}
	}
	t.Error("Send outlives its context")
	return <-sent
}

// A try at a server that is back has firstTry. Each try after one that failed has twice
// as long as that one, so that it is enough on any machine in the end.
const (
	firstTry = 2 * time.Second
	tries    = 10
)

// recovers wants the events to be taken now that the server is back. A few
// tries may be lost on connections that turn out stale.
func recovers(t *testing.T, s deliver.Sink, events []*event.Event) {
	t.Helper()
	for n := range tries {
		ctx, cancel := context.WithTimeout(t.Context(), firstTry<<n)
		errs := s.Send(ctx, events)
		cancel()
		if errors.Join(errs...) == nil {
			return
		}
		for _, err := range errs {
			if err != nil && (!errors.Is(err, deliver.ErrUnavailable) || deliver.IsPermanent(err)) {
				t.Errorf("server is back: got error %v, want one that is deliver.ErrUnavailable", err)
			}
		}
		<-time.After(20 * time.Millisecond << n) // Send tries once, the pause is its caller's
	}
	t.Error("the sink did not recover although its server is back")
}

func testRestartUnderLoad(t *testing.T, p Place) {
	if p.Stop == nil {
		t.Skip("this sink has no server")
	}
	s := open(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()

	const workers = 4
	var (
		back         atomic.Bool
		all          sync.WaitGroup
		warm, failed sync.WaitGroup // each worker's first batch, each worker's first failure
		mu           sync.Mutex
		sent         []*event.Event
	)
	warm.Add(workers)
	failed.Add(workers)
	for range workers {
		isWarm, isFailed := sync.OnceFunc(warm.Done), sync.OnceFunc(failed.Done)
		all.Go(func() {
			defer isWarm()
			defer isFailed()
			for last := false; !last; isWarm() {
				last = back.Load()
				batch := Events(t, 16)
				mu.Lock()
				sent = append(sent, batch...)
				mu.Unlock()
				sendUntilTaken(ctx, t, s, batch, isFailed)
			}
		})
	}
	warm.Wait()
	p.Stop(t)
	failed.Wait()
	p.Start(t)
	back.Store(true)
	all.Wait()
	if ctx.Err() != nil {
		t.Fatalf("the sink did not come back within %v", enough)
	}
	holds(t, p, sent)
}

// sendUntilTaken sends a batch, and again what of it fails, until the sink has
// taken all of it or ctx ends. It calls failed after each try that failed.
func sendUntilTaken(ctx context.Context, t *testing.T, s deliver.Sink, batch []*event.Event, failed func()) {
	for n := 0; len(batch) > 0 && ctx.Err() == nil; n++ {
		try, done := context.WithTimeout(ctx, firstTry<<min(n, tries))
		errs := s.Send(try, batch)
		done()
		var left []*event.Event
		for i, err := range errs {
			if err == nil {
				continue
			}
			if !errors.Is(err, deliver.ErrUnavailable) || deliver.IsPermanent(err) {
				t.Errorf("a restart of the server looks like the event's fault: %v", err)
			}
			left = append(left, batch[i])
		}
		if batch = left; len(left) > 0 {
			failed()
			<-time.After(20 * time.Millisecond)
		}
	}
}

func unavailable(t *testing.T, what string, errs []error, n int) {
	t.Helper()
	if len(errs) != n {
		t.Fatalf("%s: got %d errors for %d events", what, len(errs), n)
	}
	for i, err := range errs {
		if !errors.Is(err, deliver.ErrUnavailable) || deliver.IsPermanent(err) {
			t.Errorf("%s: event %d: got error %v, want one that is deliver.ErrUnavailable and not permanent", what, i, err)
		}
	}
}

// nothingLeft waits for goroutines to end, as those of connections do shortly
// after their call.
func nothingLeft(t *testing.T, before int) {
	t.Helper()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for range leftTicks {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-ticks.C
	}
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	t.Errorf("%d goroutines, %d before: something was left running\n%s", runtime.NumGoroutine(), before, stacks)
}

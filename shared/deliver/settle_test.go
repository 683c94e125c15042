package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// A replay that fails leaves the event parked, so that a pull does not take it
// for a new one.
func TestAReplayThatFailsLeavesTheEventParked(t *testing.T) {
	captureLog(t)
	store, dead := NewMemory(), &script{}
	pull := &Pipeline{Store: store, DeadLetter: dead, Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) }}
	if got := fate(t, pull, t.Context(), upload(0)); got != Parked {
		t.Fatal(got)
	}
	replay := &Pipeline{Way: Replayed, Store: store, DeadLetter: dead, Sinks: []Sink{&script{fail: func(int, *event.Event) error { return errOwn }}}}
	if got := replay.Deliver(t.Context(), uploads(1))[0]; got.Fate != Left || !errors.Is(got.Cause, errOwn) {
		t.Errorf("got %+v", got)
	}
	pull.Handler = nil
	if got := fate(t, pull, t.Context(), upload(0)); got != Parked || len(dead.all) != 1 {
		t.Errorf("pulled again: %v, %d dead letters", got, len(dead.all))
	}
}

// slowSettle takes claims at once but hangs when it is told how they ended.
type slowSettle struct{ Off }

func (*slowSettle) Settle(ctx context.Context, _ string, _ []Outcome) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAStoreThatHangsAtTheEndBlocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p := &Pipeline{Sinks: []Sink{&script{}}, Store: &slowSettle{}}
		start := time.Now()
		if got := fate(t, p, ctx, upload(0)); got != Delivered || time.Since(start) > 3*time.Second {
			t.Errorf("got %v after %v: VOD sends a callback again after 5 s", got, time.Since(start))
		}
	})
}

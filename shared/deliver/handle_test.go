package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// A handler is called again for a callback, which nobody else brings again, but
// not once it has said that no try will help.
func TestTheHandlerIsCalledAgainForACallback(t *testing.T) {
	for name, tt := range map[string]struct {
		way  Way
		err  error
		most int
	}{
		"pulled":           {Pulled, errOwn, 1},
		"pulled, for good": {Pulled, Permanent(errOwn), 1},
		"pushed":           {Pushed, errOwn, 100},
		"pushed, for good": {Pushed, Permanent(errOwn), 1},
		"replayed":         {Replayed, errOwn, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				calls := 0
				p := &Pipeline{Way: tt.way, Store: NewMemory(), MaxAttempts: 5,
					Handler: func(context.Context, *event.Event) error { calls++; return tt.err }}
				p.Deliver(ctx, uploads(1))
				if calls > tt.most || calls < min(tt.most, 5) {
					t.Errorf("%d calls", calls)
				}
			})
		})
	}
}

// The user's code has no say in what VOD is told: whatever it returns, the event
// is delivered by the sinks alone.
func TestTheHandlerHasNoSayInTheFate(t *testing.T) {
	captureLog(t)
	for _, err := range []error{errClaimed, errParked, Unavailable(errOwn, 0), context.Canceled} {
		p := &Pipeline{Store: NewMemory(), Handler: func(context.Context, *event.Event) error { return err }}
		if got := p.Deliver(t.Context(), uploads(1))[0]; got.Fate != Left || got.Down {
			t.Errorf("handler returned %v, delivery %+v", err, got)
		}
		p.Handler = func(context.Context, *event.Event) error { return Permanent(err) }
		p.DeadLetter = &script{}
		if got := p.Deliver(t.Context(), uploads(1))[0]; got.Fate != Parked || len(p.DeadLetter.(*script).all) != 1 {
			t.Errorf("handler returned %v for good, delivery %+v", err, got)
		}
	}
}

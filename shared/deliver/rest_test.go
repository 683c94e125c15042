package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// busy is a sink that answers 429 and wants to be left alone for asked, until it
// is back.
func busy(asked time.Duration, back time.Time) *script {
	return &script{fail: func(int, *event.Event) error {
		if time.Now().Before(back) {
			return Answered(429, errors.New("answers 429"), asked)
		}
		return nil
	}}
}

// In pull nobody sends to a sink before the time that it asked for is over, in
// whatever batch.
func TestASinkIsLeftAloneAcrossBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		start := time.Now()
		s := busy(30*time.Second, start.Add(time.Hour))
		p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory(), MaxAttempts: 5}
		for i := range 55 { // from then on a lease waits for the rest of the minute
			got := p.Deliver(t.Context(), []*event.Event{upload(i)})[0]
			if got.Fate != Left || !got.Down || got.After <= 0 || got.After > 30*time.Second {
				t.Errorf("got %+v", got)
			}
			time.Sleep(time.Until(start.Add(time.Duration(i+1) * time.Second))) // of the bubble
		}
		if s.sends != 2 {
			t.Errorf("it was asked %d times in 55 s, want 2", s.sends)
		}
	})
}

// What a sink asks for and a lease has room for is waited for.
func TestAPullWaitsForAMomentThatASinkAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		start := time.Now()
		s := busy(3*time.Second, start.Add(time.Second))
		p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory(), MaxAttempts: 5}
		if got := fate(t, p, t.Context(), upload(0)); got != Delivered || s.sends != 2 || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %d sends and %v", got, s.sends, time.Since(start))
		}
	})
}

// A callback is nobody else's: it waits for 2 s at most, however long the sink
// wants to be left alone, and tries once more near its end.
func TestACallbackCapsWhatASinkAsksFor(t *testing.T) {
	for _, asked := range []time.Duration{20 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			start := time.Now()
			s := busy(asked, start.Add(300*time.Millisecond))
			p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: NewMemory()}
			if got := fate(t, p, ctx, upload(0)); got != Delivered || time.Since(start) > 2*time.Second {
				t.Errorf("%v after %v: VOD waits 5 s", got, time.Since(start))
			}
		})
	}
}

func TestACallbackTriesABusySinkNearItsEnd(t *testing.T) {
	for _, timeout := range []time.Duration{2 * time.Second, 3 * time.Second, 15 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			work := newBudget(ctx, Pushed).work
			s := busy(time.Hour, work.Add(-time.Second))
			p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: NewMemory()}
			if got := fate(t, p, ctx, upload(0)); got != Delivered {
				t.Errorf("%v: %v after %d sends", timeout, got, s.sends)
			}
			if most := int(timeout/mostAsked) + 2; s.sends > most {
				t.Errorf("%v: %d sends, want at most %d", timeout, s.sends, most)
			}
		})
	}
}

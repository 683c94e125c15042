package deliver

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// A sink is asked again for what it may take later, and for nothing else.
func TestRetries(t *testing.T) {
	down := Unavailable(errors.New("connection refused"), 0)
	tests := map[string]struct {
		way   Way
		first []error // of the first send, one for each event
		took  []string
		sends int
	}{
		"pulled, one is not taken for now": {Pulled, []error{nil, down, nil}, []string{"0", "2", "1"}, 2},
		"pulled, one is refused":           {Pulled, []error{nil, errOwn, nil}, []string{"0", "2"}, 1},
		"pulled, one is refused for ever":  {Pulled, []error{nil, Permanent(errOwn), down}, []string{"0", "2"}, 2},
		"pulled, the sink was too slow":    {Pulled, []error{context.DeadlineExceeded, nil, nil}, []string{"1", "2", "0"}, 2},
		"pushed, one is refused":           {Pushed, []error{nil, errOwn, nil}, []string{"0", "2", "1"}, 2},
		"pushed, one is refused for ever":  {Pushed, []error{nil, Permanent(errOwn), nil}, []string{"0", "2"}, 1},
		"pushed, the last one goes on":     {Pushed, []error{nil, nil, down}, []string{"0", "1", "2"}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				events := uploads(3)
				s := &script{fail: func(send int, e *event.Event) error {
					if send > 1 {
						return nil
					}
					return tt.first[slices.IndexFunc(events, func(o *event.Event) bool { return o == e })]
				}}
				p := &Pipeline{Way: tt.way, Sinks: []Sink{s}, Store: NewMemory(), MaxAttempts: 5}
				p.Deliver(ctx, events)
				var took []string
				for _, e := range s.all {
					took = append(took, e.Subject)
				}
				if !slices.Equal(took, tt.took) || s.sends != tt.sends {
					t.Errorf("took %v in %d sends, want %v in %d", took, s.sends, tt.took, tt.sends)
				}
			})
		})
	}
}

// A handler is called again for a callback, which nobody else brings again, but
// not once it has said that no try will help.
func TestHandlerCalls(t *testing.T) {
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
func TestHandlerSpeaksForItself(t *testing.T) {
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

// A callback's event is tried until its time is nearly over: what comes back in
// the last moments still gets it.
func TestLastMoments(t *testing.T) {
	for _, timeout := range []time.Duration{3 * time.Second, 12 * time.Second, time.Minute} {
		for range 20 { // pauses are random
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				start := time.Now()
				lasts := func(part float64) error {
					if time.Since(start).Seconds() < part*timeout.Seconds() {
						return Unavailable(errors.New("down"), 0)
					}
					return nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				p := &Pipeline{
					Way: Pushed, Store: NewMemory(), Sinks: []Sink{&script{fail: func(int, *event.Event) error { return lasts(0.8) }}},
					Handler: func(context.Context, *event.Event) error { return lasts(0.6) },
				}
				if got := fate(t, p, ctx, upload(0)); got != Delivered {
					t.Errorf("%v: %v after %v", timeout, got, time.Since(start))
				}
			})
		}
	}
}

// Of several sinks the worst answer decides, whichever comes first.
func TestWorstSinkDecides(t *testing.T) {
	down, never := Unavailable(errors.New("down"), 0), Permanent(errors.New("never"))
	for name, tt := range map[string]struct {
		a, b error
		want Fate
		err  error
		own  int // attempts
		down bool
	}{
		"one has it, one is down":     {nil, down, Left, ErrUnavailable, 0, true},
		"one has it, one refuses":     {nil, errOwn, Left, errOwn, 1, false},
		"one is down, one refuses":    {down, errOwn, Left, errOwn, 1, true},
		"one is down, one never will": {down, never, Parked, never, 1, true},
		"one refuses, one never will": {errOwn, never, Parked, never, 1, false},
		"one has it, one never will":  {nil, never, Parked, never, 1, false},
		"both are down":               {down, down, Left, ErrUnavailable, 0, true},
		"both have it":                {nil, nil, Delivered, nil, 0, false},
	} {
		for _, order := range [][2]error{{tt.a, tt.b}, {tt.b, tt.a}} {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store := NewMemory()
				p := &Pipeline{Store: store, MaxAttempts: 5}
				for _, err := range order {
					p.Sinks = append(p.Sinks, &script{fail: func(int, *event.Event) error { return err }})
				}
				got := p.Deliver(t.Context(), uploads(1))[0]
				if got.Fate != tt.want || !errors.Is(got.Cause, tt.err) || got.Down != tt.down {
					t.Errorf("%s: got %+v", name, got)
				}
				if n := attempts(t, store, upload(0)); n != tt.own {
					t.Errorf("%s: %d attempts, want %d", name, n, tt.own)
				}
			})
		}
	}
}

// What is no fault of the event is no attempt; and attempts alone never park
// where there is no place for dead letters.
func TestWhatIsNoAttempt(t *testing.T) {
	down := Unavailable(errors.New("down"), time.Minute)
	for name, tt := range map[string]struct {
		err      error
		dead     bool
		want     Fate
		attempts int
	}{
		"down":                 {down, true, Left, 0},
		"too slow":             {context.DeadlineExceeded, true, Left, 0},
		"no dead letters":      {errOwn, false, Left, 5},
		"attempts and a place": {errOwn, true, Parked, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store := NewMemory()
				p := &Pipeline{Store: store, MaxAttempts: 3, Sinks: []Sink{&script{fail: func(int, *event.Event) error { return tt.err }}}}
				if tt.dead {
					p.DeadLetter = &script{}
				}
				var got Fate
				for range 5 {
					got = fate(t, p, t.Context(), upload(0))
				}
				if n := attempts(t, store, upload(0)); got != tt.want || n != tt.attempts {
					t.Errorf("got %v after %d attempts", got, n)
				}
			})
		})
	}
}

// A claim is renewed as long as the delivery runs, and runs out soon after one
// that ended without a word.
func TestClaimIsRenewedWhileTheDeliveryRuns(t *testing.T) {
	for _, way := range []Way{Pulled, Pushed, Replayed} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			store := NewMemory()
			e := upload(0)
			look := func() State {
				r, err := store.Claim(t.Context(), "other", []string{e.ID}, 0, true)
				if err != nil {
					t.Error(err)
				}
				return r[0].State
			}
			p := &Pipeline{Way: way, Store: store, Handler: func(ctx context.Context, _ *event.Event) error {
				for range 9 {
					time.Sleep(time.Second) // of the bubble
					if s := look(); s != StateClaimed {
						t.Errorf("way %v: %q while the delivery runs", way, s)
					}
				}
				return nil
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if got := fate(t, p, ctx, e); got != Delivered || look() != StateDone {
				t.Errorf("way %v: %v, then %q", way, got, look())
			}
		})
	}
}

// A replay that fails leaves the event parked, so that a pull does not take it
// for a new one.
func TestReplayThatFails(t *testing.T) {
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

// Neither a sink nor dead letters that hang to the end cost the event.
func TestWhatHangsLeavesTimeToPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 12 * time.Second} {
			log := captureLog(t)
			hung, dead := &script{delay: time.Hour}, &script{}
			p := &Pipeline{Way: Pushed, Sinks: []Sink{hung}, DeadLetter: dead, Store: NewMemory()}
			for _, deadLetter := range []Sink{dead, hung} {
				p.DeadLetter = deadLetter
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				if got := fate(t, p, ctx, upload(0)); got != Parked || ctx.Err() != nil {
					t.Errorf("%v: got %v, context %v", timeout, got, ctx.Err())
				}
				cancel()
			}
			if len(dead.all) != 1 || len(parkedInLog(t, log.Bytes())) != 1 {
				t.Errorf("%v: %d dead letters; log %s", timeout, len(dead.all), log)
			}
		}
	})
}

// attempts is how many a store remembers of an event.
func attempts(t *testing.T, s Store, e *event.Event) int {
	t.Helper()
	r, err := s.Claim(t.Context(), "look", []string{e.ID}, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Attempts
}

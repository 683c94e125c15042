package deliver

import (
	"bytes"
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

// The user's code has no say in what VOD is told: a word of the package event in
// its error does not confirm what no sink has.
func TestHandlerSpeaksForItself(t *testing.T) {
	captureLog(t)
	for _, word := range []error{event.ErrDuplicate, event.ErrParked, event.ErrClaimed} {
		for _, err := range []error{word, errors.Join(errOwn, word)} {
			p := &Pipeline{Store: NewMemory(), Handler: func(context.Context, *event.Event) error { return err }}
			if got := p.Deliver(t.Context(), uploads(1))[0]; got == nil || errors.Is(got, word) {
				t.Errorf("handler returned %v, delivery %v", err, got)
			}
			p.Handler = func(context.Context, *event.Event) error { return Permanent(err) }
			p.DeadLetter = &script{}
			if got := p.Deliver(t.Context(), uploads(1))[0]; got != event.ErrParked || len(p.DeadLetter.(*script).all) != 1 {
				t.Errorf("handler returned %v for good, delivery %v", err, got)
			}
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
				if err := p.Deliver(ctx, uploads(1))[0]; err != nil {
					t.Errorf("%v: %v after %v", timeout, err, time.Since(start))
				}
			})
		}
	}
}

// Of several sinks the worst answer decides, whichever comes first.
func TestWorstSinkDecides(t *testing.T) {
	down, never := Unavailable(errors.New("down"), 0), Permanent(errors.New("never"))
	for name, tt := range map[string]struct{ a, b, want error }{
		"one has it, one is down":     {nil, down, event.ErrUnavailable},
		"one has it, one refuses":     {nil, errOwn, errOwn},
		"one is down, one refuses":    {down, errOwn, errOwn},
		"one is down, one never will": {down, never, event.ErrParked},
		"one refuses, one never will": {errOwn, never, event.ErrParked},
		"one has it, one never will":  {nil, never, event.ErrParked},
		"both are down":               {down, down, event.ErrUnavailable},
		"both have it":                {nil, nil, nil},
	} {
		for _, order := range [][2]error{{tt.a, tt.b}, {tt.b, tt.a}} {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				p := &Pipeline{Store: NewMemory(), MaxAttempts: 5}
				for _, err := range order {
					p.Sinks = append(p.Sinks, &script{fail: func(int, *event.Event) error { return err }})
				}
				if err := p.Deliver(t.Context(), uploads(1))[0]; !errors.Is(err, tt.want) || tt.want == errOwn && errors.Is(err, event.ErrUnavailable) {
					t.Errorf("%s: got %v", name, err)
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
		err  error
		dead bool
		want error
	}{
		"down":                 {down, true, event.ErrUnavailable},
		"too slow":             {context.DeadlineExceeded, true, event.ErrUnavailable},
		"no dead letters":      {errOwn, false, errOwn},
		"attempts and a place": {errOwn, true, event.ErrParked},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				p := &Pipeline{Store: NewMemory(), MaxAttempts: 3, Sinks: []Sink{&script{fail: func(int, *event.Event) error { return tt.err }}}}
				if tt.dead {
					p.DeadLetter = &script{}
				}
				var err error
				for range 5 {
					err = p.Deliver(t.Context(), uploads(1))[0]
				}
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A claim holds as long as the delivery may take.
func TestClaimHoldsUntilTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		end, _ := ctx.Deadline()
		p := &Pipeline{Store: store, Sinks: []Sink{&script{fail: func(_ int, e *event.Event) error {
			r, err := store.Claim(ctx, "other", []string{e.ID}, end, true)
			if err != nil || r[0].State != Claimed || !r[0].Until.Equal(end) {
				t.Errorf("got %+v, want claimed until %v", r, end)
			}
			return nil
		}}}}
		p.Deliver(ctx, uploads(1))
	})
}

// A replay that fails leaves the event parked, so that a pull does not take it
// for a new one.
func TestReplayThatFails(t *testing.T) {
	captureLog(t)
	store, dead := NewMemory(), &script{}
	pull := &Pipeline{Store: store, DeadLetter: dead, Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) }}
	if err := pull.Deliver(t.Context(), uploads(1))[0]; err != event.ErrParked {
		t.Fatal(err)
	}
	replay := &Pipeline{Way: Replayed, Store: store, DeadLetter: dead, Sinks: []Sink{&script{fail: func(int, *event.Event) error { return errOwn }}}}
	if err := replay.Deliver(t.Context(), uploads(1))[0]; !errors.Is(err, errOwn) {
		t.Error(err)
	}
	pull.Handler = nil
	if err := pull.Deliver(t.Context(), uploads(1))[0]; err != event.ErrParked || len(dead.all) != 1 {
		t.Errorf("pulled again: %v, %d dead letters", err, len(dead.all))
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
				if err := p.Deliver(ctx, uploads(1))[0]; err != event.ErrParked || ctx.Err() != nil {
					t.Errorf("%v: got %v, context %v", timeout, err, ctx.Err())
				}
				cancel()
			}
			if len(dead.all) != 1 || bytes.Count(log.Bytes(), []byte(`"event":{"specversion"`)) != 1 {
				t.Errorf("%v: %d dead letters; log %s", timeout, len(dead.all), log)
			}
		}
	})
}

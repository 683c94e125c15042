package deliver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

func TestEverySinkMustHaveIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		a, b := &script{}, &script{fail: func(send int, e *event.Event) error {
			if send < 3 {
				return Unavailable(errors.New("down"), time.Second)
			}
			return nil
		}}
		p := &Pipeline{Sinks: []Sink{a, b}, Store: NewMemory(), MaxAttempts: 5}
		start := time.Now()
		for _, r := range p.Deliver(t.Context(), uploads(3)) {
			if r != (Result{Fate: Delivered}) {
				t.Errorf("got %+v", r)
			}
		}
		if a.sends != 1 || len(a.took) != 3 || len(b.took) != 3 {
			t.Errorf("the sink that had the events was asked %d times, has %d; the other has %d", a.sends, len(a.took), len(b.took))
		}
		if took := time.Since(start); took < 2*time.Second {
			t.Errorf("the sink asked for a second of patience twice and got %v", took)
		}
	})
}

// A sink is asked again for what it may take later, and for nothing else.
func TestASinkIsAskedAgainOnlyForWhatItMayTake(t *testing.T) {
	down := Unavailable(errors.New("connection refused"), 0)
	tests := map[string]struct {
		way   Way
		first []error // of the first send, one for each event
		took  []string
		sends int
	}{
		"pulled, one is not taken for now": {Pulled, []error{nil, down, nil}, []string{"0", "2", "1"}, 2},
		"pulled, one is refused":           {Pulled, []error{nil, errOwn, nil}, []string{"0", "2"}, 1},
		"pulled, one is refused forever":   {Pulled, []error{nil, Permanent(errOwn), down}, []string{"0", "2"}, 2},
		"pulled, the sink was too slow":    {Pulled, []error{context.DeadlineExceeded, nil, nil}, []string{"1", "2", "0"}, 2},
		"pushed, one is refused":           {Pushed, []error{nil, errOwn, nil}, []string{"0", "2", "1"}, 2},
		"pushed, one is refused forever":   {Pushed, []error{nil, Permanent(errOwn), nil}, []string{"0", "2"}, 1},
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

// A callback's event is tried until its time is nearly over: what comes back in
// the last moments still gets it.
func TestACallbackIsTriedUntilItsTimeIsNearlyOver(t *testing.T) {
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

// A last try that has no time for an answer tells nothing: what the sink said before
// is why an event was parked.
func TestTheLastAnswerIsTheCause(t *testing.T) {
	for range 20 { // pauses are random
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			refused := errors.New("connection refused")
			sink := &script{fail: func(int, *event.Event) error { return Unavailable(refused, 0) }}
			time.AfterFunc(3*time.Second, func() { // it no longer answers
				sink.mu.Lock()
				defer sink.mu.Unlock()
				sink.delay = time.Minute
			})
			p := &Pipeline{Way: Pushed, Store: NewMemory(), Sinks: []Sink{sink}}
			got := p.Deliver(ctx, uploads(1))[0]
			if got.Fate != Parked || !errors.Is(got.Cause, refused) || errors.Is(got.Cause, context.DeadlineExceeded) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Of several sinks the worst answer decides, whichever comes first.
func TestTheWorstSinkDecides(t *testing.T) {
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

// A sink that panics is down, alone or beside another one. What a callback
// brought is parked then, for nobody would bring it again.
func TestASinkThatPanicsIsDown(t *testing.T) {
	for way, want := range map[Way]Fate{Pulled: Left, Pushed: Parked} {
		for _, others := range [][]Sink{nil, {&script{}}} {
			synctest.Test(t, func(t *testing.T) {
				log := captureLog(t)
				bad := &script{fail: func(int, *event.Event) error { panic("a nil map") }}
				p := &Pipeline{Way: way, Sinks: append(others, bad), Store: NewMemory(), MaxAttempts: 1}
				ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
				defer cancel()
				got := p.Deliver(ctx, []*event.Event{upload(1)})[0]
				if got.Fate != want || !got.Down || !errors.Is(got.Cause, ErrUnavailable) || !strings.Contains(got.Cause.Error(), "a nil map") {
					t.Errorf("way %v, %d sinks: got %+v", way, len(p.Sinks), got)
				}
				if parked := len(parkedInLog(t, log.Bytes())); (parked == 1) != (want == Parked) {
					t.Errorf("way %v, %d sinks: %d events are parked in the log", way, len(p.Sinks), parked)
				}
			})
		}
	}
}

package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

func TestFates(t *testing.T) {
	down := func(int, *event.Event) error { return Unavailable(errors.New("connection refused"), 0) }
	third := func(err error) func(int, *event.Event) error {
		return func(_ int, e *event.Event) error {
			if e.Subject == "2" {
				return err
			}
			return nil
		}
	}
	tests := map[string]struct {
		way     Way
		sink    func(int, *event.Event) error
		handler func(context.Context, *event.Event) error
		dead    bool
		timeout time.Duration
		want    []Fate // of four events; nil: all delivered
		took    int
		parked  string // reason of the one that is in the dead letters
		down    bool   // the sink was
		cause   error  // of the one that was not delivered
		least   time.Duration
		most    time.Duration
	}{
		"all go well":                           {took: 4},
		"a sink refuses one":                    {sink: third(errOwn), cause: errOwn, want: []Fate{Delivered, Delivered, Left, Delivered}, took: 3},
		"a sink refuses one forever":            {sink: third(Permanent(errOwn)), dead: true, want: []Fate{Delivered, Delivered, Parked, Delivered}, took: 3, parked: "permanent"},
		"the log takes what has no dead letter": {sink: third(Permanent(errOwn)), want: []Fate{Delivered, Delivered, Parked, Delivered}, took: 3},
		"a sink is down": {
			sink: down, want: []Fate{Left, Left, Left, Left},
			least: 2 * time.Second, most: ways[Pulled].retryDown, down: true,
		},
		"a sink comes back": {
			sink: func(send int, e *event.Event) error {
				if send < 4 {
					return down(send, e)
				}
				return nil
			}, took: 4, least: 300 * time.Millisecond, most: 2 * time.Second,
		},
		"the handler fails one": {handler: func(_ context.Context, e *event.Event) error {
			if e.Subject == "2" {
				return errOwn
			}
			return nil
		}, want: []Fate{Delivered, Delivered, Left, Delivered}, took: 3},
		"the handler parks one": {handler: func(_ context.Context, e *event.Event) error {
			if e.Subject == "2" {
				return fmt.Errorf("wrapped: %w", Permanent(errOwn))
			}
			return nil
		}, dead: true, want: []Fate{Delivered, Delivered, Parked, Delivered}, took: 3, parked: "permanent"},
		"the handler panics over one": {handler: func(_ context.Context, e *event.Event) error {
			if e.Subject == "2" {
				panic("index out of range")
			}
			return nil
		}, want: []Fate{Delivered, Delivered, Left, Delivered}, took: 3},
		"the handler never returns for one": {handler: func(ctx context.Context, e *event.Event) error {
			if e.Subject == "2" {
				time.Sleep(time.Hour)
			}
			return nil
		}, want: []Fate{Delivered, Delivered, Left, Delivered}, took: 3, timeout: 20 * time.Second, least: 10 * time.Second, most: 17 * time.Second},
		"pushed, a sink is down to the end": {
			down: true,
			way:  Pushed, sink: down, dead: true, timeout: 12 * time.Second,
			want:   []Fate{Parked, Parked, Parked, Parked},
			parked: "deadline", least: 6 * time.Second, most: 12 * time.Second,
		},
		"pushed, the handler succeeds at last": {
			way: Pushed, timeout: 12 * time.Second,
			handler: func() func(context.Context, *event.Event) error {
				var calls sync.Map
				return func(_ context.Context, e *event.Event) error {
					n, _ := calls.LoadOrStore(e.ID, new(int))
					if *n.(*int)++; *n.(*int) < 3 {
						return errOwn
					}
					return nil
				}
			}(), took: 4, least: 100 * time.Millisecond, most: time.Second,
		},
		"replayed, nothing is parked": {way: Replayed, sink: third(Permanent(errOwn)), dead: true, want: []Fate{Delivered, Delivered, Left, Delivered}, took: 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := captureLog(t)
				s, dead := &script{fail: tt.sink}, &script{}
				p := &Pipeline{Way: tt.way, Handler: tt.handler, Sinks: []Sink{s}, Store: NewMemory(), MaxAttempts: 5}
				if tt.dead {
					p.DeadLetter = dead
				}
				ctx := t.Context()
				if tt.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				start := time.Now()
				results := p.Deliver(ctx, uploads(4))
				took := time.Since(start)

				want := tt.want
				if want == nil {
					want = []Fate{Delivered, Delivered, Delivered, Delivered}
				}
				for i, r := range results {
					if r.Fate != want[i] || (r.Cause == nil) != (r.Fate == Delivered) || !errors.Is(r.Cause, tt.cause) && r.Cause != nil && tt.cause != nil {
						t.Errorf("event %d: got %+v, want %v", i, r, want[i])
					}
					if r.Down != tt.down {
						t.Errorf("event %d: down is %v, want %v", i, r.Down, tt.down)
					}
				}
				if len(s.took) != tt.took {
					t.Errorf("the sink has %d events, want %d", len(s.took), tt.took)
				}
				if took < tt.least || tt.most > 0 && took > tt.most {
					t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
				}
				if (len(dead.all) > 0) != (tt.parked != "") {
					t.Errorf("%d dead letters", len(dead.all))
				}
				for _, e := range dead.all {
					if e.Parking == nil || e.Parking.Reason != tt.parked || e.Parking.Attempts != 1 || e.Parking.FirstError == "" {
						t.Errorf("dead letter carries %+v", e.Parking)
					}
				}
				wholeInLog := len(parkedInLog(t, log.Bytes())) > 0
				if want := slices.Contains(want, Parked) && !tt.dead; wholeInLog != want {
					t.Errorf("event whole in the log: %v, want %v\n%s", wholeInLog, want, log.Bytes())
				}
				time.Sleep(time.Hour) // of the bubble: lets the handler that never returns return
			})
		})
	}
}

func TestAnEventThatIsDoneIsADuplicate(t *testing.T) {
	for name, store := range map[string]Store{"memory": NewMemory(), "off": new(Off)} {
		t.Run(name, func(t *testing.T) {
			s := &script{}
			p := &Pipeline{Sinks: []Sink{s}, Store: store, MaxAttempts: 5}
			got := p.Deliver(t.Context(), []*event.Event{upload(1), upload(2), upload(1)})
			if got[0].Fate != Delivered || got[1].Fate != Delivered || got[2].Fate != Duplicate {
				t.Errorf("in one batch: %v", got)
			}
			got = p.Deliver(t.Context(), []*event.Event{upload(2), upload(3)})
			want := Duplicate
			if name == "off" {
				want = Delivered
			}
			if got[0].Fate != want || got[1].Fate != Delivered {
				t.Errorf("in the next batch: %v", got)
			}
		})
	}
}

// Two restores of one file are two events, even in one batch and with nothing
// that tells them apart.
func TestAnEventWithoutAStableIDIsNoDuplicate(t *testing.T) {
	raw := []byte(`{"EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"1"}}`)
	o := event.Origin{Mode: event.Reliable, Received: time.Now()}
	a, _ := event.Parse(raw, o)
	b, _ := event.Parse(raw, o)
	s := &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory()}
	if got := p.Deliver(t.Context(), []*event.Event{a, b}); got[0].Fate != Delivered || got[1].Fate != Delivered || len(s.took) != 2 {
		t.Errorf("got %v, sink has %d", got, len(s.took))
	}
}

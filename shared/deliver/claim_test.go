package deliver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
)

func TestACallbackWaitsForAClaimAndAPullDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		slow := &script{delay: 3 * time.Second}
		pulled := &Pipeline{Sinks: []Sink{slow}, Store: store}
		pushed := &Pipeline{Way: Pushed, Sinks: []Sink{&script{}}, Store: store}
		go pulled.Deliver(t.Context(), uploads(1))
		synctest.Wait()
		if got := fate(t, pulled, t.Context(), upload(0)); got != Claimed {
			t.Errorf("a second pull: %v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if got := fate(t, pushed, ctx, upload(0)); got != Duplicate {
			t.Errorf("a callback meanwhile: %v", got)
		}
		if took := time.Since(start); took < 2*time.Second || took > 4*time.Second {
			t.Errorf("the callback waited %v", took)
		}
	})
}

func TestAClaimThatRunsOutIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		e := upload(1)
		if _, err := store.Claim(t.Context(), "crashed", []string{e.ID}, 4*time.Second, false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := &script{}
		p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: store}
		if got := fate(t, p, ctx, e); got != Delivered || len(s.took) != 1 {
			t.Errorf("got %v, sink has %d", got, len(s.took))
		}
	})
}

// A claim that runs out late in a callback's time still leaves the user's code
// a share of what is left.
func TestAClaimTakenOverLateLeavesTimeForTheHandler(t *testing.T) {
	for _, runsOut := range []time.Duration{time.Second, 6 * time.Second, 7 * time.Second, 8 * time.Second} {
		t.Run(runsOut.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store := NewMemory()
				e := upload(1)
				if _, err := store.Claim(t.Context(), "crashed", []string{e.ID}, runsOut, false); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				s := &script{}
				p := &Pipeline{
					Way: Pushed, Sinks: []Sink{s}, Store: store,
					Handler: func(ctx context.Context, _ *event.Event) error {
						select {
						case <-time.After(50 * time.Millisecond):
							return nil
						case <-ctx.Done():
							return ctx.Err()
						}
					},
				}
				if got := fate(t, p, ctx, e); got != Delivered || len(s.took) != 1 {
					t.Errorf("got %v, sink has %d", got, len(s.took))
				}
			})
		})
	}
}

// A claim is renewed as long as the delivery runs, and runs out soon after one
// that ended without a word.
func TestAClaimIsRenewedWhileItsDeliveryRuns(t *testing.T) {
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

// brokenStore fails, as PostgreSQL does while it restarts.
type brokenStore struct{ Off }

func (*brokenStore) Claim(context.Context, string, []string, time.Duration, bool) ([]Record, error) {
	return nil, errors.New("the database system is starting up")
}

func TestAStoreThatFailsBlocksNothing(t *testing.T) {
	captureLog(t)
	s := &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: &brokenStore{}}
	for _, r := range p.Deliver(t.Context(), uploads(3)) {
		if r.Fate != Delivered {
			t.Errorf("got %+v", r)
		}
	}
	if len(s.took) != 3 {
		t.Errorf("sink has %d", len(s.took))
	}
}

// hungStore answers nobody, as a database behind a dead connection does.
type hungStore struct{ Off }

func (*hungStore) Claim(ctx context.Context, _ string, _ []string, _ time.Duration, _ bool) ([]Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAStoreThatHangsBlocksNothing(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 15 * time.Second, 0} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				ctx := t.Context()
				if timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, timeout)
					defer cancel()
				}
				s := &script{delay: timeout / 4}
				p := &Pipeline{
					Way: Pushed, Sinks: []Sink{s}, Store: &hungStore{},
					Handler: func(ctx context.Context, _ *event.Event) error { return ctx.Err() },
				}
				if got := fate(t, p, ctx, upload(0)); got != Delivered || len(s.took) != 1 {
					t.Errorf("got %v, sink has %d", got, len(s.took))
				}
			})
		})
	}
}

// A callback whose event is claimed to its end parks its own copy, for nobody
// else is known to have one. The claim stays whose it is.
func TestACallbackClaimedToItsEndParksItsCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := captureLog(t)
		store, dead := NewMemory(), &script{}
		e := upload(1)
		if _, err := store.Claim(t.Context(), "other", []string{e.ID}, time.Hour, false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := &script{}
		p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, DeadLetter: dead, Store: store}
		got := p.Deliver(ctx, []*event.Event{e})[0]
		if got.Fate != Parked || got.Reason != ReasonClaimed || ctx.Err() != nil || len(s.took) != 0 {
			t.Errorf("got %+v, sink has %d", got, len(s.took))
		}
		if len(dead.all) != 1 || dead.all[0].Parking.Reason != "claimed" {
			t.Errorf("dead letters %+v", dead.all)
		}
		p.DeadLetter = nil
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if got := fate(t, p, ctx, e); got != Parked || len(parkedInLog(t, log.Bytes())) != 1 {
			t.Errorf("without dead letters: %v", got)
		}
		r, err := store.Claim(t.Context(), "look", []string{e.ID}, time.Second, true)
		if err != nil || r[0].State != StateClaimed {
			t.Errorf("the claim became %+v", r)
		}
	})
}

// slowStore takes as long for each claim as a busy machine may.
type slowStore struct {
	*Memory
	delay time.Duration
}

func (s slowStore) Claim(ctx context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]Record, error) {
	if !backoff.Sleep(ctx, s.delay) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Memory.Claim(ctx, claimant, ids, lasts, takeParked)
}

// A callback that waits for a claim asks with less and less time. A store that is
// too slow for what is left has not failed, and the claim still stands.
func TestAWaitThatHurriesForgetsNoClaim(t *testing.T) {
	for _, delay := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond, 1500 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store, s := NewMemory(), &script{}
				e := upload(1)
				if _, err := store.Claim(t.Context(), "other", []string{e.ID}, time.Hour, false); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: slowStore{store, delay}}
				got := p.Deliver(ctx, []*event.Event{e})[0]
				if got.Fate != Parked || got.Reason != ReasonClaimed || len(s.took) != 0 {
					t.Errorf("got %+v, sink has %d", got, len(s.took))
				}
			})
		})
	}
}

// An instance that was killed leaves claims that nobody renews. The send of a
// callback that VOD makes after 5 s outlives them.
func TestTheClaimOfADeadInstanceRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		e := upload(1)
		dead := &delivery{Pipeline: &Pipeline{Store: store}, budget: newBudget(t.Context(), Pushed), claimant: "dead", items: group([]*event.Event{e})}
		dead.claim(t.Context())
		if len(dead.mine) != 1 {
			t.Fatal("it has no claim")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		s := &script{}
		p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: store}
		if got := fate(t, p, ctx, e); got != Delivered || len(s.took) != 1 || time.Since(start) > 5500*time.Millisecond {
			t.Errorf("%v after %v", got, time.Since(start))
		}
	})
}

// fickle is a store that is down for claims and comes back for the outcomes.
type fickle struct{ *Memory }

func (fickle) Claim(context.Context, string, []string, time.Duration, bool) ([]Record, error) {
	return nil, errors.New("connection refused")
}

func TestADeliveryIsSettledWithoutAClaim(t *testing.T) {
	captureLog(t)
	for way := range ways {
		store := NewMemory()
		s := &script{}
		p := &Pipeline{Way: Way(way), Sinks: []Sink{s}, Store: fickle{store}}
		if got := fate(t, p, t.Context(), upload(1)); got != Delivered {
			t.Errorf("way %d: %v", way, got)
		}
		p.Store = store
		if got := fate(t, p, t.Context(), upload(1)); got != Duplicate || len(s.took) != 1 {
			t.Errorf("way %d, again: %v, sink has %d", way, got, len(s.took))
		}
	}
}

// badError is an error of somebody's code whose text cannot be made.
type badError struct{}

func (badError) Error() string { panic("no text") }

// A delivery that panics renews its claims no longer: they run out, and the
// event's next delivery has it.
func TestAPanicEndsTheClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine stays
		captureLog(t)
		store := NewMemory()
		p := &Pipeline{Store: store, Handler: func(context.Context, *event.Event) error { return badError{} }}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the delivery did not panic")
				}
			}()
			p.Deliver(t.Context(), []*event.Event{upload(1)})
		}()
		time.Sleep(claimLasts + time.Second)
		p.Handler = nil
		if got := fate(t, p, t.Context(), upload(1)); got != Delivered {
			t.Errorf("got %v", got)
		}
	})
}

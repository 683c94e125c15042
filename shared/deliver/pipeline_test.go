package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// script is a sink that answers as a test tells it and keeps what it took. The
// real sinks have servers of their own, which a synctest bubble has no room for.
type script struct {
	mu    sync.Mutex
	sends int
	took  []string // ids
	all   []*event.Event
	fail  func(send int, e *event.Event) error
	delay time.Duration
}

func (s *script) Send(ctx context.Context, events []*event.Event) []error {
	s.mu.Lock()
	s.sends++
	n := s.sends
	s.mu.Unlock()
	if s.delay > 0 {
		select {
		case <-time.After(s.delay):
		case <-ctx.Done():
			return FailAll(len(events), ctx.Err())
		}
	}
	errs := make([]error, len(events))
	for i, e := range events {
		if s.fail != nil {
			errs[i] = s.fail(n, e)
		}
		if errs[i] == nil {
			s.mu.Lock()
			s.took = append(s.took, e.ID)
			s.all = append(s.all, e)
			s.mu.Unlock()
		}
	}
	return errs
}
func (s *script) CloseIdle()   {}
func (s *script) Close() error { return nil }

func upload(n int) *event.Event {
	raw := fmt.Sprintf(`{"EventHandle":"h%d","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, n, n)
	e, err := event.Parse([]byte(raw), event.Origin{Mode: event.Reliable, Received: time.Now()})
	if err != nil {
		panic(err)
	}
	return e
}

func uploads(n int) []*event.Event {
	events := make([]*event.Event, n)
	for i := range events {
		events[i] = upload(i)
	}
	return events
}

var errOwn = errors.New("refused this one")

func TestDeliver(t *testing.T) {
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
		want    []error // of four events; nil: all delivered
		took    int
		parked  string // reason of the one that is in the dead letters
		least   time.Duration
		most    time.Duration
	}{
		"all go well":                           {took: 4},
		"a sink refuses one":                    {sink: third(errOwn), want: []error{nil, nil, errOwn, nil}, took: 3},
		"a sink refuses one for ever":           {sink: third(Permanent(errOwn)), dead: true, want: []error{nil, nil, event.ErrParked, nil}, took: 3, parked: "permanent"},
		"the log takes what has no dead letter": {sink: third(Permanent(errOwn)), want: []error{nil, nil, event.ErrParked, nil}, took: 3},
		"a sink is down": {
			sink: down, want: []error{event.ErrUnavailable, event.ErrUnavailable, event.ErrUnavailable, event.ErrUnavailable},
			least: 2 * time.Second, most: patience,
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
		}, want: []error{nil, nil, errOwn, nil}, took: 3},
		"the handler parks one": {handler: func(_ context.Context, e *event.Event) error {
			if e.Subject == "2" {
				return fmt.Errorf("wrapped: %w", Permanent(errOwn))
			}
			return nil
		}, dead: true, want: []error{nil, nil, event.ErrParked, nil}, took: 3, parked: "permanent"},
		"the handler panics over one": {handler: func(_ context.Context, e *event.Event) error {
			if e.Subject == "2" {
				panic("index out of range")
			}
			return nil
		}, want: []error{nil, nil, errAny, nil}, took: 3},
		"the handler never returns for one": {handler: func(ctx context.Context, e *event.Event) error {
			if e.Subject == "2" {
				time.Sleep(time.Hour)
			}
			return nil
		}, want: []error{nil, nil, errHandlerStuck, nil}, took: 3, timeout: 20 * time.Second, least: 10 * time.Second, most: 17 * time.Second},
		"pushed, a sink is down to the end": {
			way: Pushed, sink: down, dead: true, timeout: 12 * time.Second,
			want:   []error{event.ErrParked, event.ErrParked, event.ErrParked, event.ErrParked},
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
		"replayed, nothing is parked": {way: Replayed, sink: third(Permanent(errOwn)), dead: true, want: []error{nil, nil, errOwn, nil}, took: 3},
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
				errs := p.Deliver(ctx, uploads(4))
				took := time.Since(start)

				want := tt.want
				if want == nil {
					want = make([]error, 4)
				}
				for i, err := range errs {
					if !errors.Is(err, want[i]) && !(want[i] == errAny && err != nil) {
						t.Errorf("event %d: got %v, want %v", i, err, want[i])
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
				wholeInLog := bytes.Contains(log.Bytes(), []byte(`"event":{"specversion":"1.0"`))
				if want := slices.Contains(errs, event.ErrParked) && !tt.dead; wholeInLog != want {
					t.Errorf("event whole in the log: %v, want %v\n%s", wholeInLog, want, log.Bytes())
				}
				time.Sleep(time.Hour) // of the bubble: lets the handler that never returns return
			})
		})
	}
}

var errAny = errors.New("any error")

func captureLog(t *testing.T) *bytes.Buffer {
	var buf bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&buf, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &buf
}

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
		for _, err := range p.Deliver(t.Context(), uploads(3)) {
			if err != nil {
				t.Error(err)
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

func TestDuplicates(t *testing.T) {
	for name, store := range map[string]Store{"memory": NewMemory(), "off": new(Off)} {
		t.Run(name, func(t *testing.T) {
			s := &script{}
			p := &Pipeline{Sinks: []Sink{s}, Store: store, MaxAttempts: 5}
			errs := p.Deliver(t.Context(), []*event.Event{upload(1), upload(2), upload(1)})
			if errs[0] != nil || errs[1] != nil || errs[2] != event.ErrDuplicate {
				t.Errorf("in one batch: %v", errs)
			}
			errs = p.Deliver(t.Context(), []*event.Event{upload(2), upload(3)})
			want := event.ErrDuplicate
			if name == "off" {
				want = nil
			}
			if errs[0] != want || errs[1] != nil {
				t.Errorf("in the next batch: %v", errs)
			}
		})
	}
}

// Two restores of one file are two events, even in one batch and with nothing
// that tells them apart.
func TestNotUniqueInOneBatch(t *testing.T) {
	raw := []byte(`{"EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"1"}}`)
	o := event.Origin{Mode: event.Reliable, Received: time.Now()}
	a, _ := event.Parse(raw, o)
	b, _ := event.Parse(raw, o)
	s := &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory()}
	if errs := p.Deliver(t.Context(), []*event.Event{a, b}); errs[0] != nil || errs[1] != nil || len(s.took) != 2 {
		t.Errorf("got %v, sink has %d", errs, len(s.took))
	}
}

func TestAttempts(t *testing.T) {
	for name, store := range map[string]Store{"memory": NewMemory(), "off": new(Off)} {
		t.Run(name, func(t *testing.T) {
			captureLog(t)
			calls := 0
			dead := &script{}
			p := &Pipeline{
				Handler: func(context.Context, *event.Event) error { calls++; return fmt.Errorf("call %d", calls) },
				Store:   store, DeadLetter: dead, MaxAttempts: 3,
			}
			for range 2 {
				if err := p.Deliver(t.Context(), uploads(1))[0]; err == nil || errors.Is(err, event.ErrParked) {
					t.Fatalf("got %v", err)
				}
			}
			if err := p.Deliver(t.Context(), uploads(1))[0]; !errors.Is(err, event.ErrParked) {
				t.Fatalf("got %v at the last attempt", err)
			}
			want := event.Parking{Reason: "attempts", Attempts: 3, FirstError: "call 1", LastError: "call 3"}
			if len(dead.all) != 1 || *dead.all[0].Parking != want {
				t.Errorf("dead letters %+v", dead.all)
			}
			if name == "off" {
				return
			}
			if err := p.Deliver(t.Context(), uploads(1))[0]; err != event.ErrParked || calls != 3 {
				t.Errorf("a parked event that comes back: %v after %d calls", err, calls)
			}
			replay := &Pipeline{Way: Replayed, Store: store}
			if err := replay.Deliver(t.Context(), uploads(1))[0]; err != nil {
				t.Errorf("replay of a parked event: %v", err)
			}
			if err := p.Deliver(t.Context(), uploads(1))[0]; err != event.ErrDuplicate {
				t.Errorf("an event that was replayed: %v", err)
			}
		})
	}
}

func TestClaimedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		slow := &script{delay: 3 * time.Second}
		pulled := &Pipeline{Sinks: []Sink{slow}, Store: store}
		pushed := &Pipeline{Way: Pushed, Sinks: []Sink{&script{}}, Store: store}
		go pulled.Deliver(t.Context(), uploads(1))
		synctest.Wait()
		if err := pulled.Deliver(t.Context(), uploads(1))[0]; err != event.ErrClaimed {
			t.Errorf("a second pull: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if err := pushed.Deliver(ctx, uploads(1))[0]; err != event.ErrDuplicate {
			t.Errorf("a callback meanwhile: %v", err)
		}
		if took := time.Since(start); took < 2*time.Second || took > 4*time.Second {
			t.Errorf("the callback waited %v", took)
		}
	})
}

func TestClaimRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory()
		e := upload(1)
		if _, err := store.Claim(t.Context(), "crashed", []string{e.ID}, time.Now().Add(4*time.Second), false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s := &script{}
		p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: store}
		if err := p.Deliver(ctx, []*event.Event{e})[0]; err != nil || len(s.took) != 1 {
			t.Errorf("got %v, sink has %d", err, len(s.took))
		}
	})
}

// A claim that runs out late in a callback's time still leaves the user's code
// a share of what is left.
func TestClaimRunsOutLate(t *testing.T) {
	for _, runsOut := range []time.Duration{time.Second, 6 * time.Second, 7 * time.Second, 8 * time.Second} {
		t.Run(runsOut.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store := NewMemory()
				e := upload(1)
				if _, err := store.Claim(t.Context(), "crashed", []string{e.ID}, time.Now().Add(runsOut), false); err != nil {
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
				if err := p.Deliver(ctx, []*event.Event{e})[0]; err != nil || len(s.took) != 1 {
					t.Errorf("got %v, sink has %d", err, len(s.took))
				}
			})
		})
	}
}

// brokenStore fails, as PostgreSQL does while it restarts.
type brokenStore struct{ Off }

func (*brokenStore) Claim(context.Context, string, []string, time.Time, bool) ([]Record, error) {
	return nil, errors.New("the database system is starting up")
}

func TestStoreFailureBlocksNothing(t *testing.T) {
	captureLog(t)
	s := &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: &brokenStore{}}
	for _, err := range p.Deliver(t.Context(), uploads(3)) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(s.took) != 3 {
		t.Errorf("sink has %d", len(s.took))
	}
}

// hungStore answers nobody, as a database behind a dead connection does.
type hungStore struct{ Off }

func (*hungStore) Claim(ctx context.Context, _ string, _ []string, _ time.Time, _ bool) ([]Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestStoreThatHangsBlocksNothing(t *testing.T) {
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
				if err := p.Deliver(ctx, uploads(1))[0]; err != nil || len(s.took) != 1 {
					t.Errorf("got %v, sink has %d", err, len(s.took))
				}
			})
		})
	}
}

// slowSettle takes claims at once but hangs when it is told how they ended.
type slowSettle struct{ Off }

func (*slowSettle) Settle(ctx context.Context, _ string, _ []Outcome) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestStoreThatHangsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		p := &Pipeline{Sinks: []Sink{&script{}}, Store: &slowSettle{}}
		start := time.Now()
		if err := p.Deliver(ctx, uploads(1))[0]; err != nil || time.Since(start) > 3*time.Second {
			t.Errorf("got %v after %v: VOD sends a callback again after 5 s", err, time.Since(start))
		}
	})
}

func TestUnparsed(t *testing.T) {
	captureLog(t)
	e, _ := event.Parse([]byte(`{"EventHandle":"h","odd":1}`), event.Origin{Mode: event.Reliable, Received: time.Now()})
	s, dead := &script{}, &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory(), DeadLetter: dead, MaxAttempts: 5}
	if err := p.Deliver(t.Context(), []*event.Event{e})[0]; !errors.Is(err, event.ErrParked) {
		t.Error(err)
	}
	if len(s.took) != 0 || len(dead.all) != 1 || dead.all[0].Parking.Reason != "unparsed" {
		t.Errorf("sink has %d, dead letters %+v", len(s.took), dead.all)
	}
}

func TestDeadLetterDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := captureLog(t)
		dead := &script{fail: func(int, *event.Event) error { return Unavailable(errors.New("down"), 0) }}
		p := &Pipeline{
			Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) },
			Store:   NewMemory(), DeadLetter: dead, MaxAttempts: 5,
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := p.Deliver(ctx, uploads(1))[0]; err == nil || errors.Is(err, event.ErrParked) {
			t.Errorf("pulled: %v, but VOD's queue must keep it", err)
		}
		p.Way = Pushed
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if err := p.Deliver(ctx, []*event.Event{upload(2)})[0]; !errors.Is(err, event.ErrParked) {
			t.Errorf("pushed: %v", err)
		}
		if !bytes.Contains(log.Bytes(), []byte(`"FileId":"2"`)) || time.Since(start) >= 10*time.Second {
			t.Errorf("the log must have the event before time is up (%v): %s", time.Since(start), log.Bytes())
		}
	})
}

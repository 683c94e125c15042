package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver/parklog"
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
		"a sink refuses one for ever":           {sink: third(Permanent(errOwn)), dead: true, want: []Fate{Delivered, Delivered, Parked, Delivered}, took: 3, parked: "permanent"},
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

// parkedInLog are the CloudEvents that a log holds.
func parkedInLog(t *testing.T, log []byte) []string {
	t.Helper()
	texts := map[string]string{}
	var whole []string
	for line := range bytes.Lines(log) {
		var p struct {
			Msg string
			parklog.Part
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.Msg != parklog.Message {
			continue
		}
		texts[p.Parking] += p.Text
		if p.Part.Part == p.Of {
			whole = append(whole, texts[p.Parking])
		}
	}
	return whole
}

// fate is what becomes of one event.
func fate(t *testing.T, p *Pipeline, ctx context.Context, e *event.Event) Fate {
	t.Helper()
	return p.Deliver(ctx, []*event.Event{e})[0].Fate
}

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

func TestDuplicates(t *testing.T) {
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
func TestNotUniqueInOneBatch(t *testing.T) {
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
				if got := fate(t, p, t.Context(), upload(0)); got != Left {
					t.Fatalf("got %v", got)
				}
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Parked {
				t.Fatalf("got %v at the last attempt", got)
			}
			want := event.Parking{Reason: "attempts", Attempts: 3, FirstError: "call 1", LastError: "call 3"}
			if len(dead.all) != 1 || *dead.all[0].Parking != want {
				t.Errorf("dead letters %+v", dead.all)
			}
			if name == "off" {
				return
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Parked || calls != 3 {
				t.Errorf("a parked event that comes back: %v after %d calls", got, calls)
			}
			replay := &Pipeline{Way: Replayed, Store: store}
			if got := fate(t, replay, t.Context(), upload(0)); got != Delivered {
				t.Errorf("replay of a parked event: %v", got)
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Duplicate {
				t.Errorf("an event that was replayed: %v", got)
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

func TestClaimRunsOut(t *testing.T) {
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
func TestClaimRunsOutLate(t *testing.T) {
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

// brokenStore fails, as PostgreSQL does while it restarts.
type brokenStore struct{ Off }

func (*brokenStore) Claim(context.Context, string, []string, time.Duration, bool) ([]Record, error) {
	return nil, errors.New("the database system is starting up")
}

func TestStoreFailureBlocksNothing(t *testing.T) {
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
				if got := fate(t, p, ctx, upload(0)); got != Delivered || len(s.took) != 1 {
					t.Errorf("got %v, sink has %d", got, len(s.took))
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
		if got := fate(t, p, ctx, upload(0)); got != Delivered || time.Since(start) > 3*time.Second {
			t.Errorf("got %v after %v: VOD sends a callback again after 5 s", got, time.Since(start))
		}
	})
}

func TestUnparsed(t *testing.T) {
	captureLog(t)
	e, _ := event.Parse([]byte(`{"EventHandle":"h","odd":1}`), event.Origin{Mode: event.Reliable, Received: time.Now()})
	s, dead := &script{}, &script{}
	p := &Pipeline{Sinks: []Sink{s}, Store: NewMemory(), DeadLetter: dead, MaxAttempts: 5}
	if got := p.Deliver(t.Context(), []*event.Event{e})[0]; got.Fate != Parked || got.Reason != ReasonUnparsed || !errors.Is(got.Cause, event.ErrNotEvent) {
		t.Errorf("got %+v", got)
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
		if got := fate(t, p, ctx, upload(0)); got != Left {
			t.Errorf("pulled: %v, but VOD's queue must keep it", got)
		}
		p.Way = Pushed
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if got := fate(t, p, ctx, upload(2)); got != Parked {
			t.Errorf("pushed: %v", got)
		}
		if whole := parkedInLog(t, log.Bytes()); len(whole) != 1 || !strings.Contains(whole[0], `"FileId":"2"`) || time.Since(start) >= 10*time.Second {
			t.Errorf("the log must have the event before time is up (%v): %s", time.Since(start), log.Bytes())
		}
	})
}

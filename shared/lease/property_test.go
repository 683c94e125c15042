package lease

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// TestNothingIsLost runs random schedules of faults: an API that fails, limits,
// hangs, cuts and loses answers, refuses confirms and doubles events; handlers
// that fail, dawdle and panic; a sink that is down; invocations of any length
// that overlap and are killed. It holds the engine and the real pipeline to
// three things:
//
//   - every event reaches the sink or the dead letters;
//   - no event is confirmed before that;
//   - some time after the faults have ended, no event is left in the queue.
func TestNothingIsLost(t *testing.T) {
	for seed := range longtest.Scale(10, 600) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runSchedule(t, rand.New(rand.NewPCG(1, seed))) })
		})
	}
}

const faultTime = 4 * time.Minute

func runSchedule(t *testing.T, r *rand.Rand) {
	b := newBench(t, vodfake.Options{
		Latency: time.Duration(r.IntN(40)) * time.Millisecond, Seed: r.Uint64(),
		Alternatives: vodfake.Alternatives{SameHandle: r.IntN(2) == 0, ConfirmGood: r.IntN(2) == 0, NullMembers: r.IntN(2) == 0},
	})
	calm := time.Now().Add(faultTime)
	var chance safeRand
	chance.r = r
	faulty := func(p float64) bool { return time.Now().Before(calm) && chance.float() < p }

	level := r.Float64() * 0.5
	kinds := []vodfake.FaultKind{
		vodfake.Status, vodfake.Fail, vodfake.Limit, vodfake.Hang, vodfake.Drop, vodfake.Lost,
		vodfake.Cut, vodfake.Stale, vodfake.Duplicate, vodfake.Reorder, vodfake.SignatureExpired,
	}
	b.Control("", func(*vodfake.Call) *vodfake.Fault {
		if !faulty(level) {
			return nil
		}
		return &vodfake.Fault{Kind: kinds[chance.n(len(kinds))], DelayMs: chance.n(3000)}
	})

	safe := &ledger{has: make(map[string]int64), faulty: faulty}
	confirmed := make(map[string]int64) // when, by id of the stand-in
	b.Watch(func(c vodfake.Change) {
		if c.State == vodfake.Confirmed {
			confirmed[c.ID] = safe.clock.Add(1)
		}
	})

	total := 1 + r.IntN(600)
	handle := func(ctx context.Context, _ *event.Event) error {
		switch {
		case faulty(0.02):
			panic("a bug")
		case faulty(0.05):
			return errors.New("not now")
		case faulty(0.01):
			return deliver.Permanent(errors.New("never"))
		case faulty(0.01):
			select {
			case <-time.After(time.Duration(chance.n(40)) * time.Second):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}

	ids := make([]string, total)
	go func() {
		for i := range total {
			ids[i] = b.Queue(0, fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, i))
			if chance.float() < 0.05 {
				time.Sleep(time.Duration(chance.n(5000)) * time.Millisecond) // of the bubble, as all here
			}
		}
	}()

	// Three instances take invocations in turn, so that they overlap. A killed
	// one comes back with an empty memory.
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			store := deliver.NewMemory()
			for time.Now().Before(calm.Add(3 * time.Minute)) {
				p := &deliver.Pipeline{
					Handler: handle, Sinks: []deliver.Sink{safe}, DeadLetter: safe, Store: store, MaxAttempts: 5,
				}
				killed := new(atomic.Bool)
				client, err := vod.New(vod.Options{
					Endpoint:    "http://vod.test",
					Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
					Transport:   mortal{b.Transport(), killed},
				})
				if err != nil {
					t.Error(err)
					return
				}
				o := Options{Client: client, Rate: 30, Concurrency: 1 + chance.n(16)}
				o.Deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
					results := p.Deliver(ctx, events)
					if killed.Load() { // nobody learns the results
						return all(deliver.Left, events)
					}
					return results
				}
				if chance.n(2) == 0 {
					o.Until = UntilDeadline
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(3+chance.n(60))*time.Second)
				if faulty(0.3) {
					time.AfterFunc(time.Duration(chance.n(20))*time.Second, func() { killed.Store(true) })
				}
				_, _ = Drain(ctx, o) // an error is a result, too
				cancel()
				if killed.Load() {
					store = deliver.NewMemory()
				}
				time.Sleep(time.Duration(chance.n(5000)) * time.Millisecond)
			}
		})
	}
	wg.Wait()

	if n := b.Pending(0); n != 0 {
		t.Errorf("%d of %d events are left", n, total)
	}
	for i, id := range ids {
		switch at := safe.has[fmt.Sprint(i)]; {
		case at == 0:
			t.Errorf("event %d was lost", i)
		case at > confirmed[id]:
			t.Errorf("event %d was confirmed before it was delivered", i)
		}
	}
}

// A sink that is down for ten minutes parks nothing and loses nothing: the
// queue keeps the events, and all come through when it is back.
func TestSinkDownForTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 200)
		back := time.Now().Add(10 * time.Minute)
		always := func(float64) bool { return time.Now().Before(back) }
		sink := &ledger{has: make(map[string]int64), faulty: always}
		dead := &ledger{has: make(map[string]int64), faulty: func(float64) bool { return false }}
		p := &deliver.Pipeline{Sinks: []deliver.Sink{sink}, DeadLetter: dead, Store: deliver.NewMemory(), MaxAttempts: 5}
		o := b.options()
		o.Deliver = p.Deliver
		down := 0
		for time.Now().Before(back.Add(3 * time.Minute)) {
			if r := b.drain(50*time.Second, o); r.Stopped == SinkDown {
				down++
			}
			time.Sleep(10 * time.Second) // of the bubble, until the timer fires again
		}
		if len(sink.has) != 200 || len(dead.has) != 0 || b.Pending(0) != 0 {
			t.Errorf("%d events arrived, %d were parked, %d are left", len(sink.has), len(dead.has), b.Pending(0))
		}
		if down < 10 {
			t.Errorf("only %d invocations stopped for the sink", down)
		}
	})
}

// mortal is the network of a process that may be killed.
type mortal struct {
	http.RoundTripper
	killed *atomic.Bool
}

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.killed.Load() {
		return nil, errors.New("killed")
	}
	answer, err := m.RoundTripper.RoundTrip(r)
	if m.killed.Load() {
		return nil, errors.New("killed")
	}
	return answer, err
}

// ledger is a sink that is down at times. It notes the order in which events
// came.
type ledger struct {
	clock  atomic.Int64 // counts up
	mu     sync.Mutex
	has    map[string]int64 // by subject: when it came first
	faulty func(float64) bool
}

func (l *ledger) Send(_ context.Context, events []*event.Event) []error {
	if l.faulty(0.05) {
		return deliver.FailAll(len(events), deliver.Unavailable(errors.New("down"), 0))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if l.has[e.Subject] == 0 {
			l.has[e.Subject] = l.clock.Add(1)
		}
	}
	return make([]error, len(events))
}

func (l *ledger) CloseIdle()   {}
func (l *ledger) Close() error { return nil }

// safeRand is shared by the goroutines of a schedule.
type safeRand struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (s *safeRand) float() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Float64()
}

func (s *safeRand) n(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.IntN(n)
}

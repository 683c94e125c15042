package lease

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/vodfake"
)

// TestBothWaysOneStore sends the same events as callbacks, up to three times
// each, and through the queue, while the handler and the sink fail at random. As
// long as the store holds, the sink has each event once, or it was parked, and
// the answer to each callback is true.
func TestBothWaysOneStore(t *testing.T) {
	for seed := range longtest.Scale(12, 400) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runBothWays(t, &safeRand{r: rand.New(rand.NewPCG(2, seed))}) })
		})
	}
}

func runBothWays(t *testing.T, chance *safeRand) {
	const total = 60
	upTo := func(most time.Duration) time.Duration { return time.Duration(chance.n(int(most))) }
	calm := time.Now().Add(2 * time.Minute)
	faulty := func(p float64) bool { return time.Now().Before(calm) && chance.float() < p }

	b := newBench(t, vodfake.Options{Latency: 10 * time.Millisecond})
	sink, dead := &counter{has: make(map[string]int)}, &counter{has: make(map[string]int)}
	sink.fail = func(ctx context.Context) error {
		switch {
		case faulty(0.2):
			return deliver.Unavailable(errors.New("down"), 0)
		case faulty(0.05):
			return pause(ctx, upTo(10*time.Second))
		}
		return nil
	}
	dead.fail = func(context.Context) error { return nil }
	handle := func(ctx context.Context, _ *event.Event) error {
		switch {
		case faulty(0.1):
			return errors.New("not now")
		case faulty(0.02):
			return deliver.Permanent(errors.New("never"))
		case faulty(0.05):
			return pause(ctx, upTo(20*time.Second))
		}
		return nil
	}
	store := deliver.NewMemory()
	pushed := &deliver.Pipeline{Way: deliver.Pushed, Handler: handle, Sinks: []deliver.Sink{sink}, DeadLetter: dead, Store: store}
	pulled := &deliver.Pipeline{Way: deliver.Pulled, Handler: handle, Sinks: []deliver.Sink{sink}, DeadLetter: dead, Store: store, MaxAttempts: 4}

	var wg sync.WaitGroup
	for i := range total {
		body := fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, i)
		ways := 1 + chance.n(3) // bit 0: the queue; bit 1: callbacks
		if ways&1 != 0 {
			time.AfterFunc(upTo(time.Minute), func() { b.Queue(0, body) })
		}
		if ways&2 == 0 {
			continue
		}
		for send := range 1 + chance.n(3) {
			wg.Go(func() {
				time.Sleep(upTo(time.Minute) + time.Duration(send)*5*time.Second) // of the bubble, as all here
				e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Now()})
				if err != nil {
					t.Error(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second+upTo(15*time.Second))
				defer cancel()
				got := pushed.Deliver(ctx, []*event.Event{e})[0]
				if ctx.Err() != nil {
					t.Error("a callback's delivery outlived its context")
					return
				}
				switch got.Fate {
				case deliver.Delivered, deliver.Duplicate:
					if sink.count(e) == 0 {
						t.Errorf("event %d: %v, but the sink does not have it", i, got)
					}
				case deliver.Parked:
					if dead.count(e) == 0 {
						t.Errorf("event %d: %v, but the dead letters do not have it", i, got)
					}
				default:
					t.Errorf("event %d: %v", i, got)
				}
			})
		}
	}
	for time.Now().Before(calm.Add(3 * time.Minute)) {
		o := b.options()
		o.Deliver = pulled.Deliver
		b.drain(3*time.Second+upTo(30*time.Second), o)
		time.Sleep(time.Second)
	}
	wg.Wait()

	if n := b.Pending(0); n != 0 {
		t.Errorf("%d events are left", n)
	}
	for i := range total {
		id := fmt.Sprint(i)
		if n := sink.has[id]; n > 1 || n == 0 && dead.has[id] == 0 {
			t.Errorf("the sink has event %d %d times, the dead letters %d times", i, n, dead.has[id])
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// counter is a sink that counts how often each event came.
type counter struct {
	fail func(context.Context) error
	mu   sync.Mutex
	has  map[string]int // by subject
}

func (c *counter) Send(ctx context.Context, events []*event.Event) []error {
	if err := c.fail(ctx); err != nil {
		return deliver.FailAll(len(events), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		c.has[e.Subject]++
	}
	return make([]error, len(events))
}

func (c *counter) count(e *event.Event) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has[e.Subject]
}

func (c *counter) CloseIdle()   {}
func (c *counter) Close() error { return nil }

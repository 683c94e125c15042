package lease

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

func TestABacklogDrainsAtTheAPIsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 5000)
		r := b.drain(time.Minute, b.options())
		want := Counts{Pulled: 5000, Delivered: 5000, Confirmed: 5000, Stopped: Empty, Polls: r.Polls, ElapsedMs: r.ElapsedMs}
		if r.Counts != want {
			t.Errorf("got %+v", r)
		}
		if len(b.delivered) != 5000 || b.Pending(0) != 0 {
			t.Errorf("%d delivered, %d pending", len(b.delivered), b.Pending(0))
		}
		// 313 pulls at 98 a second, and the last poll, which is held for 5 s.
		if ms := r.ElapsedMs; ms > 3600+5100 {
			t.Errorf("took %d ms", ms)
		}
		// While the last answers come back, a few polls may meet an empty queue,
		// but not one for each of the 16 slots.
		if idle := r.Polls - 313; idle > 6 {
			t.Errorf("%d idle polls", idle)
		}
		for _, action := range []string{"PullEvents", "ConfirmEvents"} {
			if n := b.Busiest(action); n > 100 {
				t.Errorf("%d calls of %s in one second", n, action)
			}
		}
	})
}

func TestAnEmptyQueueCostsOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		r := b.drain(time.Minute, b.options())
		if r.Polls != 1 || r.Stopped != Empty || r.ElapsedMs > 5100 {
			t.Errorf("got %+v", r)
		}
		if text, err := json.Marshal(r); err != nil || string(text) !=
			`{"pulled":0,"delivered":0,"duplicates":0,"unwanted":0,"confirmed":0,"parked":0,"left":0,"polls":1,"stopped":"empty","elapsed_ms":5000}` {
			t.Errorf("result %s, %v", text, err)
		}
	})
}

func TestAnInvocationOfAnyLengthDrainsItsQueue(t *testing.T) {
	for _, timeout := range []time.Duration{3 * time.Second, 12 * time.Second, time.Minute, 900 * time.Second} {
		for _, until := range []Until{UntilEmpty, UntilDeadline} {
			t.Run(fmt.Sprint(timeout, until), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, vodfake.Options{})
					b.queue(0, 40)
					o := b.options()
					o.Until = until
					r := b.drain(timeout, o)
					if len(b.delivered) != 40 || r.Confirmed != 40 {
						t.Errorf("%d delivered, %+v", len(b.delivered), r)
					}
					want := Empty
					if until == UntilDeadline || timeout == 3*time.Second {
						want = Deadline
					}
					if r.Stopped != want {
						t.Errorf("stopped: %s, want %s", r.Stopped, want)
					}
					if until == UntilDeadline && time.Duration(r.ElapsedMs)*time.Millisecond < timeout-7*time.Second {
						t.Errorf("ended after %d ms of %v", r.ElapsedMs, timeout)
					}
				})
			})
		}
	}
}

func TestOverlappingInvocationsDeliverOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 1500)
		var wg sync.WaitGroup
		var results [2]Result
		for i := range results {
			wg.Go(func() {
				o := b.options()
				o.Rate = 50
				results[i] = b.drain(time.Minute, o)
			})
		}
		wg.Wait()
		if n := results[0].Confirmed + results[1].Confirmed; n != 1500 || len(b.delivered) != 1500 {
			t.Errorf("%d confirmed, %d delivered: %+v", n, len(b.delivered), results)
		}
		for _, n := range b.delivered {
			if n != 1 {
				t.Error("delivered twice")
			}
		}
	})
}

func TestEachApplicationIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond, Alternatives: vodfake.Alternatives{RequireSubAppId: true}})
		o := b.options()
		for i := range 3 {
			app := uint64(1490012345 + i)
			o.SubAppIds = append(o.SubAppIds, app)
			b.queue(app, 1000*i)
		}
		r := b.drain(time.Minute, o)
		if r.Confirmed != 3000 || r.Stopped != Empty || len(r.Apps) != 3 {
			t.Errorf("got %+v", r)
		}
		for i, a := range r.Apps {
			if a.SubAppId != o.SubAppIds[i] || a.Confirmed != 1000*i || b.Pending(a.SubAppId) != 0 {
				t.Errorf("got %+v", a)
			}
		}
		if n := b.Busiest("PullEvents"); n > 100 {
			t.Errorf("%d pulls in one second", n)
		}
	})
}

// VOD refuses the queue of one application; the other's is drained.
func TestAnApplicationThatFailsStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{SubAppIds: []uint64{7}})
		b.queue(7, 20)
		o := b.options()
		o.SubAppIds = []uint64{6, 7}
		r := b.drain(time.Minute, o)
		if r.Confirmed != 20 || r.Stopped != Failed || r.Error == "" || r.Apps[1].Stopped != Empty {
			t.Errorf("got %+v", r)
		}
	})
}

func TestTheLoopEndsOnlyWhenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		ctx, stop := context.WithCancel(t.Context())
		o := b.options()
		o.Until = UntilStopped
		var latency time.Duration
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			time.Sleep(time.Second) // of the bubble
			return all(deliver.Delivered, events)
		}
		b.Next("PullEvents", slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 10)...)
		done := make(chan Result)
		go func() {
			r, err := Drain(ctx, o)
			if err != nil {
				t.Error(err)
			}
			done <- r
		}()
		time.Sleep(time.Minute) // of the bubble, as all here
		b.queue(0, 1)
		sent := time.Now()
		for b.Pending(0) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		latency = time.Since(sent)
		if latency > 1200*time.Millisecond {
			t.Errorf("an event took %v, of which its delivery is 1 s", latency)
		}
		b.queue(0, 50)
		time.Sleep(500 * time.Millisecond)
		stop()
		r := <-done
		if took := time.Since(sent); took > 10*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if r.Stopped != Empty || r.Left != 0 || r.Confirmed != r.Delivered || r.Confirmed < 17 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestARateOfZeroPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		o := b.options()
		o.Rate = 0
		if r := b.drain(time.Minute, o); r.Polls != 0 {
			t.Errorf("got %+v", r)
		}
	})
}

// An application with a backlog does not keep the others waiting, an empty one
// does not end their pulling, and each event carries its application's SubAppId.
func TestApplicationsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(1, 400)
		b.queue(2, 16)
		batches := 0
		var second atomic.Int64
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			batches++
			if events[0].SubAppId == 2 {
				second.CompareAndSwap(0, int64(batches))
			}
			for _, e := range events {
				if want := fmt.Sprintf("%d-", e.SubAppId); e.Subject[:2] != want {
					t.Errorf("event %s has the SubAppId %d", e.Subject, e.SubAppId)
				}
			}
			time.Sleep(time.Second) // of the bubble
			return all(deliver.Delivered, events)
		}
		o := b.options()
		o.Concurrency = 1
		o.SubAppIds = []uint64{1, 2, 3}
		r := b.drain(5*time.Minute, o)
		if n := second.Load(); n == 0 || n > 3 {
			t.Errorf("the second application's turn came with batch %d", n)
		}
		if r.Confirmed != 416 || r.Stopped != Empty {
			t.Errorf("got %+v", r)
		}
	})
}

// In the loop no failure ends the pulling. A sink that is down gets one batch at
// a time, and both it and an API that fails are tried less and less often.
func TestTheLoopSlowsDownInTrouble(t *testing.T) {
	loop := func(b *bench) {
		ctx, cancel := context.WithCancel(b.t.Context())
		time.AfterFunc(time.Minute, cancel)
		o := b.options()
		o.Until = UntilStopped
		if _, err := Drain(ctx, o); err != nil {
			b.t.Error(err)
		}
	}
	t.Run("a sink is down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, vodfake.Options{})
			b.queue(0, 2000)
			var mu sync.Mutex
			down, running, together := false, 0, 0
			b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
				mu.Lock()
				if running++; down && running > 1 {
					together++
				}
				mu.Unlock()
				time.Sleep(time.Second) // of the bubble
				mu.Lock()
				running--
				down = true
				mu.Unlock()
				return sinkDown(events)
			}
			loop(b)
			if n := len(b.Calls("PullEvents")); together > 0 || n > 40 {
				t.Errorf("%d batches met others, %d pulls", together, n)
			}
		})
	})
	t.Run("the API refuses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, vodfake.Options{})
			b.Next("PullEvents", slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail}}, 10_000)...)
			loop(b)
			if n := len(b.Calls("PullEvents")); n < 10 || n > 40 {
				t.Errorf("%d pulls in a minute", n)
			}
		})
	})
}

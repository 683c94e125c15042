package lease

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

func TestAnEventThatFailsLeavesOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 16)
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			results := all(deliver.Delivered, events)
			results[3].Fate = deliver.Left
			results[5].Fate = deliver.Duplicate
			results[7].Fate = deliver.Parked
			results[9].Fate = deliver.Claimed
			results[11].Fate = deliver.Unwanted
			return results
		}
		r := b.drain(20*time.Second, b.options())
		want := Counts{Pulled: 16, Delivered: 11, Duplicates: 1, Unwanted: 1, Parked: 1, Confirmed: 14, Left: 2, Stopped: Empty, Polls: r.Polls, ElapsedMs: r.ElapsedMs}
		if r.Counts != want {
			t.Errorf("got %+v", r)
		}
		if b.Pending(0) != 2 {
			t.Errorf("%d pending", b.Pending(0))
		}
	})
}

// An element without a handle cannot be confirmed, but it must not be lost.
func TestElementsWithoutHandleAreDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		b.Next("PullEvents", vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"EventSet":[{"EventType":"X","P":{"FileId":"x"}},null,7],"RequestId":"r"}}`})
		var types []string
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			for _, e := range events {
				types = append(types, e.Type)
			}
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Pulled != 4 || r.Delivered != 4 || r.Confirmed != 1 || r.Left != 3 {
			t.Errorf("got %+v", r)
		}
		if want := []string{"X", event.TypeUnparsed, event.TypeUnparsed, "NewFileUpload"}; !slices.Equal(types, want) {
			t.Errorf("delivered %q, want %q", types, want)
		}
	})
}

// An event that is not confirmed comes back exactly when its lease ends.
func TestWhatIsLeftComesBackAfterItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		start := time.Now()
		var seen []time.Duration
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			seen = append(seen, time.Since(start))
			if len(seen) == 1 {
				return all(deliver.Left, events)
			}
			return all(deliver.Delivered, events)
		}
		o := b.options()
		o.Until = UntilDeadline
		r := b.drain(time.Minute, o)
		if len(seen) != 2 || seen[1] != vod.Lease {
			t.Errorf("delivered after %v", seen)
		}
		if r.Pulled != 2 || r.Confirmed != 1 || r.Left != 1 {
			t.Errorf("got %+v", r)
		}
	})
}

// A delivery may take nearly all of the lease. Its context ends in time for the
// confirm.
func TestADeliveryEndsInTimeForItsConfirm(t *testing.T) {
	for _, tt := range []struct {
		takes     time.Duration
		confirmed int
	}{{27 * time.Second, 16}, {29 * time.Second, 0}} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 16)
				b.deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
					select {
					case <-time.After(tt.takes):
						return all(deliver.Delivered, events)
					case <-ctx.Done():
						return all(deliver.Left, events)
					}
				}
				r := b.drain(time.Minute, b.options())
				if r.Confirmed != tt.confirmed || r.Left != 16-tt.confirmed {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

func TestSinkDownStopsThePulling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1000)
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			return sinkDown(events)
		}
		r := b.drain(time.Minute, b.options())
		if r.Stopped != SinkDown || r.Pulled > 100 || r.Left != r.Pulled || r.Delivered != 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestADeliveryThatPanicsLeavesItsBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 20)
		first := true
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			if first {
				first = false
				panic("a bug")
			}
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Pulled != 20 || r.Left != 16 || r.Confirmed != 4 {
			t.Errorf("got %+v", r)
		}
	})
}

// A delivery that ignores its context costs its own events; the invocation still
// answers in time.
func TestADeliveryThatNeverReturnsCostsItsOwnBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		release := make(chan struct{})
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			<-release
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Left != 1 || r.Confirmed != 0 {
			t.Errorf("got %+v", r)
		}
		close(release)
	})
}

// VOD's clock jumps by an hour in the middle of a drain. All leases are over, the
// confirms under way are refused, and their events come again.
func TestEventsComeAgainAfterVODsClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 1000)
		b.dawdle(200 * time.Millisecond)
		time.AfterFunc(500*time.Millisecond, func() { b.FastForward(time.Hour) })
		r := b.drain(time.Minute, b.options())
		if r.Confirmed != 1000 || len(b.delivered) != 1000 || b.Pending(0) != 0 {
			t.Errorf("%d delivered, %d pending, %+v", len(b.delivered), b.Pending(0), r)
		}
		// At most 16 batches were delivered, and as many waited for a confirm.
		if r.Left == 0 || r.Left > 2*16*16 {
			t.Errorf("%d events were leased when the clock jumped", r.Left)
		}
	})
}

// Three batches in a row that met a sink that is down end an invocation. Two and
// then a good one do not.
func TestAGoodBatchForgivesASinkThatWasDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 30*16)
		n := 0
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			if n++; n%3 != 0 && n <= 30 {
				return sinkDown(events)
			}
			return all(deliver.Delivered, events)
		}
		o := b.options()
		o.Concurrency = 1
		if r := b.drain(time.Minute, o); r.Stopped != Empty || r.Delivered != 10*16 {
			t.Errorf("got %+v", r)
		}
	})
}

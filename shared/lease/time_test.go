package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// VOD may hold a poll for 5 s before it leases an event, and does not say when it
// did. So all times count from when the poll was sent.
func TestLeaseCountsFromThePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		start := time.Now()
		time.AfterFunc(4*time.Second, func() { b.queue(0, 1) })
		var until time.Time
		b.deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
			until, _ = ctx.Deadline()
			return all(deliver.Delivered, events)
		}
		b.Next("ConfirmEvents", slices.Repeat([]vodfake.Fault{{Kind: vodfake.Drop}}, 1000)...)
		b.drain(time.Minute, b.options())
		if got := until.Sub(start); got != 28*time.Second {
			t.Errorf("the delivery had until %v", got)
		}
		for _, c := range b.Calls("ConfirmEvents") {
			if at := c.Time.Sub(start); at > 30*time.Second {
				t.Errorf("confirmed %v after the pull", at)
			}
		}
	})
}

// Near its end an invocation starts no pull and keeps time to confirm.
func TestNoPullStartsNearTheEnd(t *testing.T) {
	for _, tt := range []struct{ timeout, lastPull, pullsEnd time.Duration }{
		{3 * time.Second, 1250 * time.Millisecond, 2250 * time.Millisecond},
		{12 * time.Second, 8 * time.Second, 9 * time.Second},
		{time.Minute, 54 * time.Second, 55 * time.Second},
		{900 * time.Second, 894 * time.Second, 895 * time.Second},
	} {
		t.Run(tt.timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				start := time.Now()
				// An event now and then, so that the polls end at different times.
				var feeder sync.WaitGroup
				defer feeder.Wait()
				feeder.Go(func() {
					for time.Since(start) < tt.timeout {
						time.Sleep(700 * time.Millisecond) // of the bubble
						b.queue(0, 1)
					}
				})
				o := b.options()
				o.Until = UntilDeadline
				b.drain(tt.timeout, o)
				for _, c := range b.Calls("PullEvents") {
					if at := c.Time.Sub(start); at >= tt.lastPull || at+c.Took > tt.pullsEnd {
						t.Errorf("a pull at %v took %v", at, c.Took)
					}
				}
			})
		})
	}
}

// hung is a sink and a store that answer only when their context ends.
type hung struct{ deliver.Off }

func (*hung) Send(ctx context.Context, events []*event.Event) []error {
	<-ctx.Done()
	return deliver.FailAll(len(events), ctx.Err())
}

func (*hung) Claim(ctx context.Context, _ string, _ []string, _ time.Duration, _ bool) ([]deliver.Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (*hung) Settle(ctx context.Context, _ string, _ []deliver.Outcome) error {
	<-ctx.Done()
	return ctx.Err()
}

// Whatever hangs, an invocation answers in time. Nothing of it runs afterwards,
// because SCF freezes the instance.
func TestNothingRunsAfterTheAnswer(t *testing.T) {
	always := func(k vodfake.FaultKind) []vodfake.Fault { return slices.Repeat([]vodfake.Fault{{Kind: k}}, 10_000) }
	tests := map[string]func(*bench, *deliver.Pipeline){
		"nothing":     func(*bench, *deliver.Pipeline) {},
		"a sink":      func(_ *bench, p *deliver.Pipeline) { p.Sinks = []deliver.Sink{new(hung), p.Sinks[0]} },
		"the store":   func(_ *bench, p *deliver.Pipeline) { p.Store = new(hung) },
		"a pull":      func(b *bench, _ *deliver.Pipeline) { b.Next("PullEvents", always(vodfake.Hang)...) },
		"a confirm":   func(b *bench, _ *deliver.Pipeline) { b.Next("ConfirmEvents", always(vodfake.Hang)...) },
		"all but one": func(b *bench, _ *deliver.Pipeline) { b.Next("ConfirmEvents", always(vodfake.Limit)...) },
		"the handler": func(_ *bench, p *deliver.Pipeline) {
			p.Handler = func(ctx context.Context, _ *event.Event) error { <-ctx.Done(); return ctx.Err() }
		},
		"the dead letters": func(_ *bench, p *deliver.Pipeline) {
			p.Handler = func(context.Context, *event.Event) error { return deliver.Permanent(errors.New("never")) }
			p.DeadLetter = new(hung)
		},
	}
	for name, hang := range tests {
		for _, timeout := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 12 * time.Second, time.Minute} {
			t.Run(fmt.Sprint(name, timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
					b.queue(0, 100)
					fine := &ledger{has: make(map[string]int64), faulty: func(float64) bool { return false }}
					p := &deliver.Pipeline{Sinks: []deliver.Sink{fine}, Store: deliver.NewMemory(), MaxAttempts: 5}
					hang(b, p)
					o := b.options()
					o.Deliver = p.Deliver
					ctx, cancel := context.WithTimeout(t.Context(), timeout)
					defer cancel()
					start := time.Now()
					_, _ = Drain(ctx, o) // an error is an answer, too
					took := time.Since(start)
					synctest.Wait()
					stacks := make([]byte, 1<<20)
					stacks = stacks[:runtime.Stack(stacks, true)]
					if bytes.Contains(stacks, []byte("lease.(*engine)")) {
						t.Errorf("still running: %s", stacks)
					}
					if took > timeout-250*time.Millisecond {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
}

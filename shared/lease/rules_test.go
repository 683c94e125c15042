package lease

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
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

// A poll may be held for 5 s before VOD leases an event. Nobody can tell when
// it did, so all times count from when the poll was sent.
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

// Near its end an invocation pulls no more and keeps time to confirm.
func TestEndOfTheInvocation(t *testing.T) {
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
				// An event now and then, so that polls do not end in step.
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

// hung is a sink, or a store, that answers only when its context ends.
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

// Whatever hangs, an invocation answers in time, and nothing of it runs then:
// SCF freezes the instance.
func TestNothingRunsAfterwards(t *testing.T) {
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

// Three batches in a row that met a sink that is down end an invocation; two
// and a good one do not.
func TestSinkDownInARow(t *testing.T) {
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

// In the loop nothing ends the pulling, but a sink that is down, or an API that
// refuses, is asked by one batch at a time and ever more rarely.
func TestLoopInTrouble(t *testing.T) {
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

// An API that answers at once that nothing waits, instead of holding the poll,
// is not asked a hundred times a second.
func TestPollThatIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.Control("PullEvents", func(*vodfake.Call) *vodfake.Fault {
			return &vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"EventSet":null,"RequestId":"r"}}`}
		})
		o := b.options()
		o.Until = UntilDeadline
		if r := b.drain(time.Minute, o); r.Polls < 50 || r.Polls > 60 {
			t.Errorf("got %+v", r)
		}
	})
}

// RequestLimitExceeded is about the account: both actions pause.
func TestLimitPausesBoth(t *testing.T) {
	for action, other := range map[string]string{"PullEvents": "ConfirmEvents", "ConfirmEvents": "PullEvents"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, vodfake.Options{})
			b.queue(0, 1000)
			b.dawdle(60 * time.Millisecond) // so that there is something to confirm in the pause
			b.Next(action, append(make([]vodfake.Fault, 5), vodfake.Fault{Kind: vodfake.Limit})...)
			b.drain(time.Minute, b.options())
			var limited time.Time
			for _, c := range b.Calls(action) {
				if c.Fault == vodfake.Limit {
					limited = c.Time
				}
			}
			var next time.Time
			for _, c := range b.Calls(other) {
				if c.Time.After(limited) {
					next = c.Time
					break
				}
			}
			if pause := next.Sub(limited); limited.IsZero() || pause < 90*time.Millisecond || pause > time.Second {
				t.Errorf("%s was limited, %s followed %v later", action, other, pause)
			}
		})
	}
}

// Keys that may not confirm end the pulling: what is pulled comes back anyway.
func TestNoRightToConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 2000)
		b.Next("ConfirmEvents", slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 1000)...)
		o := b.options()
		o.Concurrency = 1
		if r := b.drain(time.Minute, o); r.Stopped != Failed || r.Error != "UnauthorizedOperation" || r.Pulled > 200 {
			t.Errorf("got %+v", r)
		}
	})
}

// A confirm without an answer is asked again after 3 s, not at the client's own
// timeout.
func TestConfirmTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		b.Next("ConfirmEvents", vodfake.Fault{Kind: vodfake.Hang})
		b.drain(time.Minute, b.options())
		calls := b.Calls("ConfirmEvents")
		if len(calls) != 2 || calls[1].Time.Sub(calls[0].Time) > 4*time.Second {
			t.Errorf("got %+v", calls)
		}
	})
}

// confirms returns how many handles each ConfirmEvents has named so far.
func (b *bench) confirms() (sizes func() []int) {
	var mu sync.Mutex
	var all []int
	b.Control("ConfirmEvents", func(c *vodfake.Call) *vodfake.Fault {
		var p struct{ EventHandles []string }
		if err := json.Unmarshal(c.Body, &p); err != nil {
			b.t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, len(p.EventHandles))
		return nil
	})
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// refuse has VOD refuse every confirm that names the handle of a subject.
func (b *bench) refuse(subject, code string) {
	var mu sync.Mutex
	poison := "no handle yet"
	take := b.deliver
	b.deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
		for _, e := range events {
			if e.Subject == subject {
				mu.Lock()
				poison = `"` + e.Handle + `"`
				mu.Unlock()
			}
		}
		if take != nil {
			return take(ctx, events)
		}
		return all(deliver.Delivered, events)
	}
	b.Control("ConfirmEvents", func(c *vodfake.Call) *vodfake.Fault {
		mu.Lock()
		defer mu.Unlock()
		if bytes.Contains(c.Body, []byte(poison)) {
			return &vodfake.Fault{Kind: vodfake.Fail, Code: code}
		}
		return nil
	})
}

// A code that says nothing of keys, limits or VOD's own trouble is about the
// handles, whatever it is: each is then confirmed alone, and the one that is
// refused alone is left.
func TestRefusedHandleCostsOnlyItself(t *testing.T) {
	for _, code := range []string{"InvalidParameterValue", "4000", "ResourceNotFound", "FailedOperation", "LimitExceeded", "NeverHeardOf"} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 16)
				sizes := b.confirms()
				b.refuse("0-7", code)
				r := b.drain(20*time.Second, b.options())
				want := append([]int{16}, slices.Repeat([]int{1}, 16)...)
				if got := sizes(); r.Confirmed != 15 || r.Left != 1 || !slices.Equal(got, want) {
					t.Errorf("calls of %d handles, %+v", got, r)
				}
			})
		})
	}
}

// Whatever the code, a group that VOD answered three times without success is
// confirmed handle by handle; so a handle that VOD stumbles over costs only
// itself, and not its neighbours' leases.
func TestHandleThatVODStumblesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 16)
		sizes := b.confirms()
		b.refuse("0-7", "InternalError")
		r := b.drain(20*time.Second, b.options())
		want := []int{16, 16, 16, 1}
		if got := sizes(); r.Confirmed != 15 || r.Left != 1 || len(got) < 19 || !slices.Equal(got[:4], want) {
			t.Errorf("calls of %d handles, %+v", got, r)
		}
	})
}

// A handle that comes twice in one answer is named once, and not at all while
// one of its events is not safe: a confirm would take both out of the queue.
func TestHandleTwiceInAnAnswer(t *testing.T) {
	element := func(handle, file string) string {
		return fmt.Sprintf(`{"EventHandle":%q,"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q}}`, handle, file)
	}
	for name, tt := range map[string]struct {
		fails     string
		confirmed int
		body      string
	}{
		"both are safe":   {"", 3, `"EventHandles":["same","other"]`},
		"the first fails": {"a", 1, `"EventHandles":["other"]`},
		"the last fails":  {"b", 1, `"EventHandles":["other"]`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.Next("PullEvents", vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"EventSet":[` +
					element("same", "a") + "," + element("other", "c") + "," + element("same", "b") + `],"RequestId":"r"}}`})
				var bodies []string
				b.Control("ConfirmEvents", func(c *vodfake.Call) *vodfake.Fault {
					bodies = append(bodies, string(c.Body))
					return &vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"RequestId":"r"}}`}
				})
				b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
					results := all(deliver.Delivered, events)
					for i, e := range events {
						if e.Subject == tt.fails {
							results[i].Fate = deliver.Left
						}
					}
					return results
				}
				r := b.drain(20*time.Second, b.options())
				if want := []string{"{" + tt.body + "}"}; !slices.Equal(bodies, want) {
					t.Errorf("confirmed by %q, want %q", bodies, want)
				}
				if r.Confirmed != tt.confirmed || r.Left != 3-tt.confirmed {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// Pulls that flew together and failed together are one failure, not sixteen.
func TestPullsThatFailTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 300 * time.Millisecond})
		b.queue(0, 3000)
		b.Next("PullEvents", append(make([]vodfake.Fault, 40), slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail}}, 16)...)...)
		if r := b.drain(time.Minute, b.options()); r.Stopped != Empty || r.Confirmed != 3000 {
			t.Errorf("got %+v", r)
		}
	})
}

// An application with a backlog leaves the others their turns, one that is
// empty does not end theirs, and each event says whose it is.
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

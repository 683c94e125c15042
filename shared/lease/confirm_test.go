package lease

import (
	"bytes"
	"context"
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

func TestWhatAFailedConfirmLeaves(t *testing.T) {
	tests := map[string]struct {
		faults            []vodfake.Fault
		pulled, confirmed int
	}{
		// The stand-in takes a stale handle's lease away, so its event comes again.
		"one stale handle costs only itself":      {[]vodfake.Fault{{Kind: vodfake.Stale}}, 17, 16},
		"a gateway in trouble":                    {[]vodfake.Fault{{Kind: vodfake.Status}, {Kind: vodfake.Drop}, {Kind: vodfake.Fail}}, 16, 16},
		"too many calls":                          {[]vodfake.Fault{{Kind: vodfake.Limit}, {Kind: vodfake.Limit}}, 16, 16},
		"no answer for 3 s":                       {[]vodfake.Fault{{Kind: vodfake.Hang}}, 16, 16},
		"a lost answer leaves all of them":        {[]vodfake.Fault{{Kind: vodfake.Lost}}, 16, 0},
		"the keys lack the right to confirm":      {[]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 16, 0},
		"refused twice, as a group and one of it": {[]vodfake.Fault{{Kind: vodfake.Stale}, {Kind: vodfake.Fail}}, 17, 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 16)
				b.Next("ConfirmEvents", tt.faults...)
				r := b.drain(time.Minute, b.options())
				if r.Delivered != tt.pulled || r.Confirmed != tt.confirmed || r.Left != tt.pulled-tt.confirmed {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// If a confirm has no answer when the oldest lease of its group ends, it is
// repeated for the handles with more time, whether the group was confirmed
// together or one by one.
func TestConfirmOutlivesTheOldestLease(t *testing.T) {
	silent := slices.Repeat([]vodfake.Fault{{Kind: vodfake.Hang}}, 16)
	for name, faults := range map[string][]vodfake.Fault{
		"no answers for the group": silent[:2],
		"no answers one by one":    append([]vodfake.Fault{{Kind: vodfake.Fail, Code: "InvalidParameterValue"}}, silent...),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 1)
				var second atomic.Bool
				b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
					if !second.Swap(true) {
						time.Sleep(27 * time.Second) // of the bubble
					}
					return all(deliver.Delivered, events)
				}
				time.AfterFunc(27*time.Second-20*time.Millisecond, func() { b.queue(0, 15) }) // they wait 50 ms for others
				b.Next("ConfirmEvents", faults...)
				o := b.options()
				o.Until = UntilDeadline
				// The first event's lease ends under way, so it comes twice.
				if r := b.drain(50*time.Second, o); r.Pulled != 17 || r.Confirmed != 16 || r.Left != 1 {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// A confirm without an answer is repeated after 3 s, and not only when the
// client's own timeout of 10 s is over.
func TestAConfirmWithoutAnAnswerIsRepeatedAfter3s(t *testing.T) {
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

// Without the right to confirm, everything that is pulled would come back.
func TestNoRightToConfirmStopsThePulling(t *testing.T) {
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

// RequestLimitExceeded is about the account, so both actions pause.
func TestALimitPausesBothActions(t *testing.T) {
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

// refuse makes VOD refuse every confirm that names the handle of the subject.
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

// A code that is not about keys, limits or a failure of VOD must be about the
// handles. Each is then confirmed alone, and only the one that is refused is
// left.
func TestARefusedHandleCostsOnlyItself(t *testing.T) {
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

// A handle may make VOD fail with a code that asks for another try. After three
// such answers to a group each handle is confirmed alone, or that handle would
// cost its neighbors their leases.
func TestAHandleThatVODFailsOnCostsOnlyItself(t *testing.T) {
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

// A handle that comes twice in one answer is named once, and not at all if one of
// its two events is not safe: a confirm would take both out of the queue.
func TestAHandleGivenTwiceIsConfirmedOnceAllItsEventsAreSafe(t *testing.T) {
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

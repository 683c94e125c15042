package lease

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// receiver is a webhook that answers 500 to the events that bad names.
type receiver struct {
	counter
	bad func(subject string) bool
}

func (r *receiver) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	for i, e := range events {
		if r.bad(e.Subject) {
			errs[i] = deliver.Answered(500, errors.New("answers 500"), 0)
			continue
		}
		errs[i] = r.counter.Send(ctx, events[i:i+1])[0]
	}
	return errs
}

func newReceiver(bad func(string) bool) *receiver {
	return &receiver{counter: counter{fail: func(context.Context) error { return nil }, has: make(map[string]int)}, bad: bad}
}

// A receiver answers 500 to 60 of 960 events, wherever they are in the queue. All
// others come through in the first invocation, and the 60 are parked at their
// last attempt.
func TestBadEventsCostOnlyThemselves(t *testing.T) {
	for name, bad := range map[string]func(n int) bool{
		"one in each batch": func(n int) bool { return n%16 == 7 },
		"four in every 64":  func(n int) bool { return n%64 < 4 },
		"fifteen in a row":  func(n int) bool { return n%240 < 15 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
				b.queue(0, 960)
				sink := newReceiver(func(subject string) bool {
					_, digits, _ := strings.Cut(subject, "-")
					n, err := strconv.Atoi(digits)
					return err != nil || bad(n)
				})
				dead := newReceiver(func(string) bool { return false })
				store := deliver.NewMemory()
				invoke := func() Result {
					p := &deliver.Pipeline{Sinks: []deliver.Sink{sink}, DeadLetter: dead, Store: store, MaxAttempts: 5}
					o := b.options()
					o.Deliver = p.Deliver
					return b.drain(time.Minute, o)
				}
				if r := invoke(); r.Delivered != 900 || r.Confirmed != 900 || r.Left != r.Pulled-900 {
					t.Errorf("the first invocation: %+v", r)
				}
				for invocations := 1; b.Pending(0) > 0; invocations++ {
					if invocations > 12 {
						t.Fatalf("%d events are left after %d invocations", b.Pending(0), invocations)
					}
					time.Sleep(vodfake.Lease) // of the bubble: they come again
					invoke()
				}
				if len(sink.has) != 900 || len(dead.has) != 60 {
					t.Errorf("%d came through, %d were parked", len(sink.has), len(dead.has))
				}
			})
		})
	}
}

// If a sink asks to be left alone for a while, no batch of the invocation goes to
// it before, and no event is pulled. An invocation that ends before stops at
// once.
func TestASinkIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 1000)
		start := time.Now()
		var sends []time.Duration
		sink := newReceiver(nil)
		sink.fail = func(context.Context) error { return nil }
		busy := &busySink{receiver: sink, sends: &sends, start: start}
		p := &deliver.Pipeline{Sinks: []deliver.Sink{busy}, Store: deliver.NewMemory(), MaxAttempts: 5}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		o := b.options()
		o.Until, o.Deliver = UntilStopped, p.Deliver
		if _, err := Drain(ctx, o); err != nil {
			t.Error(err)
		}
		if len(sends) > 3 {
			t.Errorf("it was sent to at %v", sends)
		}
		if n := len(b.Calls("PullEvents")); n > 60 {
			t.Errorf("%d pulls in a minute", n)
		}

		time.Sleep(time.Hour)
		b.FastForward(vodfake.Lease)
		began := time.Now()
		p = &deliver.Pipeline{Sinks: []deliver.Sink{busy}, Store: deliver.NewMemory(), MaxAttempts: 5}
		o.Until, o.Deliver = UntilEmpty, p.Deliver
		if r := b.drain(20*time.Second, o); r.Stopped != SinkDown || time.Since(began) > 2*time.Second {
			t.Errorf("%+v after %v", r, time.Since(began))
		}
	})
}

// busySink answers 429 with a Retry-After of 30 s.
type busySink struct {
	*receiver
	start time.Time
	sends *[]time.Duration
}

func (s *busySink) Send(_ context.Context, events []*event.Event) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.sends = append(*s.sends, time.Since(s.start))
	return deliver.FailAll(len(events), deliver.Answered(429, errors.New("answers 429"), 30*time.Second))
}

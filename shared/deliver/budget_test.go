package deliver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// A database that hangs and a kept connection that went silent leave a second
// try within the 5 s that VOD waits for the answer to a callback.
func TestTriesOfACallbackFitTwiceIntoVODsFiveSeconds(t *testing.T) {
	for range 20 { // pauses are random
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			start := time.Now()
			s := &silentOnce{script: script{delay: time.Second}}
			p := &Pipeline{Way: Pushed, Sinks: []Sink{s}, Store: &hungStore{}}
			if got := fate(t, p, ctx, upload(0)); got != Delivered || time.Since(start) > 5*time.Second {
				t.Errorf("%v after %v", got, time.Since(start))
			}
		})
	}
}

// silentOnce does not answer its first Send, and the others after a while.
type silentOnce struct {
	script
	asked bool
}

func (s *silentOnce) Send(ctx context.Context, events []*event.Event) []error {
	if !s.asked {
		s.asked = true
		<-ctx.Done()
		return FailAll(len(events), ctx.Err())
	}
	return s.script.Send(ctx, events)
}

// A receiver that is just slow gets an event all the same.
func TestASlowSinkGetsTheTimeOfALaterTry(t *testing.T) {
	for way, takes := range map[Way]time.Duration{Pushed: 8 * time.Second, Pulled: 11 * time.Second, Replayed: 11 * time.Second} {
		timeout := 15 * time.Second
		if way != Pushed {
			timeout = 28 * time.Second // of a lease
		}
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			p := &Pipeline{Way: way, Sinks: []Sink{&script{delay: takes}}, Store: NewMemory()}
			if got := fate(t, p, ctx, upload(0)); got != Delivered {
				t.Errorf("way %v, a sink that takes %v: %v", way, takes, got)
			}
		})
	}
}

// Two tries of a sink that hangs fit into what a lease leaves.
func TestTriesOfAPullFitTwiceIntoTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), 28*time.Second)
		defer cancel()
		d := newBudget(ctx, Pulled)
		work, cancel := d.working(ctx)
		defer cancel()
		for try := range 2 {
			one, cancel := d.trying(work, try)
			<-one.Done()
			cancel()
			if work.Err() != nil {
				t.Errorf("try %d ended with the time of all", try)
			}
		}
	})
}

// Whatever the timeout, the steps end in their order and leave the next one
// something.
func TestEachStepLeavesTimeForTheNext(t *testing.T) {
	for _, timeout := range []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second, 15 * time.Second, 28 * time.Second, 900 * time.Second} {
		for way := range ways {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				b := newBudget(ctx, Way(way))
				work, cancel := b.working(ctx)
				defer cancel()
				ends := []time.Time{time.Now()}
				for _, step := range []func(context.Context) (context.Context, context.CancelFunc){b.claiming, b.handling} {
					of, cancel := step(work)
					end, _ := of.Deadline()
					ends = append(ends, end)
					cancel()
				}
				ends = append(ends, b.work)
				<-work.Done()
				dead, cancel := b.burying(ctx)
				defer cancel()
				end, _ := dead.Deadline()
				ends = append(ends, end, b.end)
				for i := range ends[1:] {
					if part := ends[i+1].Sub(ends[i]); part < timeout/100 && part < 100*time.Millisecond {
						t.Errorf("timeout %v: step %d has %v", timeout, i, part)
					}
				}
			})
		}
	}
}

func TestBeforeAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for timeout, want := range map[time.Duration]time.Duration{
			2 * time.Second: 100 * time.Millisecond, 10 * time.Second: 500 * time.Millisecond, time.Minute: 500 * time.Millisecond,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			end, _ := ctx.Deadline()
			before, cancel := BeforeAnswer(ctx)
			defer cancel()
			if got, _ := before.Deadline(); end.Sub(got) != want {
				t.Errorf("of %v %v are for the answer, want %v", timeout, end.Sub(got), want)
			}
		}
		ctx, cancel := BeforeAnswer(t.Context())
		defer cancel()
		if _, ok := ctx.Deadline(); ok {
			t.Error("a deadline out of nothing")
		}
	})
}

// Dead letters have only what a callback's last moments leave. One that has to
// be dialled first gets all of it, and not half.
func TestDeadLettersGetTheTimeToDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		dead := &script{delay: 700 * time.Millisecond}
		p := &Pipeline{Way: Pushed, Sinks: []Sink{answers(refused, "0")}, DeadLetter: dead, Store: NewMemory()}
		if got := fate(t, p, ctx, upload(0)); got != Parked || len(dead.all) != 1 {
			t.Errorf("%v, %d dead letters", got, len(dead.all))
		}
	})
}

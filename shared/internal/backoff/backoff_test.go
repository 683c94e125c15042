package backoff

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPauseDoublesUpToItsBound(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{
		-1: 100 * time.Millisecond, 0: 100 * time.Millisecond, 1: 100 * time.Millisecond,
		2: 200 * time.Millisecond, 5: 1600 * time.Millisecond, 6: 3 * time.Second, 1000: 3 * time.Second,
	} {
		for range 1000 {
			if d := Pause(failures, 100*time.Millisecond, 3*time.Second); d < want/2 || d > want {
				t.Errorf("after %d failures: %v, want between %v and %v", failures, d, want/2, want)
			}
		}
	}
}

func TestPauseIsRandom(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[Pause(3, time.Second, time.Minute)] = true
	}
	if len(seen) < 10 {
		t.Errorf("100 pauses have only %d lengths", len(seen))
	}
}

// Sleep does not begin a pause that ctx would cut short, and ends with ctx.
func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, c := range []struct {
			d, took time.Duration
			whole   bool
		}{{30 * time.Second, 30 * time.Second, true}, {30 * time.Second, 0, false}, {29 * time.Second, 29 * time.Second, true}} {
			start := time.Now()
			if whole := Sleep(ctx, c.d); whole != c.whole || time.Since(start) != c.took {
				t.Errorf("%v: %t after %v", c.d, whole, time.Since(start))
			}
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if Sleep(ctx, time.Hour) || time.Since(start) != time.Second {
			t.Errorf("canceled: after %v", time.Since(start))
		}
	})
}

package backoff

import (
	"testing"
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

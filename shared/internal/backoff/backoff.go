// Package backoff waits before another try.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pause is the time to wait after so many failures in a row: least after the
// first, doubled by each further one up to most. Half of it is random, so that
// instances which failed together do not come back together. It is less than
// most, and at least half of least.
func Pause(failures int, least, most time.Duration) time.Duration {
	d := min(least<<min(max(failures, 1)-1, 20), most)
	return d/2 + rand.N(max(d/2, 1))
}

// Sleep waits for d. It returns false, at once, if ctx would end first.
func Sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Package backoff says how long to wait before another try.
package backoff

import (
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

package sqltable

import (
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/deliver"
)

// SortedOutcomes are the outcomes in the order of their ids, in which every
// statement locks its rows.
func SortedOutcomes(outcomes []deliver.Outcome) []deliver.Outcome {
	return slices.SortedFunc(slices.Values(outcomes), func(a, b deliver.Outcome) int {
		return strings.Compare(a.ID, b.ID)
	})
}

// Old rows of a store go once a minute, or every 64 settles: these are at most
// 1024 rows more, so that tidying keeps up with any load in small portions.
const (
	TidyEvery   = time.Minute
	TidySettles = 64
	TidyRows    = 2048
)

// Tidying says when an instance removes old rows. The zero value is ready.
type Tidying struct {
	mu      sync.Mutex
	tidied  time.Time
	settles int // since
}

// IsDue is called once a settle.
func (t *Tidying) IsDue(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.settles++
	if now.Sub(t.tidied) < TidyEvery && t.settles < TidySettles {
		return false
	}
	t.tidied, t.settles = now, 0
	return true
}

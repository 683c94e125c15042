package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/internal/safeurl"
)

// readier is a sink or a store that can say whether it would take something now,
// without taking anything. All have it except those that have nothing to ask:
// stdout:, memory: and off.
type readier interface {
	Ready(context.Context) error
}

// readyTime is how long a sink or a store has to answer.
const readyTime = 3 * time.Second

// Ready asks every sink and the store that are open, side by side, whether they
// would take something now, and returns nil if all would. The error names the
// variable, scheme and host of those that do not answer, and why.
func (o *Outlets) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []string
	ask := func(name string, outlet any) {
		r, ok := outlet.(readier)
		if !ok {
			return
		}
		all.Go(func() {
			if err := r.Ready(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Sprintf("%s: %v", strings.TrimSuffix(name, ":"), err))
			}
		})
	}
	o.mu.Lock()
	ask("DEDUP "+safeurl.Show(o.url), o.store)
	for u, s := range o.sinks {
		ask("sink "+safeurl.Show(u), s)
	}
	o.mu.Unlock()
	all.Wait()
	if len(failed) == 0 {
		return nil
	}
	slices.Sort(failed)
	return errors.New(strings.Join(failed, "; "))
}

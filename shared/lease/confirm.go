package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vodevents/shared/vod"
)

// confirm confirms a group of at most 16 handles while its oldest lease lives.
// A group that is refused goes on handle by handle, so that one that is stale
// does not cost its neighbours; when the oldest lease ends first, those that
// have more time are ready again.
func (e *engine) confirm(a *app, group []handle, lease time.Time) {
	names := make([]string, len(group))
	for i, h := range group {
		names[i] = h.name
	}
	err := e.confirmNames(a, names, lease)
	confirmed := 0
	var again []handle
	switch {
	case err == nil:
		confirmed = len(names)
	case errors.Is(err, vod.ErrBadHandle) && len(names) > 1:
		alone := make([]error, len(names))
		var wg sync.WaitGroup
		for i := range names {
			wg.Go(func() { alone[i] = e.confirmNames(a, names[i:i+1], group[i].lease) })
		}
		wg.Wait()
		err = errors.Join(alone...)
		for _, one := range alone {
			if one == nil {
				confirmed++
			}
		}
	case errors.Is(err, errNoTime) && e.before(lease, confirmSpare).Equal(lease):
		for _, h := range group {
			if h.lease.After(lease) {
				again = append(again, h)
			}
		}
	}
	if err != nil {
		slog.WarnContext(e.ctx, "ConfirmEvents failed: the events come back after their lease", "SubAppId", a.SubAppId,
			"events", len(names)-confirmed-len(again), "error", err)
	}
	e.tell(func() {
		a.confirming--
		a.Confirmed += confirmed
		a.ready = append(again, a.ready...)
		if errors.Is(err, vod.ErrAuth) && e.Until != UntilStopped {
			a.stop(Failed, err, e.start)
		}
	})
}

var errNoTime = errors.New("no time left to confirm")

// confirmNames asks until there is an answer that counts, as long as the lease
// lives. After an answer that was lost the handles may be confirmed already and
// are then refused: they count as left, and if they come back meet the dedup
// store.
func (e *engine) confirmNames(a *app, names []string, lease time.Time) error {
	ctx, cancel := context.WithDeadline(e.ctx, e.before(lease, confirmSpare))
	defer cancel()
	for failures := 1; ; failures++ {
		if err := e.confirms.wait(ctx); err != nil {
			return fmt.Errorf("%w: %w", errNoTime, err)
		}
		try, cancel := context.WithTimeout(ctx, confirmTry)
		err := e.Client.ConfirmEvents(try, a.SubAppId, names)
		cancel()
		if err == nil || errors.Is(err, vod.ErrBadHandle) || errors.Is(err, vod.ErrAuth) {
			return err
		}
		pause := backoff(failures)
		if errors.Is(err, vod.ErrRateLimited) {
			until := time.Now().Add(pause)
			e.pulls.pause(until)
			e.confirms.pause(until)
			continue
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNoTime, err)
		}
	}
}

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
// does not cost its neighbours.
func (e *engine) confirm(a *app, group []handle, lease time.Time) {
	ctx, cancel := context.WithDeadline(e.ctx, e.before(lease, confirmSpare))
	defer cancel()
	names := make([]string, len(group))
	for i, h := range group {
		names[i] = h.name
	}
	err := e.confirmNames(ctx, a, names)
	confirmed := 0
	switch {
	case err == nil:
		confirmed = len(names)
	case errors.Is(err, vod.ErrBadHandle) && len(names) > 1:
		alone := make([]error, len(names))
		var wg sync.WaitGroup
		for i := range names {
			wg.Go(func() { alone[i] = e.confirmNames(ctx, a, names[i:i+1]) })
		}
		wg.Wait()
		err = errors.Join(alone...)
		for _, one := range alone {
			if one == nil {
				confirmed++
			}
		}
	}
	if err != nil {
		slog.WarnContext(e.ctx, "ConfirmEvents failed: the events come back after their lease", "SubAppId", a.SubAppId,
			"events", len(names)-confirmed, "error", err)
	}
	e.tell(func() {
		a.confirming--
		a.Confirmed += confirmed
		if errors.Is(err, vod.ErrAuth) && e.Until != UntilStopped {
			a.stop(Failed, err, e.start)
		}
	})
}

// confirmNames asks until there is an answer that counts. After an answer that
// was lost the handles may be confirmed already and are then refused: they
// count as left, and if they come back meet the dedup store.
func (e *engine) confirmNames(ctx context.Context, a *app, names []string) error {
	for failures := 1; ; failures++ {
		if err := e.confirms.wait(ctx); err != nil {
			return fmt.Errorf("no time left to confirm: %w", err)
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
			return err
		}
	}
}

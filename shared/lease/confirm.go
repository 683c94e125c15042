package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"vodevents/shared/vod"
)

// confirmGroup confirms a group of at most 16 handles while its oldest lease
// lives. A group that is refused goes on handle by handle, so that a stale one
// does not cost its neighbours. When the oldest lease ends first, the handles
// that have more time are ready again.
func (e *engine) confirmGroup(a *app, group []handle, lease time.Time) {
	confirmed := make([]bool, len(group))
	err := e.confirmNames(a, names(group), lease)
	var again []handle
	switch {
	case err == nil:
		confirmed = slices.Repeat([]bool{true}, len(group))
	case errors.Is(err, errRefused) && len(group) > 1:
		err = e.confirmAlone(a, group, confirmed)
	case errors.Is(err, errNoTime) && e.before(lease, confirmSpare).Equal(lease):
		for _, h := range group {
			if h.lease.After(lease) {
				again = append(again, h)
			}
		}
	}
	e.tell(func() { e.confirmed(a, group, confirmed, again, err) })
}

// confirmAlone confirms each handle of a group by itself.
func (e *engine) confirmAlone(a *app, group []handle, confirmed []bool) error {
	errs := make([]error, len(group))
	var wg sync.WaitGroup
	for i, h := range group {
		wg.Go(func() { errs[i] = e.confirmNames(a, []string{h.name}, h.lease) })
	}
	wg.Wait()
	for i, err := range errs {
		confirmed[i] = err == nil
	}
	return errors.Join(errs...)
}

// confirmed takes note of what became of a group.
func (e *engine) confirmed(a *app, group []handle, confirmed []bool, again []handle, err error) {
	left := 0
	for i, h := range group {
		if confirmed[i] {
			a.Confirmed += h.events
		} else {
			left += h.events
		}
	}
	for _, h := range again {
		left -= h.events
	}
	if err != nil {
		slog.WarnContext(e.ctx, "ConfirmEvents failed: the events come back after their lease", "SubAppId", a.SubAppId,
			"events", left, "error", err)
	}
	a.confirming--
	a.ready = append(again, a.ready...)
	if errors.Is(err, vod.ErrAuth) && e.Until != UntilStopped {
		a.stop(Failed, err, e.start)
	}
}

// names are the handles of a group, each once: a confirm that is still waiting
// and a redelivery under the same handle may meet in one group.
func names(group []handle) []string {
	names := make([]string, 0, len(group))
	for _, h := range group {
		if !slices.Contains(names, h.name) {
			names = append(names, h.name)
		}
	}
	return names
}

var (
	errNoTime  = errors.New("no time left to confirm")
	errRefused = errors.New("VOD does not take it")
)

// confirmNames asks until there is an answer that counts, as long as the lease
// lives. VOD answers for the group as a whole, so a group of several is given up
// as errRefused when its code says that asking again is of no use, or at the
// third answer that is no success, whatever its code.
//
// After an answer that was lost the handles may be confirmed already and are
// then refused: they count as left, and if they come back meet the dedup store.
func (e *engine) confirmNames(a *app, names []string, lease time.Time) error {
	ctx, cancel := context.WithDeadline(e.ctx, e.before(lease, confirmSpare))
	defer cancel()
	answers := 0
	for failures := 1; ; failures++ {
		if err := e.confirms.wait(ctx); err != nil {
			return fmt.Errorf("%w: %w", errNoTime, err)
		}
		try, cancel := context.WithTimeout(ctx, confirmTry)
		err := e.Client.ConfirmEvents(try, a.SubAppId, names)
		cancel()
		if err == nil || errors.Is(err, vod.ErrAuth) {
			return err
		}
		pause := pauseAfter(failures)
		if errors.Is(err, vod.ErrRateLimited) {
			until := time.Now().Add(pause)
			e.pulls.pause(until)
			e.confirms.pause(until)
			continue
		}
		if answered(err) {
			answers++
		}
		if errors.Is(err, vod.ErrRefused) || len(names) > 1 && answers == maxAnswers {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNoTime, err)
		}
	}
}

// answered tells whether VOD itself answered, rather than nobody or a gateway.
func answered(err error) bool {
	var v *vod.Error
	return errors.As(err, &v) && v.Answered()
}

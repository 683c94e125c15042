package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// handle names an event that may be confirmed until its lease ends.
type handle struct {
	name        string
	events      int // 1, or more if VOD gave several events the same handle
	received    time.Time
	leaseEnds   time.Time
	deliveredAt time.Time
}

// handles returns the handles of a batch's safe events. A confirm takes whatever
// it names out of the queue. So a handle that several events share is there once,
// and only if all of them are safe.
func handles(events []*event.Event, safe []bool, leaseEnds, now time.Time) []handle {
	ready := make([]handle, 0, len(events))
	for i, ev := range events {
		first := slices.IndexFunc(events, func(o *event.Event) bool { return o.Handle == ev.Handle })
		if !safe[i] || first < i {
			continue
		}
		h := handle{name: ev.Handle, received: ev.Received, leaseEnds: leaseEnds, deliveredAt: now}
		all := true
		for j, other := range events[i:] {
			if other.Handle == ev.Handle {
				h.events++
				all = all && safe[i+j]
			}
		}
		if all {
			ready = append(ready, h)
		}
	}
	return ready
}

// startConfirms starts the confirms that are due and returns when the next one
// is. The zero time means that none waits. A group is due when it is full, when
// nothing is in flight that could fill it, when it has waited for confirmWait,
// or when its lease is nearly over.
func (e *engine) startConfirms(now time.Time) (wake time.Time) {
	for _, a := range e.apps {
		for len(a.ready) > 0 {
			n := min(vod.MaxEvents, len(a.ready))
			leaseEnds := a.ready[0].leaseEnds
			for _, h := range a.ready[:n] {
				leaseEnds = earlier(leaseEnds, h.leaseEnds)
			}
			due := earlier(a.ready[0].deliveredAt.Add(confirmWait), leaseEnds.Add(-confirmLease))
			if n < vod.MaxEvents && e.slots > 0 && due.After(now) {
				wake = earlier(wake, due)
				break
			}
			group := a.ready[:n:n]
			a.ready = a.ready[n:]
			a.confirming++
			e.do(func() { e.confirmGroup(a, group, leaseEnds) })
		}
		if len(a.ready) == 0 {
			a.ready = nil
		}
	}
	return wake
}

// confirmGroup confirms at most 16 handles before leaseEnds, the end of their
// oldest lease. If the group is refused, each handle is confirmed alone, so that
// a stale one does not cost its neighbors. If the oldest lease ends before VOD
// has answered, the handles with more time are ready again.
func (e *engine) confirmGroup(a *app, group []handle, leaseEnds time.Time) {
	confirmed := make([]bool, len(group))
	err := e.confirmNames(a, names(group), leaseEnds)
	var again []handle
	switch {
	case err == nil:
		confirmed = slices.Repeat([]bool{true}, len(group))
	case errors.Is(err, errRefused) && len(group) > 1:
		err = e.confirmAlone(a, group, confirmed)
	case errors.Is(err, errNoTime) && e.before(leaseEnds, confirmSpare).Equal(leaseEnds):
		for _, h := range group {
			if h.leaseEnds.After(leaseEnds) {
				again = append(again, h)
			}
		}
	}
	e.tell(func() { e.confirmed(a, group, confirmed, again, err) })
}

// confirmAlone confirms each handle of a group in a call of its own.
func (e *engine) confirmAlone(a *app, group []handle, confirmed []bool) error {
	errs := make([]error, len(group))
	var wg sync.WaitGroup
	for i, h := range group {
		wg.Go(func() { errs[i] = e.confirmNames(a, []string{h.name}, h.leaseEnds) })
	}
	wg.Wait()
	for i, err := range errs {
		confirmed[i] = err == nil
	}
	return errors.Join(errs...)
}

// names returns the handles of a group, each once. VOD may give an event the
// same handle again, so an old one that still waits and a new one can meet here.
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
	errRefused = errors.New("VOD refuses it")
)

// confirmNames calls ConfirmEvents until VOD has decided, or until leaseEnds. It
// returns errRefused when asking again is of no use: the code says so, or VOD has
// answered several handles three times without success.
//
// If an answer was lost, VOD may have confirmed the handles already and then
// refuses them. They count as left. If they come back, the dedup store knows
// them.
func (e *engine) confirmNames(a *app, names []string, leaseEnds time.Time) error {
	ctx, cancel := context.WithDeadline(e.ctx, e.before(leaseEnds, confirmSpare))
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
			e.pauseCalls(time.Now().Add(pause))
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

// answered tells whether the error is an answer of VOD itself, and not of a
// gateway or the network.
func answered(err error) bool {
	var v *vod.Error
	return errors.As(err, &v) && v.Answered()
}

// confirmed takes note of what became of a group.
func (e *engine) confirmed(a *app, group []handle, confirmed []bool, again []handle, err error) {
	left := 0
	for i, h := range group {
		if confirmed[i] {
			a.Confirmed += h.events
			e.Confirmed(h.events, time.Since(h.received))
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
		e.stopApp(a, Failed, err)
	}
}

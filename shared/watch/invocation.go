package watch

import (
	"context"
	"log/slog"
	"time"

	"vodevents/shared/deliver"
)

// Invocation is one call of a function. [Instance.Begin] begins it.
type Invocation struct {
	instance *Instance
	ctx      context.Context // for the log, and with this invocation in it
	start    time.Time
	counts   // the lock of the instance guards them
}

type invocationKey struct{}

// Begin begins an invocation. Events that are delivered under the context that it
// returns are counted for the invocation too.
func (i *Instance) Begin(ctx context.Context) (context.Context, *Invocation) {
	i.alert(ctx)
	v := &Invocation{instance: i, start: time.Now(), counts: newCounts()}
	v.ctx = context.WithValue(ctx, invocationKey{}, v)
	return v.ctx, v
}

// Polled counts a call of PullEvents.
func (v *Invocation) Polled(err error) {
	v.instance.count(v.ctx, func(c *counts) {
		c.polls++
		if err != nil {
			c.failedPolls++
		}
	})
}

// Confirmed counts n events that were confirmed so long after their receipt: by
// ConfirmEvents, or by the answer 200 to a callback.
func (v *Invocation) Confirmed(n int, after time.Duration) {
	v.instance.count(v.ctx, func(c *counts) {
		c.confirmed += n
		c.longestConfirm = max(c.longestConfirm, after)
	})
	v.instance.mu.Lock()
	defer v.instance.mu.Unlock()
	v.instance.confirms.add(n, after)
}

// End writes the invocation's line into the log, with more attributes.
func (v *Invocation) End(err error, attrs ...any) {
	v.instance.alert(v.ctx)
	attrs = append(v.summary(), attrs...)
	if err != nil {
		attrs = append(attrs, "error", err)
	}
	slog.InfoContext(v.ctx, "invocation", attrs...)
}

// summary gives the figures as attributes of the log. A time that is not known is
// null.
func (v *Invocation) summary() []any {
	i := v.instance
	i.mu.Lock()
	defer i.mu.Unlock()
	attrs := []any{"function", i.function, "events", v.events}
	for _, f := range deliver.Fates {
		attrs = append(attrs, string(f), v.fates[f])
	}
	attrs = append(attrs, "confirmed", v.confirmed)
	if i.function == "pull" {
		attrs = append(attrs, "polls", v.polls, "failed_polls", v.failedPolls)
	}
	var longestConfirm any
	if v.confirmed > 0 {
		longestConfirm = v.longestConfirm.Milliseconds()
	}
	return append(attrs,
		"elapsed_ms", time.Since(v.start).Milliseconds(),
		"longest_delivery_ms", v.longestDelivery.Milliseconds(),
		"longest_confirm_ms", longestConfirm,
		"since_event_s", int64(i.sinceEvent().Seconds()),
		"events_so_far", i.total.events)
}

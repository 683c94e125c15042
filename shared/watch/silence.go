package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// alert writes the line about silence if it is due. An instance writes it once.
func (i *Instance) alert(ctx context.Context) {
	i.mu.Lock()
	since, seen := i.sinceEvent(), i.total.events
	silent := i.silence > 0 && since >= i.silence && !i.alerted
	i.alerted = i.alerted || silent
	limit := i.silence
	i.mu.Unlock()
	if silent {
		slog.ErrorContext(ctx, "no event has come for longer than ALERT_SILENCE: see what doctor finds",
			"function", i.function, "since_event_s", int64(since.Seconds()), "alert_silence_s", int64(limit.Seconds()), "events_so_far", seen)
	}
}

// WatchSilence writes that line as soon as it is due, even if no invocation begins or
// ends. It is for a host, whose process is never frozen. Call it after Configure, and
// call stop at the end.
func (i *Instance) WatchSilence(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		for wait, ok := i.untilAlert(); ok; wait, ok = i.untilAlert() {
			select {
			case <-time.After(wait):
				i.alert(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// untilAlert returns the time until the line may be due; ok is false if it never will
// be.
func (i *Instance) untilAlert() (wait time.Duration, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(i.silence-i.sinceEvent(), 0), i.silence > 0 && !i.alerted
}

package deliver

import (
	"context"
	"log/slog"
)

// log writes the one line that each event has. Programs read its attribute fate.
func (d *delivery) log(ctx context.Context) {
	for _, it := range d.items {
		level := d.level(it)
		if !slog.Default().Enabled(ctx, level) { // 16 lines a batch are too many to make for nothing
			continue
		}
		attrs := make([]slog.Attr, 0, 8)
		attrs = append(attrs, slog.String("id", it.event.ID), slog.String("type", it.event.Type),
			slog.String("subject", it.event.Subject), slog.String("fate", string(it.Fate)))
		if it.Reason != "" {
			attrs = append(attrs, slog.String("reason", string(it.Reason)))
		}
		if it.record.Attempts > 0 {
			attrs = append(attrs, slog.Int("attempts", it.record.Attempts))
		}
		if it.Cause != nil {
			attrs = append(attrs, slog.Any("error", it.Cause))
		}
		slog.LogAttrs(ctx, level, "event "+string(it.Fate), attrs...)
	}
}

// level returns the level of an event's log line: a warning if somebody should look
// at it, an error if it is lost. A sink that is down gets a single warning for the
// whole batch.
func (d *delivery) level(it *item) slog.Level {
	switch {
	case it.Fate == Left && d.bringsAgain == "":
		return slog.LevelError
	case it.Fate.Settled():
		return slog.LevelDebug
	case it.Fate == Claimed, it.Fate == Left && !it.own && it.Reason == "":
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// settle tells the store how the delivery of each item ended. It includes items
// whose claim failed, because the store may be back.
func (d *delivery) settle(ctx context.Context) {
	outcomes := make([]Outcome, 0, len(d.items))
	for _, it := range d.items {
		if !it.event.StableID || it.known && !it.record.Mine {
			continue
		}
		if !it.known && it.Fate == Left && it.record.Attempts == 0 {
			continue // there is nothing to tell
		}
		o := Outcome{it.event.ID, StateDone, it.record.Attempts, it.record.FirstError, it.record.LastError}
		switch {
		case it.doubted(): // a true event of this id must not find that it was parked
			o = Outcome{ID: it.event.ID, State: StateFree}
		case it.Fate == Parked, it.Fate == Left && it.record.State == StateParked: // a replay that failed
			o.State = StateParked
		case it.Fate == Left:
			o.State = StateFree
		}
		outcomes = append(outcomes, o)
	}
	if outcomes = d.counted(outcomes); len(outcomes) == 0 {
		return
	}
	ctx, cancel := d.settling(ctx)
	defer cancel()
	if err := d.Store.Settle(ctx, d.claimant, outcomes); err != nil {
		slog.ErrorContext(ctx, "dedup store failed: events may come twice", "error", err)
	}
}

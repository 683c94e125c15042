package main

import (
	"context"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

// checkSilence checks how long ago the last event came, if a SINK is a table that can be
// asked. If none is, that is no problem, and neither is the silence of tables that only
// get some EventTypes. A bucket is not asked: it has no index, so every object would
// have to be read.
func (d *doctor) checkSilence(ctx context.Context, cfg config.Config) {
	var last time.Time
	known, all := false, false // all: a table gets every EventType
	for _, u := range cfg.Sinks {
		if !sink.HasTable(u) || isBucket(u) {
			continue
		}
		sum, err := summaryOf(ctx, u)
		if err != nil {
			d.find(warning, nil, causeTable, "%v", err)
			continue
		}
		known = true
		types, err := sink.Types(u)
		all = all || err == nil && types.All()
		if sum.Last.After(last) {
			last = sum.Last
		}
	}
	since := time.Since(last).Truncate(time.Second)
	switch {
	case !known:
		d.fine(nil, "seconds since the last event: not known here, as no SINK is a table that can be read; the log's lines \"invocation\" have since_event_s")
	case last.IsZero():
		d.find(warning, nil, causeSilence, "no table of a SINK has any event yet")
	case cfg.AlertSilence > 0 && since > cfg.AlertSilence && !all:
		d.find(warning, nil, causeSilence, "%d seconds since the last event of the EventTypes that a table gets, by types= in its URL; others may have come", int(since.Seconds()))
	case cfg.AlertSilence > 0 && since > cfg.AlertSilence:
		d.find(problem, nil, causeSilence, "%d seconds since the last event, and ALERT_SILENCE is %v", int(since.Seconds()), cfg.AlertSilence)
	default:
		d.fine(nil, "%d seconds since the last event", max(0, int(since.Seconds())))
	}
}

// summaryOf sums up the events that VOD sent in the table of a sink's URL. What
// reconcile writes there says nothing about whether events come.
func summaryOf(ctx context.Context, rawURL string) (stored.Summary, error) {
	table, err := sink.OpenTable(rawURL)
	if err != nil {
		return stored.Summary{}, err
	}
	defer table.Close()
	return within(ctx, func(ctx context.Context) (stored.Summary, error) {
		// The server counts the rows, so ask only for those of a day first.
		sum, err := table.Summary(ctx, stored.Filter{Sent: true, Since: time.Now().Add(-24 * time.Hour)})
		if err == nil && sum.Last.IsZero() {
			return table.Summary(ctx, stored.Filter{Sent: true})
		}
		return sum, err
	})
}

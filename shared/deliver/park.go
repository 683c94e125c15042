package deliver

import (
	"context"
	"fmt"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// park puts the items that have a reason into the dead letters, or whole into the
// log. An item that neither takes is left.
func (d *delivery) park(ctx context.Context) {
	var items []*item
	for _, it := range d.items {
		if it.Fate == Left && it.Reason != "" {
			items = append(items, it)
		}
	}
	if len(items) == 0 {
		return
	}
	copies := make([]*event.Event, len(items))
	for i, it := range items {
		parked := *it.event
		parked.Parking = &event.Parking{
			Reason: string(it.Reason), Attempts: it.record.Attempts,
			FirstError: it.record.FirstError, LastError: it.record.LastError,
		}
		copies[i] = &parked
	}
	verdicts := make([]verdict, len(items))
	if d.DeadLetter != nil {
		burying, cancel := d.burying(ctx)
		verdicts = d.sendTo(burying, d.DeadLetter, nil, copies)
		cancel()
	}
	for i, it := range items {
		d.parkOne(ctx, it, copies[i], verdicts[i])
	}
}

// parkOne decides where an item is parked, now that the dead letters have
// answered.
func (d *delivery) parkOne(ctx context.Context, it *item, parked *event.Event, dead verdict) {
	if dead.err != nil {
		it.Cause = fmt.Errorf("%w; dead letter: %w", it.Cause, dead.err)
		it.After = max(it.After, dead.after)
	}
	if d.DeadLetter != nil && dead.err == nil {
		it.Fate = Parked
		return
	}
	if d.bringsAgain != "" && dead.err != nil && !IsPermanent(dead.err) {
		it.Down = it.Down || dead.down
		it.Reason = "" // not parked: the queue is a safer place than a log
		return
	}
	if err := parklog.Write(ctx, parked); err != nil {
		it.Cause = fmt.Errorf("%w; it could not be parked in the log: %w", it.Cause, err)
		it.Reason = ""
		return
	}
	it.Fate = Parked
}

// Undeliverable delivers callbacks while the configuration is bad: it parks each
// event in the log, because VOD would not send it again.
func Undeliverable(bad error) func(context.Context, []*event.Event) []Result {
	return func(ctx context.Context, events []*event.Event) []Result {
		d := &delivery{Pipeline: &Pipeline{Way: Pushed}, budget: newBudget(ctx, Pushed), items: group(events)}
		for _, it := range d.items {
			it.Cause, it.Reason = bad, ReasonConfiguration
		}
		d.judge()
		d.park(ctx)
		d.log(ctx)
		return d.results(len(events))
	}
}

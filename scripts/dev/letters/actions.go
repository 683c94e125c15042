package letters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// markTime is how long it may take to note that events were delivered. That goes on
// even if the client has gone, because the events are out.
const markTime = 30 * time.Second

// errUnwanted is why an event that no sink wants stays parked.
var errUnwanted = errors.New("no entry of SINK wants its EventType: correct types=, or discard the event")

// Deliver delivers the events of a selection again, as a replay does: through DEDUP and
// the handler to every sink. An event that is delivered, or was before, is no longer
// parked. An event that fails stays as it is. Deliver stops when a sink is down.
func (l *Letters) Deliver(ctx context.Context, s Selection) (o Outcome, err error) {
	p, err := l.Pipeline()
	if err != nil {
		return o, err
	}
	err = l.each(ctx, s, func(ids []string) error {
		rows, release, err := l.take(ctx, ids, &o)
		defer release()
		if err != nil || len(rows) == 0 {
			return err
		}
		return l.deliver(ctx, p, rows, &o)
	})
	return o, l.stopped(&o, err)
}

// deliver delivers a page.
func (l *Letters) deliver(ctx context.Context, p *deliver.Pipeline, rows []stored.Row, o *Outcome) error {
	var events []*event.Event
	var sent []stored.Row
	for _, r := range rows {
		e, err := r.Event()
		if err != nil {
			l.failed(o, r, err)
			continue
		}
		e.Parking = nil // it gets another chance
		events, sent = append(events, e), append(sent, r)
	}
	var settled []stored.Row
	var down error
	for i, result := range redeliver.Page(ctx, p, events) {
		switch result.Fate {
		case deliver.Delivered, deliver.Duplicate:
			settled = append(settled, sent[i])
			if result.Fate == deliver.Duplicate {
				o.Duplicate++
			} else {
				o.Delivered++
			}
		case deliver.Unwanted:
			l.failed(o, sent[i], errUnwanted)
		default:
			l.failed(o, sent[i], result.Cause)
			if result.Down {
				down = result.Cause
			}
		}
	}
	if err := l.unpark(ctx, settled); err != nil {
		return err
	}
	if down != nil {
		o.Stopped = "a sink is down: " + down.Error()
		return errStop
	}
	return nil
}

// unpark notes that events were delivered.
func (l *Letters) unpark(ctx context.Context, rows []stored.Row) error {
	if len(rows) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	_, err := l.Place.Unpark(ctx, idsOf(rows)) // if SINK is the same table, it did so already
	for _, r := range rows {
		l.note(Entry{What: Delivered, Row: r})
	}
	if err != nil {
		return fmt.Errorf("%d were delivered but are still parked, because their mark could not be removed: %w; deliver them again later: sinks know them by their ids", len(rows), err)
	}
	return nil
}

func (l *Letters) failed(o *Outcome, r stored.Row, err error) {
	o.fail(r.ID, err)
	l.note(Entry{What: NotDelivered, Row: r, Text: err.Error()})
}

// Discard gives up the events of a selection. Each event is in the file, whole, before
// the place loses it.
func (l *Letters) Discard(ctx context.Context, s Selection) (o Outcome, err error) {
	err = l.each(ctx, s, func(ids []string) error {
		rows, release, err := l.take(ctx, ids, &o)
		defer release()
		if err != nil || len(rows) == 0 {
			return err
		}
		return l.discard(ctx, rows, &o)
	})
	return o, l.stopped(&o, err)
}

func (l *Letters) discard(ctx context.Context, rows []stored.Row, o *Outcome) error {
	if l.File != nil {
		if err := l.File.keep(l.Who, l.Place.String(), rows); err != nil {
			return fmt.Errorf("nothing was discarded, because the events could not be written to the file first: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	gone, err := l.Place.Discard(ctx, idsOf(rows))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if slices.Contains(gone, r.ID) {
			o.Discarded++
			l.note(Entry{What: Discarded, Row: r})
		} else {
			o.Gone++
		}
	}
	return nil
}

// MaxCopied is the most events that Copy returns.
const MaxCopied = 1000

// ErrTooMany is the error of more than [MaxCopied].
var ErrTooMany = errors.New("too many to copy")

// Copy returns the events of a selection, each in the form that as gives it.
func (l *Letters) Copy(ctx context.Context, s Selection, as func(stored.Row) (string, error)) (copies []string, err error) {
	if n := max(len(s.IDs), s.Count); n > MaxCopied {
		return nil, fmt.Errorf("%w: %d are chosen, and at most %d can be copied", ErrTooMany, n, MaxCopied)
	}
	err = l.each(ctx, s, func(ids []string) error {
		rows, err := l.read(ctx, ids)
		if err != nil {
			return err
		}
		defer l.changed()
		for _, r := range rows {
			text, err := as(r)
			if err != nil {
				return fmt.Errorf("event %s: %w", r.ID, err)
			}
			copies = append(copies, text)
			l.note(Entry{What: Copied, Row: r})
		}
		return nil
	})
	return copies, err
}

// stopped puts the error that stopped an action into its outcome, if something was done
// before.
func (l *Letters) stopped(o *Outcome, err error) error {
	switch {
	case err == nil, errors.Is(err, errStop):
		return nil
	case o.Delivered+o.Duplicate+o.Discarded > 0:
		o.Stopped = err.Error()
		return nil
	}
	return err
}

func idsOf(rows []stored.Row) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

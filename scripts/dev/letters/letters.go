// Package letters is the desk for dead letters. It lists parked events, delivers them
// again, discards them or copies them, one event or all that match a filter. It notes
// who did what, and when.
package letters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/deliver"
	"vodevents/shared/sink/stored"
)

// Place is where parked events are: a table, or [Memory].
type Place interface {
	fmt.Stringer // what it is, without secrets
	Summary(context.Context, stored.Filter) (stored.Summary, error)
	Page(ctx context.Context, f stored.Filter, most int) ([]stored.Row, error)

	// Unpark removes the mark of delivered events. Discard gives events up. Both
	// return the ids of the events that were still parked.
	Unpark(ctx context.Context, ids []string) ([]string, error)
	Discard(ctx context.Context, ids []string) ([]string, error)
}

// Options make [Letters].
type Options struct {
	Place Place

	// Pipeline returns the pipeline for events that are delivered again. It is
	// called each time, because SINK may have changed.
	Pipeline func() (*deliver.Pipeline, error)

	// Who is the user who acts here, as an [Entry] names them.
	Who string

	// Told gets each entry; nil: nobody does.
	Told func(Entry)

	// Changed is called when an action is done: its entries are there, and no call
	// is working on its events. nil: nobody wants to know.
	Changed func()

	// File keeps the entries, and each event before it is discarded; nil: only
	// memory keeps them.
	File *File
}

// Letters are the dead letters of a place. They are safe for concurrent use: while one
// call works on an event, no other touches it.
type Letters struct {
	Options

	mu      sync.Mutex
	busy    map[string]struct{} // ids that a call is working on
	entries []Entry             // the oldest first
}

// New makes the desk of a place.
func New(o Options) *Letters { return &Letters{Options: o, busy: map[string]struct{}{}} }

// Selection chooses events: those with the ids or, without ids, all that match the
// filter.
type Selection struct {
	IDs    []string
	Filter stored.Filter

	// Count is how many matched the filter when the user decided about them. If
	// there are more now, nothing is done.
	Count int
}

// GrownError is the error if a filter matches more events than the reader saw.
type GrownError struct{ Seen, Now int }

func (e *GrownError) Error() string {
	return fmt.Sprintf("there are %d now, not %d: look again, and decide about all of them", e.Now, e.Seen)
}

// Outcome is what became of a selection.
type Outcome struct {
	Delivered int `json:"delivered"`
	Duplicate int `json:"duplicate"` // DEDUP knows that it was delivered before
	Discarded int `json:"discarded"`
	Gone      int `json:"gone"` // no longer parked
	Busy      int `json:"busy"` // another call is working on them

	Failed  int       `json:"failed"`
	Causes  []Failure `json:"causes,omitempty"`  // of the first that failed
	Stopped string    `json:"stopped,omitempty"` // why it stopped before the end
}

// Failure is an event that was not delivered.
type Failure struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// maxCauses is how many failures an outcome names.
const maxCauses = 20

func (o *Outcome) fail(id string, err error) {
	if o.Failed++; len(o.Causes) < maxCauses {
		o.Causes = append(o.Causes, Failure{id, err.Error()})
	}
}

// errStop ends a selection; the outcome says why.
var errStop = errors.New("stop")

// List returns the first events that match the filter, and counts all of them.
func (l *Letters) List(ctx context.Context, f stored.Filter, most int) ([]stored.Row, stored.Summary, error) {
	f.Parked = new(true)
	after := f.After
	f.After = stored.Place{}
	s, err := l.Place.Summary(ctx, f)
	if err != nil {
		return nil, s, err
	}
	f.After = after
	page, err := l.Place.Page(ctx, f, most)
	return page, s, err
}

// Busy tells whether a call is working on an event.
func (l *Letters) Busy(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, busy := l.busy[id]
	return busy
}

// each calls hand with the events of a selection, in pages of redeliver.PageSize, until
// hand returns errStop.
func (l *Letters) each(ctx context.Context, s Selection, hand func(ids []string) error) error {
	if len(s.IDs) > 0 {
		ids := slices.Clone(s.IDs)
		slices.Sort(ids)
		for page := range slices.Chunk(slices.Compact(ids), redeliver.PageSize) {
			if err := handed(ctx, hand, page); err != nil {
				return err
			}
		}
		return nil
	}
	f := s.Filter
	f.Parked = new(true)
	now, err := l.Place.Summary(ctx, f)
	switch {
	case err != nil:
		return err
	case now.Events > s.Count:
		return &GrownError{s.Count, now.Events}
	case now.Events == 0:
		return nil
	}
	f.Until = now.Last.Add(time.Microsecond) // a database keeps microseconds
	for {
		page, err := l.Place.Page(ctx, f, redeliver.PageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]string, len(page))
		for i, r := range page {
			ids[i] = r.ID
		}
		if err := handed(ctx, hand, ids); err != nil {
			return err
		}
		f.After = page[len(page)-1].Place()
	}
}

func handed(ctx context.Context, hand func(ids []string) error, ids []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return hand(ids)
}

// take reserves the events on which no other call is working, and reads those that are
// still parked. release must be called.
func (l *Letters) take(ctx context.Context, ids []string, o *Outcome) (rows []stored.Row, release func(), err error) {
	l.mu.Lock()
	var mine []string
	for _, id := range ids {
		if _, busy := l.busy[id]; busy {
			o.Busy++
			continue
		}
		l.busy[id] = struct{}{}
		mine = append(mine, id)
	}
	l.mu.Unlock()
	release = func() {
		l.mu.Lock()
		for _, id := range mine {
			delete(l.busy, id)
		}
		l.mu.Unlock()
		l.changed()
	}
	if rows, err = l.read(ctx, mine); err != nil {
		return nil, release, err
	}
	o.Gone += len(mine) - len(rows)
	return rows, release, nil
}

func (l *Letters) changed() {
	if l.Changed != nil {
		l.Changed()
	}
}

// read reads the events with these ids that are parked.
func (l *Letters) read(ctx context.Context, ids []string) (rows []stored.Row, err error) {
	f := stored.Filter{IDs: ids, Parked: new(true)}
	for len(ids) > len(rows) {
		page, err := l.Place.Page(ctx, f, len(ids))
		if err != nil || len(page) == 0 {
			return rows, err
		}
		rows = append(rows, page...)
		f.After = page[len(page)-1].Place()
	}
	return rows, nil
}

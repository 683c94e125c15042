package reconcile

import (
	"context"
	"fmt"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
	"vodevents/shared/vod"
)

const (
	// Age is how long ago something must have finished before its event counts as
	// missed. Events come within minutes; one that waits in VOD's queue for its
	// next lease, or behind a receiver that was down, needs longer.
	Age = time.Hour

	// Reach is how far back tasks are looked for. The edge of VOD's memory moves
	// while its lists are paged.
	Reach = vod.TaskMemory - time.Hour

	// overlap is how much of the window of the last run is looked at again: a
	// listing moves while media come and go.
	overlap = time.Hour

	// chunk is the longest window of tasks and uploads. After each one the run
	// keeps its place, so that an interrupted run does not start over.
	chunk = 6 * time.Hour

	// fresh is how long after its tasks and uploads an interrupted run goes on with
	// its media. Later it looks for tasks and uploads first, so that many media, or
	// one that fails each time, do not keep a run from them.
	fresh = 30 * time.Minute

	// batch is how many events are delivered at a time.
	batch = 16
)

// Tables are the tables of a database with media=.
type Tables interface {
	Page(ctx context.Context, f stored.Filter, most int) ([]stored.Row, error)
	Media(ctx context.Context, f stored.MediaFilter, most int) ([]stored.Media, error)
}

// Run looks in one application for what was missed.
type Run struct {
	Client   *vod.Client
	SubAppId uint64 // 0: the account's default application
	Tables   Tables
	Now      time.Time

	// Deliver delivers what was found, in the ordinary way. nil: nothing is
	// repaired.
	Deliver func(context.Context, []*event.Event) []deliver.Result

	// Found is called with each finding, once it is repaired or left. It is not called
	// concurrently.
	Found func(Finding) error

	// Step is called with the progress of the run: what it looks at, and how many.
	Step func(what string, n int)

	// At is where the run begins, and then how far it has come. Kept is called when
	// At has changed and everything before it is written.
	At   Place
	Kept func(Place) error

	// Until is when the run stops checking media, reports, and keeps its place. Zero:
	// it stops at the last one.
	Until time.Time

	counts Counts
	found  []finding // not delivered yet

	// The tasks and files of this chunk and of the one before it: both listings
	// have the second where the two meet.
	seen, seenBefore map[string]bool
}

// Place is how far the runs of one application have come.
type Place struct {
	// Until is the end of the last window in which all tasks and uploads were
	// looked at. Zero: none was.
	Until time.Time `json:"until,omitzero"`

	// Media is the last media that was looked at by a run that did not come to the
	// end of them.
	Media stored.MediaKey `json:"media,omitzero"`

	// Found is how many files of that run exist, at most 20. They show that the
	// application is the right one.
	Found int `json:"found,omitzero"`
}

// Finding is a difference between the tables and VOD.
type Finding struct {
	Kind   FindingKind `json:"kind"`
	Type   string      `json:"type,omitempty"` // the EventType of the event that repairs it
	FileId string      `json:"file_id,omitempty"`
	TaskId string      `json:"task_id,omitempty"`
	At     time.Time   `json:"at,omitzero"` // when it finished
	What   string      `json:"what,omitempty"`
	ID     string      `json:"id,omitempty"`   // of the event that repairs it
	Fate   string      `json:"fate,omitempty"` // of that event; empty: nothing was repaired
	Error  string      `json:"error,omitempty"`
}

// FindingKind is what was found.
type FindingKind string

const (
	MissedTask   FindingKind = "task"     // a task ended, and no event tells of it
	MissedUpload FindingKind = "upload"   // a file was uploaded, and no event tells of it
	NewMedia     FindingKind = "media"    // a file that no upload made has no row
	Changed      FindingKind = "changed"  // a row differs from the file
	Gone         FindingKind = "deleted"  // the file of a row no longer exists
	NoEvent      FindingKind = "no event" // a task of a kind that has no event
)

// Counts is what a run did.
type Counts struct {
	Tasks    int `json:"tasks"`    // looked at
	Uploads  int `json:"uploads"`  // looked at
	Media    int `json:"media"`    // looked at
	Aged     int `json:"aged"`     // tasks that VOD forgot meanwhile
	Found    int `json:"found"`    // without tasks that have no event
	Repaired int `json:"repaired"` // events delivered
	Failed   int `json:"failed"`   // events not delivered

	Unfinished bool `json:"unfinished,omitempty"` // there are media after [Run.Until]: the next run begins there
}

// Run checks the tasks and uploads since the last run, and then the media. What it
// finds was missed, unless VOD was told not to send it: a task with TasksNotifyMode
// None, or an upload while its switch is OFF, has no event.
//
// After an error Run can be called again. It goes on from the last Place that it kept:
// after a chunk of tasks and uploads, or after a page of media.
//
// It refuses to run if all rows have a SubAppId and the run has none, or the other way
// round: each media would get a second row.
func (r *Run) Run(ctx context.Context) (Counts, error) {
	if err := r.sameSource(ctx); err != nil {
		return r.counts, err
	}
	until := r.Now.Add(-Age).Truncate(time.Second)
	if r.At.Media == (stored.MediaKey{}) || until.Sub(r.At.Until) >= fresh {
		after := r.Now.Add(-Reach).Truncate(time.Second)
		if last := r.At.Until.Add(-overlap); last.After(after) {
			after = last
		}
		for ; after.Before(until); after = after.Add(chunk) {
			before := after.Add(chunk)
			if before.After(until) {
				before = until
			}
			if err := r.window(ctx, after, before); err != nil {
				return r.counts, err
			}
		}
	}
	if err := r.media(ctx, r.Now.Add(-Age)); err != nil {
		return r.counts, err
	}
	if r.counts.Unfinished {
		return r.counts, nil
	}
	return r.counts, r.keep(Place{Until: r.At.Until})
}

// sameSource returns an error if no row has this application's source, and the others show
// that the functions name their applications in the other way: with a SubAppId, or without.
func (r *Run) sameSource(ctx context.Context) error {
	source, plain := r.source(), (&event.Event{}).Source()
	first := func(from string) (string, error) {
		rows, err := r.Tables.Media(ctx, stored.MediaFilter{After: stored.MediaKey{Source: from}}, 1)
		if err != nil || len(rows) == 0 {
			return "", err
		}
		return rows[0].Source, nil
	}
	own, err := first(source)
	if err != nil || own == source {
		return err
	}
	other := own // with a SubAppId, if this application has none
	if source != plain {
		numbered, err := first(plain + "/")
		if err != nil || numbered != "" {
			return err
		}
		if other, err = first(plain); err != nil {
			return err
		}
	}
	if other == "" {
		return nil
	}
	return fmt.Errorf("reconcile: the table has media of %s and none of %s: give VOD_SUB_APP_IDS here as the functions have it, or each media gets a second row", other, source)
}

// window looks at the tasks and the uploads of a window.
func (r *Run) window(ctx context.Context, after, before time.Time) error {
	r.seenBefore, r.seen = r.seen, map[string]bool{}
	for _, step := range []func(context.Context, time.Time, time.Time) error{r.tasks, r.uploads} {
		if err := step(ctx, after, before); err != nil {
			return err
		}
	}
	if err := r.deliver(ctx, 1); err != nil {
		return err
	}
	at := r.At
	at.Until = before
	return r.keep(at)
}

// again tells whether a task or a file was seen before.
func (r *Run) again(id string) bool {
	again := r.seen[id] || r.seenBefore[id]
	r.seen[id] = true
	return again
}

func (r *Run) keep(at Place) error {
	r.At = at
	if r.Kept == nil || r.Deliver == nil { // a run that only looks keeps no place
		return nil
	}
	return r.Kept(at)
}

func (r *Run) source() string {
	return (&event.Event{Origin: event.Origin{SubAppId: r.SubAppId}}).Source()
}

// finding is a Finding with the event that repairs it.
type finding struct {
	Finding
	event *event.Event
}

// report notes a finding, and delivers when there are enough.
func (r *Run) report(ctx context.Context, f Finding, e *event.Event) error {
	if e == nil {
		return r.Found(f)
	}
	r.counts.Found++
	f.Type, f.ID = e.Type, e.ID
	r.found = append(r.found, finding{f, e})
	return r.deliver(ctx, batch)
}

// deliver delivers what was found, if there are at least so many.
func (r *Run) deliver(ctx context.Context, least int) error {
	if len(r.found) < least {
		return nil
	}
	if r.Deliver != nil {
		events := make([]*event.Event, len(r.found))
		for i, f := range r.found {
			events[i] = f.event
		}
		limit := time.Now().Add(time.Minute) // an interruption does not cut it short
		if end, ok := ctx.Deadline(); ok && end.Before(limit) {
			limit = end
		}
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), limit)
		defer cancel()
		for i, result := range r.Deliver(ctx, events) {
			f := &r.found[i]
			f.Fate = string(result.Fate)
			if result.Fate.Settled() {
				r.counts.Repaired++
				continue
			}
			r.counts.Failed++
			if result.Cause != nil {
				f.Error = result.Cause.Error()
			}
		}
	}
	for _, f := range r.found {
		if err := r.Found(f.Finding); err != nil {
			return err
		}
	}
	r.found = nil
	if r.counts.Failed > 0 {
		return fmt.Errorf("%d events could not be delivered", r.counts.Failed)
	}
	return nil
}

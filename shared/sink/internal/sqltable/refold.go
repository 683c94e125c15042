package sqltable

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/sink/stored"
)

// Refold folds some media anew from rows of events.
type Refold struct {
	docs    map[MediaKey][]byte      // of the media that are folded
	media   map[MediaKey]media.Media // so far
	listed  map[string][]MediaKey    // by the event's id
	missing map[MediaKey]bool        // an event that told of it is gone
	memory  media.Memory
}

// NewRefold begins with the docs that the locked rows hold.
func NewRefold(docs map[MediaKey][]byte) *Refold {
	return &Refold{docs: docs, media: map[MediaKey]media.Media{}, listed: map[string][]MediaKey{}, missing: map[MediaKey]bool{}}
}

// List says that an event told of a media.
func (r *Refold) List(key MediaKey, eventID string) {
	if _, ours := r.docs[key]; ours {
		r.listed[eventID] = append(r.listed[eventID], key)
	}
}

// Events are the ids that were listed.
func (r *Refold) Events() []string { return slices.Sorted(maps.Keys(r.listed)) }

// Add folds one of them. A row that is no event of ours says nothing.
func (r *Refold) Add(row stored.Row) {
	delete(r.listed, row.ID)
	e, err := eventOf(row)
	if err != nil {
		return
	}
	for _, told := range r.memory.Of(e) {
		key := MediaKey{Source: told.Source, FileId: told.FileId}
		if _, ours := r.docs[key]; ours {
			r.media[key] = media.Merge(r.media[key], media.Keep(told))
		}
	}
	r.memory.Reset() // there may be any number of events
}

// Rows is what the fold gave. Where an event is gone, by a prune, what the doc
// knows stays.
func (r *Refold) Rows() MediaRows {
	for _, keys := range r.listed {
		for _, key := range keys {
			r.missing[key] = true
		}
	}
	for key := range r.missing {
		var kept media.Media
		if doc := r.docs[key]; len(doc) > 0 && kept.UnmarshalJSON(doc) == nil {
			kept.Source, kept.FileId = key.Source, key.FileId
			r.media[key] = media.Merge(r.media[key], kept)
		}
	}
	rows := MediaRows{Powers: true}
	for _, key := range slices.SortedFunc(maps.Keys(r.media), MediaKey.Compare) {
		rows.add(&r.memory, new(r.media[key]))
	}
	return rows
}

// TouchesOf are the media that rows of events tell of, in the order of their keys.
func TouchesOf(rows []stored.Row) (touches []EventRow) {
	var memory media.Memory
	for _, row := range rows {
		e, err := eventOf(row)
		if err != nil {
			continue // somebody else wrote the row
		}
		for _, m := range memory.Of(e) {
			touches = append(touches, EventRow{m.Source, m.FileId, e.ID})
		}
		memory.Reset()
	}
	slices.SortFunc(touches, func(a, b EventRow) int {
		if c := (MediaKey{Source: a.Source, FileId: a.FileId}).Compare(MediaKey{Source: b.Source, FileId: b.FileId}); c != 0 {
			return c
		}
		return slices.Compare([]string{a.EventID}, []string{b.EventID})
	})
	return touches
}

// eventOf is [stored.Row.Event] without the way through a CloudEvent, which an
// event that VOD sent does not need: a rebuild reads each twice.
func eventOf(row stored.Row) (*event.Event, error) {
	app, ours := strings.CutPrefix(row.Source, (&event.Event{}).Source())
	if row.Raw != nil || !ours {
		return row.Event()
	}
	o := event.Origin{Mode: event.Mode(row.Mode), Received: row.Received}
	if app != "" {
		var err error
		if o.SubAppId, err = strconv.ParseUint(strings.TrimPrefix(app, "/"), 10, 64); err != nil {
			return row.Event()
		}
	}
	e, err := event.Parse(row.Data, o)
	if err != nil || e.CloudEventType() != row.Type || e.Source() != row.Source {
		return row.Event()
	}
	e.ID = row.ID
	return e, nil
}

package sqltable

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/internal/slab"
	"vodevents/shared/media"
	"vodevents/shared/sink/stored"
)

// MediaKey is the key of a media's row.
type MediaKey = stored.MediaKey

// Telling is what a batch of events says of media. It must be released.
type Telling struct {
	told map[string]told // by the event's id
	rows MediaRows       // of the last fold; only their memory counts
	media.Memory

	// again is what events told that were folded before; see Fold.
	again map[MediaKey][]media.Media
}

type told struct {
	*event.Event
	media []media.Media
}

// tellings have the memory of batches that are over, half a megabyte each.
var tellings = slab.Shelf[Telling]{Most: MaxFolds}

// MaxFolds is how many batches a sink of PostgreSQL folds at a time, and for how many
// the memory is kept. Each needs about half a megabyte beside its events, and a function
// of 64 MB has little more than its garbage collector can do without. More would be no
// faster: a fold is work for the CPUs of both ends. A sink of MySQL folds as many as it
// has connections.
const MaxFolds = 3

// Touch is an event that says something of a media.
type Touch struct {
	MediaKey
	Event string
}

// Tell reads the events that the table takes as SINK. A parked one says nothing
// until it is delivered.
func Tell(events []*event.Event) *Telling {
	t := tellings.Take()
	if t.told == nil {
		t.told = map[string]told{}
	}
	for _, e := range events {
		if e.Parking != nil {
			continue
		}
		if media := t.Of(e); media != nil {
			t.told[e.ID] = told{e, media}
		}
	}
	return t
}

// Release ends the use of the telling and of the rows that Fold gave: the next batch
// gets their memory.
func (t *Telling) Release() {
	clear(t.told)
	t.again = nil
	t.rows = t.rows.reset()
	t.Reset()
	tellings.Put(t)
}

// Touches are in the order of their media.
func (t *Telling) Touches() (all []Touch) {
	all = make([]Touch, 0, len(t.told))
	for id, told := range t.told {
		for i := range told.media {
			m := &told.media[i]
			all = append(all, Touch{MediaKey{Source: m.Source, FileId: m.FileId}, id})
		}
	}
	slices.SortFunc(all, func(a, b Touch) int { return cmp.Or(a.Compare(b.MediaKey), cmp.Compare(a.Event, b.Event)) })
	return all
}

// Keys are those of the touches, each once.
func Keys(touches []Touch) (keys []MediaKey) {
	for _, t := range touches {
		if n := len(keys); n == 0 || keys[n-1] != t.MediaKey {
			keys = append(keys, t.MediaKey)
		}
	}
	return keys
}

// MediaRow is a row of the media's table.
type MediaRow struct {
	media.Row
	Doc []byte
}

// OutputRow is a row of the table of outputs. Data is nil where that of the row
// stays.
type OutputRow struct {
	Source, FileId string
	*media.Output
}

// EventRow is a row of the table of events of media.
type EventRow struct {
	Source, FileId, EventID string
}

// MediaRows is what a fold writes.
type MediaRows struct {
	Media   []MediaRow
	Outputs []OutputRow
	Events  []EventRow

	// Powers: Data of the outputs may have numbers with an exponent, such as 1e9.
	Powers bool
}

// Fold adds to the media's docs what the events say that the table took just now.
// fresh has their ids and when each was received first: that stands in the row of
// events. Where an output lacks its Data, which no doc holds, read gives the rows of
// the events that have it.
func (t *Telling) Fold(fresh map[string]time.Time, docs map[MediaKey][]byte, read func(ids []string, add func(stored.Row)) error) (MediaRows, error) {
	rows, lacking, err := t.fold(fresh, docs)
	if err != nil || len(lacking) == 0 {
		return rows, err
	}
	t.again = map[MediaKey][]media.Media{}
	err = read(lacking, func(row stored.Row) {
		e, err := eventOf(row)
		if err != nil {
			return // somebody changed the row; media rebuild would say the same
		}
		for _, m := range t.Of(e) {
			key := MediaKey{Source: m.Source, FileId: m.FileId}
			t.again[key] = append(t.again[key], m)
		}
	})
	if err == nil {
		rows, _, err = t.fold(fresh, docs)
	}
	return rows, err
}

// fold also returns the events that have the Data that an output lacks.
func (t *Telling) fold(fresh map[string]time.Time, docs map[MediaKey][]byte) (rows MediaRows, lacking []string, err error) {
	all, before := make(map[MediaKey]*media.Media, len(fresh)), map[MediaKey][]media.Result{}
	rows = t.rows.reset()
	rows.Powers = t.again != nil
	defer func() { t.rows = rows }()
	for _, id := range slices.Sorted(maps.Keys(fresh)) {
		told := t.toldAt(id, fresh[id])
		rows.Powers = rows.Powers || told != nil && t.told[id].HasPowers()
		for i := range told {
			one := &told[i]
			key := MediaKey{Source: one.Source, FileId: one.FileId}
			known := all[key]
			if doc := docs[key]; known == nil && len(doc) > 0 {
				if known, err = t.read(key, doc, before); err != nil {
					return rows, nil, err
				}
			}
			if known != nil {
				one = t.Merge(known, one)
			}
			all[key] = one
			rows.Events = append(rows.Events, EventRow{key.Source, key.FileId, id})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(all), MediaKey.Compare) {
		from := len(rows.Outputs)
		rows.add(&t.Memory, all[key])
		for _, o := range rows.Outputs[from:] {
			if id := o.Lacks(before[key]); id != "" {
				lacking = append(lacking, id)
			}
		}
	}
	return rows, lacking, nil
}

// toldAt is what an event says that was received first at that time.
func (t *Telling) toldAt(id string, received time.Time) []media.Media {
	told, known := t.told[id]
	if !known || told.Received.Truncate(time.Millisecond).Equal(received.Truncate(time.Millisecond)) {
		return told.media
	}
	again := *told.Event // a repetition; what is finer than a version is not in every table
	again.Received = received
	return t.Of(&again)
}

// read is a media as its doc has it, with what is told again. Its results so far go
// into before.
func (t *Telling) read(key MediaKey, doc []byte, before map[MediaKey][]media.Result) (*media.Media, error) {
	m := new(media.Media)
	if err := m.UnmarshalJSON(doc); err != nil {
		return nil, fmt.Errorf("the doc of media %s cannot be read: %w (vodctl media rebuild makes it anew)", key.FileId, err)
	}
	m.Source, m.FileId = key.Source, key.FileId
	before[key] = m.Results
	again := t.again[key]
	for i := range again {
		m = t.Merge(m, &again[i])
	}
	return m, nil
}

// add adds the rows of a media, which stand in the memory.
func (r *MediaRows) add(in *media.Memory, m *media.Media) {
	row := in.Row(m)
	for i := range row.Outputs {
		r.Outputs = append(r.Outputs, OutputRow{m.Source, m.FileId, &row.Outputs[i]})
	}
	row.Outputs = nil
	r.Media = append(r.Media, MediaRow{row, in.Doc(m)})
}

// reset returns no rows, in the memory of those that there are.
func (r *MediaRows) reset() MediaRows {
	return MediaRows{Media: emptied(r.Media, 64), Outputs: emptied(r.Outputs, 512), Events: emptied(r.Events, 64)}
}

// emptied is the list without a value. It is a new one if there is room for more than
// most: then a batch of unusual size made it.
func emptied[T any](list []T, most int) []T {
	if cap(list) > most {
		return nil
	}
	clear(list)
	return list[:0]
}

// Columns of the media's tables that a fold writes, without their keys; updated_at
// is the server's.
var (
	MediaColumns = []string{"state", "name", "category", "type", "media_url", "play_url", "cover_url", "size", "duration", "width", "height",
		"review", "review_label", "error", "source_context", "session_context", "procedure_task_id", "procedure_status", "storage_class",
		"created_at", "expires_at", "deleted_at", "last_event", "doc"}
	OutputColumns = []string{"status", "url", "width", "height", "size", "bitrate", "duration", "container", "error", "task_id", "finished_at"}
)

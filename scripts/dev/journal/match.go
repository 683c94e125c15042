package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// withHandle is an event as PullEvents gives it.
func withHandle(body []byte, handle string) []byte {
	before, after, _ := bytes.Cut(body, []byte{'{'})
	comma := ","
	if bytes.HasPrefix(bytes.TrimSpace(after), []byte{'}'}) {
		comma = ""
	}
	return fmt.Appendf(nil, `%s{"EventHandle":%q%s%s`, before, handle, comma, after)
}

// keyOf is what an event is found by when it comes out: its id or, for the
// kinds whose id is made at each delivery, its data.
func keyOf(e *event.Event) string {
	if e.StableID && e.Handle == "" {
		return e.ID
	}
	return dataKey(e)
}

func dataKey(e *event.Event) string {
	var b bytes.Buffer
	if json.Compact(&b, e.AppendData(nil)) != nil {
		return e.ID
	}
	return b.String()
}

// match finds the record of an event that is seen on its way. Of those with
// its id, or with its data, it is the oldest that fits and has not ended, else
// the youngest that fits.
func (j *Journal) match(e *event.Event, fits func(*record) bool) *record {
	for _, key := range []string{e.ID, dataKey(e)} {
		if r := choose(j.byKey[key], func(r *record) bool { return r.mode == e.Mode && fits(r) }); r != nil {
			return r
		}
	}
	return nil
}

// choose gives the first record that fits and has not ended, else the last
// that fits, else nil.
func choose(records []*record, fits func(*record) bool) (last *record) {
	for _, r := range records {
		if !fits(r) {
			continue
		}
		if !r.ended() {
			return r
		}
		last = r
	}
	return last
}

// identify notes the id of an event whose id is made at each delivery.
func (j *Journal) identify(r *record, eventID string) {
	if r.eventID == eventID {
		return
	}
	if old := r.eventID; old != "" && old != r.key {
		j.byKey[old] = slices.DeleteFunc(j.byKey[old], func(o *record) bool { return o == r })
	}
	r.eventID = eventID
	j.index(eventID, r)
	for _, l := range j.untold[eventID] { // the log was read before the event
		j.attach(r, l)
	}
	delete(j.untold, eventID)
}

// logged writes down a line of a log.
func (j *Journal) logged(l *Log) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := j.about(l); r != nil {
		j.attach(r, l)
	} else if key := cmp.Or(l.eventID, l.RequestID); key != "" && (l.eventID != "" || l.Function == "callback") {
		if len(j.untold) > 1000 {
			clear(j.untold)
		}
		if len(j.untold[key]) < maxLogs {
			j.untold[key] = append(j.untold[key], l)
		}
	}
	for reader := range j.readers {
		reader.log(l)
	}
}

// about finds the record that a line of the log names.
func (j *Journal) about(l *Log) *record {
	mode := event.Reliable
	if l.Function == "callback" {
		mode = event.Normal
	}
	return choose(j.byKey[l.eventID], func(r *record) bool { return r.mode == mode })
}

// attach adds to a record a line of the log that names it, and the lines of
// the same callback that do not: one request is one event.
func (j *Journal) attach(r *record, l *Log) {
	lines := append(j.untold[l.RequestID], l)
	delete(j.untold, l.RequestID)
	for _, l := range lines {
		if len(r.logs) < maxLogs {
			of := *l // a reader may have the line itself
			of.Event = r.id
			r.logs = append(r.logs, &of)
		}
	}
	switch l.fate() {
	case deliver.Parked:
		if r.parked {
			break // a later part of the same parking
		}
		r.parked = true
		r.err = l.Text("error")
		r.note(Step{Time: l.Time, State: Parked, Attempt: r.attempts, Text: l.Text("reason") + ": " + r.err})
		j.figures.totals.Parked++
	case deliver.Duplicate:
		if l.Function == "callback" { // pull tells of its own in its result
			j.duplicates(1)
		}
	case deliver.Unwanted:
		if l.Function == "callback" && !r.unwanted {
			j.unwanted(1)
		}
		r.unwanted = true
	}
	j.touch(r)
}

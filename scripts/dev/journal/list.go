package journal

import (
	"slices"
	"strings"

	"vodevents/shared/event"
)

// Filter chooses events for a list. Empty members choose all.
type Filter struct {
	Types, States []string
	Mode          event.Mode
	Text          string // somewhere in the event, in upper or lower case
	Before        string // only events older than the one of this id
	Limit         int
}

// List gives the events that fit, the newest first, and how many do.
func (j *Journal) List(f Filter) (events []Summary, matched int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	end := uint64(1<<64 - 1)
	if r := j.byID[f.Before]; r != nil {
		end = r.seq
	}
	f.Text = strings.ToLower(f.Text)
	events = []Summary{}
	for _, r := range slices.Backward(j.order) {
		if r.seq >= end || !f.fits(r) {
			continue
		}
		if matched++; len(events) < f.Limit {
			events = append(events, r.summary())
		}
	}
	return events, matched
}

func (f *Filter) fits(r *record) bool {
	return (len(f.Types) == 0 || slices.Contains(f.Types, r.kind)) &&
		(len(f.States) == 0 || slices.Contains(f.States, string(r.shown()))) &&
		(f.Mode == "" || f.Mode == r.mode) &&
		(f.Text == "" || r.contains(f.Text))
}

// Known says whether there is an event of that id.
func (j *Journal) Known(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byID[id] != nil
}

// Find gives the event of an id, or the youngest of a CloudEvents id.
func (j *Journal) Find(id string) (d Detail, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.byID[id]
	if same := j.byKey[strings.ToLower(id)]; r == nil && len(same) > 0 {
		r = same[len(same)-1]
	}
	if r == nil {
		return Detail{}, false
	}
	return Detail{
		Summary: r.summary(), Body: string(r.body), CloudEvent: string(r.cloudEvent),
		History: slices.Clone(r.history), Logs: append([]*Log{}, r.logs...),
	}, true
}

// Unsettled is how many events came out and have not ended.
func (j *Journal) Unsettled() (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.order {
		if r.outs > 0 && !r.ended() {
			n++
		}
	}
	return n
}

package journal

import (
	"slices"
	"time"

	"vodevents/shared/event"
)

// OutAgain takes note of a parked event, and its line, that is being delivered again.
func (j *Journal) OutAgain(e *event.Event, line []byte, at time.Time) {
	j.news.put(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.figures.now.Out++
		j.figures.totals.Out++
		for _, r := range j.parked(e.ID) {
			r.outs++
			r.out, r.sunk, r.cloudEvent = true, false, line
			j.touch(r)
		}
	})
}

// DeliveredAgain takes note that a parked event was delivered after all. text says by
// whom.
func (j *Journal) DeliveredAgain(e *event.Event, text string, at time.Time) {
	j.news.put(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, r := range j.parked(e.ID) {
			r.parked, r.again, r.err = false, true, ""
			r.later(Step{Time: at, State: Delivered, Text: text})
			j.delivered(r, e, at)
			j.touch(r)
		}
	})
}

// StillParked takes note of what somebody did with a parked event beside delivering
// it.
func (j *Journal) StillParked(eventID, text string, at time.Time) {
	j.news.put(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, r := range j.parked(eventID) {
			r.later(Step{Time: at, State: Parked, Text: text})
			j.touch(r)
		}
	})
}

// parked are the records of a CloudEvents id that are parked.
func (j *Journal) parked(eventID string) (all []*record) {
	for _, r := range j.byKey[eventID] {
		if r.parked {
			all = append(all, r)
		}
	}
	return all
}

// later adds a step that follows the event's end, when somebody dealt with it by hand.
func (r *record) later(s Step) {
	s.Time = stamp(s.Time)
	if r.history = append(r.history, s); len(r.history) > maxSteps {
		r.history = slices.Delete(r.history, 1, 2)
	}
	r.changed = s.Time
}

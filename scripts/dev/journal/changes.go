package journal

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// changed writes down what the stand-in tells of an event.
func (j *Journal) changed(c vodfake.Change, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.byID[c.ID]
	if r == nil {
		return
	}
	step := Step{Time: at, State: c.State}
	r.leaseEnd = c.LeaseEnd // none but in state pulled
	switch c.State {
	case vodfake.Pulled, vodfake.Sent:
		j.figures.came = at
		j.attempt(r, c)
		step.Attempt, step.LeaseEnd = c.Delivery, stamp(c.LeaseEnd)
	case vodfake.Redelivered:
		r.parked = false
		step.Text = "its lease of 30 s ran out before it was confirmed"
		r.err = step.Text
		j.figures.now.LeaseMisses++
		j.figures.totals.LeaseMisses++
	case vodfake.TimedOut:
		step.Text = "no answer within 5 s"
		r.err = step.Text
	case vodfake.Failed:
		step.Text, r.err = c.Err, c.Err
	case vodfake.Answered:
		step.Status, r.status = c.Status, c.Status
		if c.Status != http.StatusOK {
			step.Text = strings.TrimSuffix(fmt.Sprintf("answered %d: %s", c.Status, c.Err), ": ")
		}
		if !r.parked { // else why it was parked says more
			r.err = step.Text
		}
	}
	j.enter(r, step)
	j.touch(r)
}

// attempt begins a new try: an event was pulled or sent.
func (j *Journal) attempt(r *record, c vodfake.Change) {
	if c.State == vodfake.Pulled && !r.stableID {
		e, _ := event.Parse(withHandle(r.body, c.Handle), event.Origin{Mode: event.Reliable})
		j.identify(r, e.ID)
	}
	r.attempts = c.Delivery
	r.out, r.sunk, r.parked, r.again = false, false, false, false
	r.err = ""
}

// enter changes a record's state.
func (j *Journal) enter(r *record, s Step) {
	was := r.ended()
	switch {
	case was && s.State != vodfake.Sent: // seen late; only a fault has it sent again
	case (s.State == Handled || s.State == Delivered) && (r.state == vodfake.Redelivered || r.state == vodfake.TimedOut):
		// The function was too slow: VOD will bring it again all the same.
	default:
		r.state = s.State
	}
	r.note(s)
	if r.ended() && !was {
		r.leaseEnd = time.Time{}
		r.took = s.Time.Sub(r.created)
		j.figures.ended(r.state, r.status, r.took)
	}
}

// cameOut writes down that a CloudEvent came out of a function.
func (j *Journal) cameOut(e *event.Event, line []byte, at time.Time, last bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.match(e, func(r *record) bool { return !r.out })
	if r == nil {
		r = j.match(e, func(*record) bool { return true })
	}
	if r == nil { // with -real, or dropped
		r = newRecord(Given{ID: fmt.Sprintf("r%d", j.seq+1), Mode: e.Mode, Body: e.AppendData(nil)}, at)
		r.attempts = 1
		j.insert(r)
	}
	j.identify(r, e.ID)
	r.outs++
	r.out = true
	r.cloudEvent = line
	if !last {
		j.enter(r, Step{Time: at, State: Handled, Attempt: r.attempts})
	}
	if last || r.sunk {
		j.enter(r, Step{Time: at, State: Delivered, Attempt: r.attempts})
		j.delivered(r, e, at)
	}
	j.figures.came = at
	j.figures.now.Out++
	j.figures.totals.Out++
	j.touch(r)
}

// sunk writes down what dev's own sink answered.
func (j *Journal) sunk(e *event.Event, status int, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.match(e, func(r *record) bool { return !r.sunk })
	if r == nil {
		return
	}
	j.identify(r, e.ID)
	if r.parked { // it is being delivered again, and who does that tells how it ends
		r.sunk = status/100 == 2
		j.touch(r)
		return
	}
	if status/100 != 2 {
		r.err = fmt.Sprintf("dev's sink answered %d", status)
		r.note(Step{Time: at, State: r.state, Text: r.err})
	} else if r.sunk = true; r.out {
		j.enter(r, Step{Time: at, State: Delivered, Attempt: r.attempts})
		j.delivered(r, e, at)
	}
	j.touch(r)
}

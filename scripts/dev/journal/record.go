package journal

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// What is kept of one event.
const (
	maxSteps = 100
	maxLogs  = 100
)

// record is one event that VOD was given, or that was posted to /callback. The
// journal's lock guards it.
type record struct {
	seq      uint64
	id       string
	key      string // see keyOf
	eventID  string // of the CloudEvent; empty while unknown
	stableID bool   // the id is the same at each delivery
	mode     event.Mode
	kind     string // EventType
	subject  string
	body     []byte
	resendOf string
	copyOf   string

	state    vodfake.State
	created  time.Time
	changed  time.Time
	attempts int // pulls or sends
	outs     int // how often its CloudEvent came out
	leaseEnd time.Time
	status   int
	err      string
	took     time.Duration

	// Of the last attempt:
	out    bool // its CloudEvent came out
	sunk   bool // dev's own sink took it
	parked bool

	again    bool // it was parked, and somebody had it delivered after all
	unwanted bool // no sink wants its EventType

	cloudEvent []byte
	history    []Step
	logs       []*Log
}

// Step is a change of an event's state.
type Step struct {
	Time     time.Time     `json:"time"`
	State    vodfake.State `json:"state"`
	Attempt  int           `json:"attempt,omitempty"`
	LeaseEnd time.Time     `json:"leaseEnd,omitzero"`
	Status   int           `json:"status,omitempty"`
	Text     string        `json:"text,omitempty"`
}

// newRecord makes the record of an event that VOD was just given.
func newRecord(g Given, now time.Time) *record {
	e, _ := event.Parse(g.Body, event.Origin{Mode: g.Mode, Received: now}) // no event: it has the type Unparsed
	r := &record{
		id: g.ID, key: keyOf(e), mode: g.Mode, kind: e.Type, subject: e.Subject, body: g.Body, resendOf: g.ResendOf, copyOf: g.CopyOf,
		stableID: e.StableID, created: now, changed: now, state: vodfake.Sent,
	}
	if r.mode == event.Reliable {
		r.state = vodfake.Queued
	}
	if e.StableID {
		r.eventID = e.ID
	}
	return r
}

// ended says that nothing more will happen to the event.
func (r *record) ended() bool {
	switch r.state {
	case vodfake.Confirmed, vodfake.Expired, vodfake.Answered, vodfake.Failed:
		return true
	}
	return false
}

// shown is the state to show: an event that was parked is confirmed, or its
// callback answered, all the same, also where it was delivered later.
func (r *record) shown() vodfake.State {
	switch {
	case r.parked:
		return Parked
	case r.again:
		return Delivered
	}
	return r.state
}

// duplicate says that an earlier event of the same id made this one needless.
func (r *record) duplicate() bool {
	return r.outs == 0 && !r.parked && !r.unwanted && (r.state == vodfake.Confirmed || r.state == vodfake.Answered && r.status == 200)
}

// note adds a step. One that is seen late, because pipes and sockets race, goes
// in front of the last.
func (r *record) note(s Step) {
	s.Time = stamp(s.Time)
	at := len(r.history)
	if n := at - 1; n >= 0 && r.ended() && s.State != r.state {
		at, s.Time = n, r.history[n].Time
	}
	if r.history = slices.Insert(r.history, at, s); len(r.history) > maxSteps {
		r.history = slices.Delete(r.history, 1, 2) // its beginning is worth more
	}
	r.changed = s.Time
}

// Summary is an event in a list.
type Summary struct {
	ID        string        `json:"id"`
	EventID   string        `json:"eventId,omitempty"`
	Mode      event.Mode    `json:"mode"`
	Type      string        `json:"type"`
	Subject   string        `json:"subject,omitempty"`
	State     vodfake.State `json:"state"`
	Created   time.Time     `json:"created"`
	Changed   time.Time     `json:"changed"`
	Attempts  int           `json:"attempts"`
	Outs      int           `json:"outs"`
	Duplicate bool          `json:"duplicate,omitempty"`
	Unwanted  bool          `json:"unwanted,omitempty"`
	LeaseEnd  time.Time     `json:"leaseEnd,omitzero"`
	Status    int           `json:"status,omitempty"`
	Error     string        `json:"error,omitempty"`
	TookMs    *float64      `json:"tookMs,omitempty"`
	ResendOf  string        `json:"resendOf,omitempty"`
	CopyOf    string        `json:"copyOf,omitempty"`
}

func (r *record) summary() Summary {
	s := Summary{
		ID: r.id, EventID: r.eventID, Mode: r.mode, Type: r.kind, Subject: r.subject, State: r.shown(),
		Created: stamp(r.created), Changed: stamp(r.changed), Attempts: r.attempts, Outs: r.outs, Duplicate: r.duplicate(), Unwanted: r.unwanted,
		LeaseEnd: stamp(r.leaseEnd), Status: r.status, Error: r.err, ResendOf: r.resendOf, CopyOf: r.copyOf,
	}
	if r.ended() {
		s.TookMs = new(millis(r.took))
	}
	return s
}

// Detail is an event opened.
type Detail struct {
	Summary
	Body       string `json:"body"`
	CloudEvent string `json:"cloudEvent,omitempty"`
	History    []Step `json:"history"`
	Logs       []*Log `json:"logs"`
}

// contains says whether text, in lower case, stands somewhere in the event.
func (r *record) contains(text string) bool {
	for _, s := range []string{r.id, r.eventID, r.kind, r.subject, r.err} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return bytes.Contains(bytes.ToLower(r.body), []byte(text))
}

// stamp is a time as it is shown: UTC, to the millisecond.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

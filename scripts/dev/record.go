package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// The states that the stand-in does not know: they are seen in what comes out
// of the functions.
const (
	handled   vodfake.State = "handled"   // the handler let it pass and stdout has it; other sinks may be at work
	delivered vodfake.State = "delivered" // every sink has it
	parked    vodfake.State = "parked"    // given up: in DEAD_LETTER, or whole in the log
)

// What is kept of one event.
const (
	maxSteps = 100
	maxLogs  = 100
)

// record is one event that VOD was given, or that was posted to /callback. The
// store's lock guards it; body is never changed.
type record struct {
	seq      uint64
	id       string
	key      string // see keyOf
	eventID  string // of the CloudEvent; empty while unknown
	unique   bool   // the id is the same at each delivery
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

	cloudEvent []byte
	history    []step
	logs       []*logLine
}

// step is a change of a record's state.
type step struct {
	Time     time.Time     `json:"time"`
	State    vodfake.State `json:"state"`
	Attempt  int           `json:"attempt,omitempty"`
	LeaseEnd time.Time     `json:"leaseEnd,omitzero"`
	Status   int           `json:"status,omitempty"`
	Text     string        `json:"text,omitempty"`
}

// withHandle is an event as PullEvents gives it.
func withHandle(body []byte, handle string) []byte {
	before, after, _ := bytes.Cut(body, []byte{'{'})
	comma := ","
	if bytes.HasPrefix(bytes.TrimSpace(after), []byte{'}'}) {
		comma = ""
	}
	return fmt.Appendf(nil, `%s{"EventHandle":%q%s%s`, before, handle, comma, after)
}

// keyOf is by what an event is found again when it comes out: its id or, for
// the kinds whose id is made at each delivery, its data.
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

// newRecord makes the record of an event that was just given to VOD.
func newRecord(id string, mode event.Mode, body []byte, now time.Time) *record {
	e, _ := event.Parse(body, event.Origin{Mode: mode, Received: now}) // no event: it has the type Unparsed
	r := &record{
		id: id, key: keyOf(e), mode: mode, kind: e.Type, subject: e.Subject, body: body,
		unique: e.StableID, created: now, changed: now,
	}
	if e.StableID {
		r.eventID = e.ID
	}
	return r
}

// through says that nothing more will happen to the event.
func (r *record) through() bool {
	switch r.state {
	case vodfake.Confirmed, vodfake.Expired, vodfake.Answered, vodfake.Failed:
		return true
	}
	return false
}

// shown is the state to show: an event that was parked is confirmed, or its
// callback answered, all the same.
func (r *record) shown() vodfake.State {
	if r.parked {
		return parked
	}
	return r.state
}

// duplicate says that an earlier event of the same id made this one needless.
func (r *record) duplicate() bool {
	return r.outs == 0 && !r.parked && (r.state == vodfake.Confirmed || r.state == vodfake.Answered && r.status == 200)
}

// note adds a step. One that was seen late, because pipe and socket raced, goes
// in front of the end.
func (r *record) note(s step) {
	s.Time = stamp(s.Time)
	at := len(r.history)
	if n := at - 1; n >= 0 && r.through() && s.State != r.state {
		at, s.Time = n, r.history[n].Time
	}
	if r.history = slices.Insert(r.history, at, s); len(r.history) > maxSteps {
		r.history = slices.Delete(r.history, 1, 2) // its beginning is worth more
	}
	r.changed = s.Time
}

// summary is a record in the API's list.
type summary struct {
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
	LeaseEnd  time.Time     `json:"leaseEnd,omitzero"`
	Status    int           `json:"status,omitempty"`
	Error     string        `json:"error,omitempty"`
	TookMs    *float64      `json:"tookMs,omitempty"`
	ResendOf  string        `json:"resendOf,omitempty"`
	CopyOf    string        `json:"copyOf,omitempty"`
}

func (r *record) summary() summary {
	s := summary{
		ID: r.id, EventID: r.eventID, Mode: r.mode, Type: r.kind, Subject: r.subject, State: r.shown(),
		Created: stamp(r.created), Changed: stamp(r.changed), Attempts: r.attempts, Outs: r.outs, Duplicate: r.duplicate(),
		LeaseEnd: stamp(r.leaseEnd), Status: r.status, Error: r.err, ResendOf: r.resendOf, CopyOf: r.copyOf,
	}
	if r.through() {
		s.TookMs = new(millis(r.took))
	}
	return s
}

// detail is a record opened.
type detail struct {
	summary
	Body       string     `json:"body"`
	CloudEvent string     `json:"cloudEvent,omitempty"`
	Curl       string     `json:"curl"`
	History    []step     `json:"history"`
	Logs       []*logLine `json:"logs"`
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

// stamp is a time as the API gives it: UTC, to the millisecond.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

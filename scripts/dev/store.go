package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// maxRecords is how many events are kept. The oldest are dropped, those that
// are through before those that VOD will still tell.
const maxRecords = 10_000

// store is what dev knows of the events of this run.
type store struct {
	mu      sync.Mutex
	seq     uint64
	order   []*record // oldest first
	byID    map[string]*record
	byKey   map[string][]*record // by key and by eventID, oldest first
	figures figures
	readers map[*reader]struct{}
	untold  map[string][]*logLine // by eventID or request id: whose event is not known yet
}

func newStore() *store {
	return &store{
		byID:    map[string]*record{},
		byKey:   map[string][]*record{},
		readers: map[*reader]struct{}{},
		untold:  map[string][]*logLine{},
	}
}

// add takes a new record, unless there is one of that id.
func (s *store) add(r *record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[r.id] == nil {
		s.insert(r)
	}
}

func (s *store) insert(r *record) {
	s.seq++
	r.seq = s.seq
	s.order = append(s.order, r)
	s.byID[r.id] = r
	s.index(r.key, r)
	s.figures.now.Made++
	s.figures.totals.Made++
	for len(s.order) > maxRecords {
		s.drop(max(0, slices.IndexFunc(s.order[:len(s.order)-1], (*record).through)))
	}
	s.touch(r)
}

func (s *store) index(key string, r *record) {
	if !slices.Contains(s.byKey[key], r) {
		s.byKey[key] = append(s.byKey[key], r)
	}
}

// drop forgets the record that stands at i.
func (s *store) drop(i int) {
	r := s.order[i]
	s.order = slices.Delete(s.order, i, i+1)
	delete(s.byID, r.id)
	for _, key := range []string{r.key, r.eventID} {
		if left := slices.DeleteFunc(s.byKey[key], func(o *record) bool { return o == r }); len(left) > 0 {
			s.byKey[key] = left
		} else {
			delete(s.byKey, key)
		}
	}
	for reader := range s.readers {
		delete(reader.waiting, r)
	}
}

// known says whether there is a record of that id.
func (s *store) known(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[id] != nil
}

// update has fn change a record, if it is still there.
func (s *store) update(id string, fn func(r *record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.byID[id]; r != nil {
		fn(r)
		s.touch(r)
	}
}

// change takes note of what the stand-in tells of an event, at a real time.
func (s *store) change(c vodfake.Change, at time.Time) {
	s.update(c.ID, func(r *record) {
		st := step{Time: at, State: c.State}
		r.leaseEnd = c.LeaseEnd // none but in state pulled
		switch c.State {
		case vodfake.Pulled, vodfake.Sent:
			if c.State == vodfake.Pulled && !r.unique {
				e, _ := event.Parse(withHandle(r.body, c.Handle), event.Origin{Mode: event.Reliable})
				s.identify(r, e.ID)
			}
			r.attempts = c.Delivery
			r.out, r.sunk, r.parked = false, false, false
			r.err = ""
			st.Attempt, st.LeaseEnd = c.Delivery, stamp(c.LeaseEnd)
		case vodfake.Redelivered:
			r.parked = false
			st.Text = "its lease of 30 s ran out before it was confirmed"
			r.err = st.Text
			s.figures.now.LeaseMisses++
			s.figures.totals.LeaseMisses++
		case vodfake.TimedOut:
			st.Text = "no answer within 5 s"
			r.err = st.Text
		case vodfake.Failed:
			st.Text, r.err = c.Err, c.Err
		case vodfake.Answered:
			st.Status, r.status = c.Status, c.Status
			if c.Status != http.StatusOK {
				st.Text = strings.TrimSuffix(fmt.Sprintf("answered %d: %s", c.Status, c.Err), ": ")
			}
			r.err = st.Text
		}
		s.enter(r, st)
	})
}

// enter changes a record's state.
func (s *store) enter(r *record, st step) {
	was := r.through()
	switch {
	case was && st.State != vodfake.Sent: // seen late; only a fault has it sent again
	case (st.State == handled || st.State == delivered) && (r.state == vodfake.Redelivered || r.state == vodfake.TimedOut):
		// The function was too slow: VOD will bring it again all the same.
	default:
		r.state = st.State
	}
	r.note(st)
	if r.through() && !was {
		r.leaseEnd = time.Time{}
		r.took = st.Time.Sub(r.created)
		s.figures.through(r.state, r.status, r.took)
	}
}

// match finds the record that an event belongs to which is seen on its way: of
// those with its id, or with its data, the oldest that fits and is not
// through, else the youngest that fits.
func (s *store) match(e *event.Event, fits func(*record) bool) *record {
	var found *record
	for _, key := range []string{e.ID, dataKey(e)} {
		for _, r := range s.byKey[key] {
			switch {
			case r.mode != e.Mode || !fits(r):
			case !r.through():
				return r
			default:
				found = r
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// out takes note of a CloudEvent that came out of a function. last says that no
// other sink needs to take it.
func (s *store) out(e *event.Event, line []byte, at time.Time, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.match(e, func(r *record) bool { return !r.out })
	if r == nil {
		r = s.match(e, func(*record) bool { return true })
	}
	if r == nil { // with -real, or dropped
		body := e.AppendData(nil)
		r = newRecord(fmt.Sprintf("r%d", s.seq+1), e.Mode, body, at)
		r.attempts = 1
		s.insert(r)
	}
	s.identify(r, e.ID)
	r.outs++
	r.out = true
	r.cloudEvent = line
	if !last {
		s.enter(r, step{Time: at, State: handled, Attempt: r.attempts})
	}
	if last || r.sunk {
		s.enter(r, step{Time: at, State: delivered, Attempt: r.attempts})
	}
	s.figures.now.Out++
	s.figures.totals.Out++
	s.touch(r)
}

// sunk takes note of an event that dev's own sink answered.
func (s *store) sunk(e *event.Event, status int, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.match(e, func(r *record) bool { return !r.sunk })
	if r == nil {
		return
	}
	s.identify(r, e.ID)
	if status/100 != 2 {
		r.err = fmt.Sprintf("dev's sink answered %d", status)
		r.note(step{Time: at, State: r.state, Text: r.err})
	} else if r.sunk = true; r.out {
		s.enter(r, step{Time: at, State: delivered, Attempt: r.attempts})
	}
	s.touch(r)
}

// identify notes the id of an event whose id is made at each delivery.
func (s *store) identify(r *record, eventID string) {
	if r.eventID == eventID {
		return
	}
	if old := r.eventID; old != "" && old != r.key {
		s.byKey[old] = slices.DeleteFunc(s.byKey[old], func(o *record) bool { return o == r })
	}
	r.eventID = eventID
	s.index(eventID, r)
	for _, l := range s.untold[eventID] { // standard error was read before standard output
		s.attach(r, l)
	}
	delete(s.untold, eventID)
}

// log takes note of a line of a function's log.
func (s *store) log(l *logLine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.about(l); r != nil {
		s.attach(r, l)
	} else if key := cmp.Or(l.eventID, l.RequestID); key != "" && (l.eventID != "" || l.Function == "callback") {
		if len(s.untold) > 1000 {
			clear(s.untold)
		}
		s.untold[key] = append(s.untold[key], l)
	}
	for reader := range s.readers {
		reader.log(l)
	}
}

// attach adds to a record a line of the log that names it, and those of the
// same callback that did not: one request is one event.
func (s *store) attach(r *record, l *logLine) {
	lines := append(s.untold[l.RequestID], l)
	delete(s.untold, l.RequestID)
	for _, l := range lines {
		if len(r.logs) < maxLogs {
			of := *l // a reader may have the line itself
			of.Event = r.id
			r.logs = append(r.logs, &of)
		}
	}
	if l.parks() && !r.parked {
		r.parked = true
		r.err = l.text("error")
		r.note(step{Time: l.Time, State: parked, Attempt: r.attempts, Text: l.text("reason") + ": " + r.err})
		s.figures.totals.Parked++
	}
	if l.duplicate() {
		s.duplicates(1)
	}
	s.touch(r)
}

// about finds the record that a line of the log names.
func (s *store) about(l *logLine) *record {
	mode := event.Reliable
	if l.Function == "callback" {
		mode = event.Normal
	}
	var found *record
	for _, r := range s.byKey[l.eventID] {
		switch {
		case r.mode != mode:
		case !r.through():
			return r
		default:
			found = r
		}
	}
	return found
}

func (s *store) duplicates(n int) {
	s.figures.now.Duplicates += n
	s.figures.totals.Duplicates += n
}

// pulled takes note of the result of an invocation of pull.
func (s *store) pulled(polls, duplicates int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.figures.totals.Pulls++
	s.figures.totals.Polls += polls
	s.duplicates(duplicates)
}

// unsettled is how many events came out and are not through.
func (s *store) unsettled() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.order {
		if r.outs > 0 && !r.through() {
			n++
		}
	}
	return n
}

// filter chooses events for a list.
type filter struct {
	types, states []string
	mode, text    string
	before        string
	limit         int
}

// list gives the events that fit, the newest first, and how many do.
func (s *store) list(f filter) (events []summary, matched int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := uint64(1<<64 - 1)
	if r := s.byID[f.before]; r != nil {
		end = r.seq
	}
	f.text = strings.ToLower(f.text)
	events = []summary{}
	for _, r := range slices.Backward(s.order) {
		if r.seq >= end ||
			len(f.types) > 0 && !slices.Contains(f.types, r.kind) ||
			len(f.states) > 0 && !slices.Contains(f.states, string(r.shown())) ||
			f.mode != "" && f.mode != string(r.mode) ||
			f.text != "" && !r.contains(f.text) {
			continue
		}
		if matched++; len(events) < f.limit {
			events = append(events, r.summary())
		}
	}
	return events, matched
}

// find gives the event of an id, or the youngest of an eventId.
func (s *store) find(id string) (d detail, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byID[id]
	if same := s.byKey[strings.ToLower(id)]; r == nil && len(same) > 0 {
		r = same[len(same)-1]
	}
	if r == nil {
		return detail{}, false
	}
	return detail{
		summary: r.summary(), Body: string(r.body), CloudEvent: string(r.cloudEvent),
		History: slices.Clone(r.history), Logs: append([]*logLine{}, r.logs...),
	}, true
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/vodfake"
)

// ledger keeps the history of each event. It is safe for concurrent use.
type ledger struct {
	began time.Time

	mu      sync.Mutex
	records []record          // by n, which counts from 1
	tracks  map[string]*track // by the stand-in's id
	handles map[string]*track // of running leases
	broken  []broken
	counts  counts
}

// record is the history of one event.
type record struct {
	planned
	steps   []step
	sent    time.Time // by VOD's clock: when it was queued, or first sent
	settled time.Time // confirmed, or answered 200
	hooked  int       // how often the receiver took it
	rows    []string  // the ids of its rows
	sunk    bool      // a row was delivered
	parked  string    // why a row was parked
}

// track is what the stand-in did with an event, under one of its ids. A callback that
// is sent again has several ids, and so has an event that comes a second time.
type track struct {
	id, handle string
	n          int // 0: not known yet
	steps      []step
}

type step struct {
	real   time.Duration // since the soak began
	at     time.Time     // by VOD's clock; zero: VOD did not do it
	what   string
	detail string
}

// broken is a guarantee that did not hold for an event.
type broken struct {
	n     int // 0: no single event
	which guarantee
	why   string
}

type guarantee string

const (
	stuck     guarantee = "it does not get through"
	lost      guarantee = "lost"
	early     guarantee = "confirmed before it was durable"
	twice     guarantee = "two rows"
	altered   guarantee = "altered"
	misparked guarantee = "parked without a reason, or delivered against it"
	unhooked  guarantee = "a sink lacks it"
	wrongRow  guarantee = "a row of media is wrong"
)

// counts is what else happened.
type counts struct {
	pushed, pulled   int // events
	resent           int // callbacks that were sent again
	redelivered      int // events that were pulled again
	confirms         int // handles that were confirmed
	checked, late    int // rows looked for before a confirm or after an answer; late: only after the database was back
	killed, troubles int
}

func newLedger(events int) *ledger {
	return &ledger{
		began: time.Now(), records: make([]record, events+1),
		tracks: map[string]*track{}, handles: map[string]*track{},
	}
}

// send notes that an event is about to be sent.
func (l *ledger) send(p planned, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.records[p.n]
	r.planned, r.sent = p, at
	if p.pushed {
		l.counts.pushed++
	} else {
		l.counts.pulled++
	}
}

// note adds a step to an event's history.
func (l *ledger) note(n int, what, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[n].steps = append(l.records[n].steps, step{real: time.Since(l.began), what: what, detail: detail})
}

// watch is what [vodfake.Server.Watch] calls.
func (l *ledger) watch(c vodfake.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracks[c.ID]
	if t == nil {
		t = &track{id: c.ID}
		l.tracks[c.ID] = t
	}
	detail := c.Err
	switch c.State {
	case vodfake.Pulled:
		detail, t.handle = c.Handle, c.Handle
		l.handles[c.Handle] = t
	case vodfake.Redelivered:
		l.counts.redelivered++
		delete(l.handles, t.handle)
	case vodfake.Answered:
		detail = fmt.Sprint(c.Status)
	case vodfake.Confirmed:
		l.counts.confirms++
		delete(l.handles, t.handle)
		if r := &l.records[t.n]; t.n > 0 && r.settled.IsZero() {
			r.settled = c.Time
		}
	}
	t.steps = append(t.steps, step{time.Since(l.began), c.Time, string(c.State), detail})
}

// link says which event the stand-in knows by an id.
func (l *ledger) link(id string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tracks[id]
	if t == nil {
		t = &track{id: id}
		l.tracks[id] = t
	}
	t.n = n
}

// settle notes that a callback was answered 200.
func (l *ledger) settle(n int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := &l.records[n]; r.settled.IsZero() {
		r.settled = at
	}
}

// leased returns the stand-in's id of a leased event, and which event that is, if it
// is known.
func (l *ledger) leased(handle string) (id string, n int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.handles[handle]
	if t == nil {
		return "", 0, false
	}
	return t.id, t.n, true
}

// taken notes that the receiver took an event.
func (l *ledger) taken(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[n].hooked++
}

func (l *ledger) isTaken(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[n].hooked > 0
}

// breaks notes that a guarantee does not hold.
func (l *ledger) breaks(n int, which guarantee, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = append(l.broken, broken{n, which, fmt.Sprintf(format, args...)})
}

func (l *ledger) count(change func(*counts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.counts)
}

// unkept drops the bodies of a round, which can be made again.
func (l *ledger) unkept(from, to int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := from; n < to; n++ {
		l.records[n].body = nil
	}
}

// history returns all that is known of an event, in the order of real time.
func (l *ledger) history(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &l.records[n]
	way := "queued"
	if r.pushed {
		way = "pushed"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "event %d, %s, %s, mark %q, rows %q\n", n, r.kind, way, r.do, r.rows)
	steps := slices.Clone(r.steps)
	for _, t := range l.tracks {
		if t.n != n {
			continue
		}
		for _, s := range t.steps {
			s.what = "VOD " + t.id + ": " + s.what
			steps = append(steps, s)
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.real - b.real) })
	for _, s := range steps {
		at := strings.Repeat(" ", len(time.DateTime))
		if !s.at.IsZero() {
			at = s.at.UTC().Format(time.DateTime)
		}
		fmt.Fprintf(&b, "%9.3f s  %s  %s %s\n", s.real.Seconds(), at, s.what, s.detail)
	}
	return b.String()
}

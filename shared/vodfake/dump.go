package vodfake

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Dump is the whole state of a [Server] at one moment.
type Dump struct {
	Now    time.Time // by the Server's clock
	Apps   []App     // by SubAppId
	Events []Event   // in the order in which the Server was given them
}

// App counts the events that came into the queue of one application.
type App struct {
	SubAppId  uint64
	Waiting   int // can be pulled now
	Leased    int // pulled, and their 30 s are not over
	Confirmed int
	Expired   int
	Polls     int // PullEvents calls that are held right now
}

// Event is an event that the Server was given.
type Event struct {
	ID         string
	SubAppId   uint64
	Type       string          // EventType, empty where the body has none
	Mode       string          // "reliable": by the queue; "normal": by callback
	CopyOf     string          `json:",omitempty"` // the id of the event that a fault repeated
	Body       json.RawMessage // without handle and signature; may be no JSON if it was given so
	State      State
	Queued     time.Time // when the Server was given it
	Ended      time.Time // when it was confirmed or expired, or a callback ended; else zero
	Deliveries []Delivery
}

// Delivery is one time that an event was pulled or sent.
type Delivery struct {
	Time     time.Time
	Handle   string    `json:",omitempty"` // of a pull
	LeaseEnd time.Time `json:",omitzero"`  // of a pull
	Done     time.Time `json:",omitzero"`  // when it was confirmed, answered, or failed
	Status   int       `json:",omitempty"` // of a callback's answer
	Err      string    `json:",omitempty"` // why a callback got none
	TimedOut bool      `json:",omitempty"` // it got none within 5 s
}

// Dump returns a copy of the state. Of the events that have ended, it has only the
// last Options.Keep.
func (s *Server) Dump() Dump {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	d := Dump{Now: s.now()}
	for _, a := range s.apps {
		d.Apps = append(d.Apps, a.count())
	}
	slices.SortFunc(d.Apps, func(a, b App) int { return cmp.Compare(a.SubAppId, b.SubAppId) })
	for _, e := range slices.SortedFunc(maps.Values(s.events), func(a, b *entry) int { return cmp.Compare(a.number, b.number) }) {
		d.Events = append(d.Events, e.copy())
	}
	return d
}

// Event returns the state of one event. It returns false if the Server never had
// it or has forgotten it.
func (s *Server) Event(id string) (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	e := s.events[id]
	if e == nil {
		return Event{}, false
	}
	return e.copy(), true
}

// App counts the events of one application.
func (s *Server) App(subAppId uint64) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return s.app(subAppId).count()
}

// Pending returns how many events are in an application's queue, waiting or
// leased.
func (s *Server) Pending(subAppId uint64) int {
	a := s.App(subAppId)
	return a.Waiting + a.Leased
}

// Confirmed returns how many events of an application were confirmed.
func (s *Server) Confirmed(subAppId uint64) int { return s.App(subAppId).Confirmed }

func (a *app) count() App {
	return App{
		SubAppId:  a.id,
		Waiting:   a.waiting(),
		Leased:    a.leased,
		Confirmed: a.confirmed,
		Expired:   a.expired,
		Polls:     a.waiters.Len(),
	}
}

func (e *entry) copy() Event {
	mode := "normal"
	if e.reliable {
		mode = "reliable"
	}
	return Event{
		ID: e.id, SubAppId: e.app.id, Type: e.kind, Mode: mode, CopyOf: e.copyOf, Body: e.body,
		State: e.state, Queued: e.queued, Ended: e.ended, Deliveries: slices.Clone(e.deliveries),
	}
}

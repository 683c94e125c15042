package vodfake

import (
	"slices"
	"time"
)

// State says how far an event has come. In a queue it goes from Queued to Pulled,
// and then to Confirmed. If its lease ends first, it goes to Redelivered and can
// be Pulled again. A callback goes from Sent to Answered or Failed, or to TimedOut
// and Sent again.
type State string

const (
	Queued      State = "queued"      // waits to be pulled
	Pulled      State = "pulled"      // is leased; its handle is good for 30 s
	Redelivered State = "redelivered" // was not confirmed in time, and waits again
	Confirmed   State = "confirmed"   // is out of the queue
	Expired     State = "expired"     // waited for 4 days, and is gone
	Sent        State = "sent"        // is on its way as a callback
	Answered    State = "answered"    // the callback was answered, whatever the status
	TimedOut    State = "timed out"   // no answer within 5 s; it is sent again, at most twice
	Failed      State = "failed"      // no answer, and it is not sent again
)

// Change says that an event has come into a state.
type Change struct {
	Seq      uint64 // counts up by one
	Time     time.Time
	ID       string
	SubAppId uint64
	Type     string // EventType, empty where the body has none
	State    State
	Delivery int       // how many times it was pulled or sent
	Handle   string    // of this delivery; empty in a callback
	LeaseEnd time.Time // in state Pulled
	Status   int       // in state Answered
	Err      string    // in states TimedOut and Failed
}

// Watch calls fn for each change of an event's state, in order, until stop is
// called. fn runs while the Server is locked, so it must return at once and must
// not call the Server.
func (s *Server) Watch(fn func(Change)) (stop func()) {
	p := &fn
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watchers = slices.DeleteFunc(s.watchers, func(w *func(Change)) bool { return w == p })
	}
}

// change sets an event's new state and tells the watchers.
func (s *Server) change(e *entry, state State, at time.Time) {
	e.state = state
	s.seq++
	if e.reliable {
		e.app.note(at, s.opt.StateLag)
	}
	if len(s.watchers) == 0 {
		return
	}
	c := Change{
		Seq: s.seq, Time: at, ID: e.id, SubAppId: e.app.id, Type: e.kind, State: state,
		Delivery: len(e.deliveries), Handle: e.handle,
	}
	if n := len(e.deliveries); n > 0 {
		d := &e.deliveries[n-1]
		c.Status, c.Err = d.Status, d.Err
		if state == Pulled {
			c.LeaseEnd = d.LeaseEnd
		}
	}
	for _, fn := range s.watchers {
		(*fn)(c)
	}
}

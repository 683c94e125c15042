package vodfake

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// FaultKind is a way in which a call or a callback goes wrong.
type FaultKind string

const (
	Delay            FaultKind = "delay"             // performed Fault.DelayMs later than it came
	Status           FaultKind = "status"            // not performed; Fault.Status (default 502) with a body of text
	Fail             FaultKind = "fail"              // not performed; the API error Fault.Code (default InternalError)
	Limit            FaultKind = "limit"             // not performed; RequestLimitExceeded
	Hang             FaultKind = "hang"              // not performed; no answer until the client gives up
	Drop             FaultKind = "drop"              // not performed; the connection is cut
	Lost             FaultKind = "lost"              // performed; the connection is cut before the answer
	Cut              FaultKind = "cut"               // performed; the answer breaks off in the middle
	SignatureExpired FaultKind = "expired signature" // not performed; AuthFailure.SignatureExpire
	Stale            FaultKind = "stale"             // ConfirmEvents: one handle's lease is over already
	Duplicate        FaultKind = "duplicate"         // PullEvents: one event waits in the queue a second time
	Reorder          FaultKind = "reorder"           // PullEvents: the youngest events come first
	Answer           FaultKind = "answer"            // not performed; Fault.Status (default 200) with Fault.Body
)

// Fault is what befalls a call; see [Server.Next] and [Server.Control].
type Fault struct {
	Kind    FaultKind `json:"kind"`
	DelayMs int       `json:"delayMs,omitempty"` // before anything else, in real time
	Status  int       `json:"status,omitempty"`
	Code    string    `json:"code,omitempty"`
	Body    string    `json:"body,omitempty"` // of Answer, and of Status
}

type control struct {
	action string
	fn     func(*Call) *Fault
}

type nextFault struct {
	action string
	fault  Fault
}

// Control has fn decide what becomes of each call of an action, "" for any,
// until stop is called.
//
// fn runs before the call's signature is checked and before it is performed,
// in the call's own goroutine, so that it is called concurrently. It may call
// the Server, and it may block, heeding Call.Context. What it returns befalls
// the call; nil lets it through, or to the function that was given next.
// Call.N tells it which call it sees.
func (s *Server) Control(action string, fn func(*Call) *Fault) (stop func()) {
	k := &control{action, fn}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.controls = append(s.controls, k)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.controls = slices.DeleteFunc(slices.Clone(s.controls), func(c *control) bool { return c == k })
	}
}

// Next has the next calls of an action, "" for any, meet these faults: one
// each, in this order, and before any function given to Control is asked.
func (s *Server) Next(action string, f ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range f {
		s.next = append(s.next, nextFault{action, f})
	}
}

// faultFor decides what befalls a call.
func (s *Server) faultFor(c *Call) *Fault {
	s.mu.Lock()
	for i := range s.next {
		if n := s.next[i]; n.action == "" || n.action == c.Action {
			s.next = slices.Delete(s.next, i, i+1)
			s.mu.Unlock()
			return &n.fault
		}
	}
	controls := s.controls
	s.mu.Unlock()
	for _, k := range controls {
		if k.action == "" || k.action == c.Action {
			if f := k.fn(c); f != nil {
				return f
			}
		}
	}
	return nil
}

// before does what a fault does before the call is performed. It gives an
// answer where the call is not to be performed, or the error to answer.
func (s *Server) before(c *Call) (*reply, error) {
	f := c.fault
	if err := s.sleep(c.Context, time.Duration(f.DelayMs)*time.Millisecond); err != nil {
		return &reply{lost: err}, nil
	}
	switch f.Kind {
	case Status:
		return text(cmp.Or(f.Status, http.StatusBadGateway), cmp.Or(f.Body, "the gateway is out of order\n")), nil
	case Answer:
		p := text(cmp.Or(f.Status, http.StatusOK), f.Body)
		p.text = false
		return p, nil
	case Fail:
		return nil, &apiError{cmp.Or(f.Code, "InternalError"), "The call was made to fail."}
	case Limit:
		return nil, errLimit
	case SignatureExpired:
		return nil, errExpired
	case Hang:
		select {
		case <-c.Context.Done():
			return &reply{lost: c.Context.Err()}, nil
		case <-s.closed:
			return &reply{lost: errClosed}, nil
		}
	case Drop:
		return &reply{lost: errCut}, nil
	}
	return nil, nil
}

// after does what a fault does to an answer.
func (p *reply) after(f *Fault) {
	switch f.Kind {
	case Lost:
		*p = reply{lost: errCut}
	case Cut:
		p.sent = len(p.body) / 2
	}
}

func text(status int, body string) *reply {
	return &reply{status: status, text: true, body: []byte(body), sent: len(body)}
}

// is says whether a call meets a fault of this kind.
func (c *Call) is(k FaultKind) bool { return c.fault != nil && c.fault.Kind == k }

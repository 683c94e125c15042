package vodfake

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"vodevents/shared/internal/api3"
)

// FaultKind is a way in which a call or a callback goes wrong.
type FaultKind string

const (
	Delay            FaultKind = "delay"             // performed Fault.DelayMs later than it came
	Status           FaultKind = "status"            // not performed; Fault.Status (default 502) with a body of text
	Fail             FaultKind = "fail"              // not performed; the API error Fault.Code (default InternalError)
	Limit            FaultKind = "limit"             // not performed; RequestLimitExceeded
	SignatureExpired FaultKind = "expired signature" // not performed; AuthFailure.SignatureExpire
	Hang             FaultKind = "hang"              // not performed; no answer until the client gives up
	Drop             FaultKind = "drop"              // not performed; the connection is cut
	Lost             FaultKind = "lost"              // performed; the connection is cut before the answer
	Cut              FaultKind = "cut"               // performed; the answer breaks off in the middle
	Stale            FaultKind = "stale"             // ConfirmEvents: one handle's lease is over already
	Duplicate        FaultKind = "duplicate"         // PullEvents: one of the events waits in the queue a second time
	Reorder          FaultKind = "reorder"           // PullEvents: the youngest events come first
	Answer           FaultKind = "answer"            // not performed; Fault.Status (default 200) with Fault.Body
)

// Fault is what goes wrong with a call of the API; see [Server.Next],
// [Server.Control] and [Server.SetFaults].
//
// The action "Callback" stands for a callback with all its sends. It knows these
// kinds: Delay, which also puts callbacks out of order; Drop, no send arrives;
// Lost, no answer arrives, and the callback is sent again; Duplicate, it is sent
// again after its answer; and SignatureExpired, its T is in the past.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	DelayMs int       `json:"delayMs,omitempty"` // before anything else, in real time
	Status  int       `json:"status,omitempty"`
	Code    string    `json:"code,omitempty"`
	Body    string    `json:"body,omitempty"` // of Answer, and of Status
}

func (f *Fault) delay() time.Duration { return time.Duration(f.DelayMs) * time.Millisecond }

// Chance is a Fault that happens to some calls.
type Chance struct {
	Action      string  `json:"action,omitempty"` // empty: any, callbacks included
	Probability float64 `json:"probability"`      // 0 to 1
	Fault
}

// SetFaults replaces the faults that happen by chance. A call meets at most one of
// them: those for its action are tried in turn, each with its own probability.
// Options.Seed and the order of the calls decide which calls are hit.
func (s *Server) SetFaults(faults ...Chance) error {
	for _, f := range faults {
		switch _, known := actions[f.Action]; {
		case f.Action != "" && f.Action != callbackAction && !known:
			return fmt.Errorf("vodfake: fault for action %q: the stand-in has no such action", f.Action)
		case f.Probability < 0 || f.Probability > 1 || f.Probability != f.Probability:
			return fmt.Errorf("vodfake: fault %q with probability %v: give 0 to 1", f.Kind, f.Probability)
		case !slices.Contains(faultKinds, f.Kind):
			return fmt.Errorf("vodfake: fault %q: give one of %q", f.Kind, faultKinds)
		case f.DelayMs < 0:
			return fmt.Errorf("vodfake: fault %q with delayMs %d: give 0 or more", f.Kind, f.DelayMs)
		case f.Status != 0 && (f.Status < 200 || f.Status > 599):
			return fmt.Errorf("vodfake: fault %q with status %d: give 200 to 599", f.Kind, f.Status)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.Clone(faults)
	return nil
}

var faultKinds = []FaultKind{Delay, Status, Fail, Limit, SignatureExpired, Hang, Drop, Lost, Cut, Stale, Duplicate, Reorder, Answer}

// Faults returns the faults that [Server.SetFaults] has set.
func (s *Server) Faults() []Chance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Control lets fn decide what goes wrong with each call of an action, or of any
// action for "", until stop is called.
//
// fn runs before the call's signature is checked and before the call is performed.
// It runs in the call's own goroutine, so calls of fn are concurrent. It may call
// the Server, and it may block until Call.Context ends. The fault that it returns
// happens to the call. nil passes the call on to the function that was given next,
// or lets it through. Call.N says which call it is.
func (s *Server) Control(action string, fn func(*Call) *Fault) (stop func()) {
	return s.script.Control(action, fn)
}

// Next makes the next calls of an action, or of any action for "", meet these
// faults, one each, in this order. No function given to Control is asked about
// those calls.
func (s *Server) Next(action string, f ...Fault) { s.script.Next(action, f...) }

// faultFor decides which fault happens to a call.
func (s *Server) faultFor(c *Call) *Fault {
	if f := s.script.Take(c.Action); f != nil {
		return f
	}
	byChance := s.chance(c.Action) // drawn for each call, so that a control moves no other draw
	if f := s.script.Ask(c.Action, c); f != nil {
		return f
	}
	return byChance
}

func (s *Server) chance(action string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if (f.Action == "" || f.Action == action) && s.rand.Float64() < f.Probability {
			return &f.Fault
		}
	}
	return nil
}

// before does what a fault does before the call is performed. If the call is not
// to be performed, it returns the answer or the error to answer.
func (s *Server) before(c *Call) (*reply, error) {
	f := c.fault
	if err := s.sleep(c.Context, f.delay()); err != nil {
		return &reply{Lost: err}, nil
	}
	switch f.Kind {
	case Status:
		return api3.Text(cmp.Or(f.Status, http.StatusBadGateway), cmp.Or(f.Body, "the gateway is out of order\n")), nil
	case Answer:
		p := api3.Text(cmp.Or(f.Status, http.StatusOK), f.Body)
		p.Text = false
		return p, nil
	case Fail:
		return nil, apiError(cmp.Or(f.Code, "InternalError"), "The call was made to fail.")
	case Limit:
		return nil, api3.ErrLimit
	case SignatureExpired:
		return nil, api3.ErrExpired
	case Hang:
		select {
		case <-c.Context.Done():
			return &reply{Lost: c.Context.Err()}, nil
		case <-s.running.Done():
			return &reply{Lost: errClosed}, nil
		}
	case Drop:
		return &reply{Lost: errCut}, nil
	}
	return nil, nil
}

// after does what a fault does to an answer.
func after(p *reply, f *Fault) {
	switch f.Kind {
	case Lost:
		*p = reply{Lost: errCut}
	case Cut:
		p.Sent = len(p.Body) / 2
	}
}

// is tells whether a call meets a fault of this kind.
func (c *Call) is(k FaultKind) bool { return c.fault != nil && c.fault.Kind == k }

package scffake

import (
	"cmp"
	"net/http"

	"vodevents/shared/internal/api3"
)

// FaultKind is a way in which a call goes wrong.
type FaultKind string

const (
	HTTPStatus       FaultKind = "status"            // not performed; Fault.Status (default 502) with a body of text
	Fail             FaultKind = "fail"              // not performed; the API error Fault.Code (default InternalError)
	Limit            FaultKind = "limit"             // not performed; RequestLimitExceeded
	SignatureExpired FaultKind = "expired signature" // not performed; AuthFailure.SignatureExpire
	Hang             FaultKind = "hang"              // not performed; no answer until the client gives up
	Drop             FaultKind = "drop"              // not performed; the connection is cut
	Lost             FaultKind = "lost"              // performed; the connection is cut before the answer
	Cut              FaultKind = "cut"               // performed; the answer breaks off in the middle
	Ends             FaultKind = "ends"              // accepted; the function becomes CreateFailed, UpdateFailed or DeleteFailed
)

// Fault is what goes wrong with a call; see [Server.Next] and [Server.Control].
type Fault struct {
	Kind   FaultKind
	Status int    // of HTTPStatus
	Code   string // of Fail; for Ends the ErrorCode in StatusReasons, by default FailedOperation
}

// Control lets fn decide what goes wrong with each call of an action, or of any
// action for "", until stop is called. fn runs before the call is checked and
// performed, in the call's own goroutine, and may call the Server. nil passes the
// call on to the function that was given next, or lets it through.
func (s *Server) Control(action string, fn func(*Call) *Fault) (stop func()) {
	return s.script.Control(action, fn)
}

// Next makes the next calls of an action, or of any action for "", meet these
// faults, one each, in this order.
func (s *Server) Next(action string, f ...Fault) { s.script.Next(action, f...) }

// faultFor decides which fault happens to a call.
func (s *Server) faultFor(c *Call) *Fault {
	if f := s.script.Take(c.Action); f != nil {
		return f
	}
	return s.script.Ask(c.Action, c)
}

// before does what a fault does before the call is performed. If the call must not
// be performed, it returns the answer or the error.
func (s *Server) before(c *Call) (*api3.Reply, error) {
	f := c.fault
	switch f.Kind {
	case HTTPStatus:
		return api3.Text(cmp.Or(f.Status, http.StatusBadGateway), "the gateway is out of order\n"), nil
	case Fail:
		return nil, apiError(cmp.Or(f.Code, "InternalError"), "The call was made to fail.")
	case Limit:
		return nil, api3.ErrLimit
	case SignatureExpired:
		return nil, api3.ErrExpired
	case Hang:
		select {
		case <-c.Context.Done():
			return &api3.Reply{Lost: c.Context.Err()}, nil
		case <-s.running.Done():
			return &api3.Reply{Lost: errClosed}, nil
		}
	case Drop:
		return &api3.Reply{Lost: errCut}, nil
	}
	return nil, nil
}

// after does what a fault does to an answer.
func after(p *api3.Reply, f *Fault) {
	switch f.Kind {
	case Lost:
		*p = api3.Reply{Lost: errCut}
	case Cut:
		p.Sent = len(p.Body) / 2
	}
}

// is tells whether a call meets a fault of this kind.
func (c *Call) is(k FaultKind) bool { return c.fault != nil && c.fault.Kind == k }

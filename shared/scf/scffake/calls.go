package scffake

import (
	"context"
	"net/http"
	"slices"
	"time"

	"vodevents/shared/internal/api3"
)

// Call is one call of an API. Functions given to [Server.Control] see it, and
// [Server.Calls] lists it, without its headers and body, which may hold secrets.
type Call struct {
	Context context.Context `json:"-"` // of the request
	Header  http.Header     `json:"-"`
	Body    []byte          `json:"-"`

	Service  string // scf or cam, as the signature says
	Action   string
	Function string // that the request names, if it names one
	Region   string
	N        int       // 1 for the first call of this action
	Time     time.Time // of its arrival, in real time

	// These are known once the call is answered.

	Code      string    // of the error it was answered, else empty
	Lost      bool      // it got no whole answer
	Fault     FaultKind // that hit it, if any
	RequestId string

	fault *Fault
	ends  bool // see StopAfter
}

// Writes tells whether the call may change something.
func (c *Call) Writes() bool {
	for _, verb := range []string{"Get", "List"} {
		if len(c.Action) > len(verb) && c.Action[:len(verb)] == verb {
			return false
		}
	}
	return true
}

type stopAfter struct {
	left int
	stop func()
}

// StopAfter lets n more calls be performed. The last of them gets no answer: the
// goroutine of that call calls stop, and then its connection is cut. If n is 0, that
// happens to the next call, which is not performed. From then on no call is performed
// or answered until [Server.Resume]. Use it to kill a deployer between any two calls.
// stop may be nil.
func (s *Server) StopAfter(n int, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAfter = &stopAfter{n, stop}
}

// Resume undoes [Server.StopAfter].
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAfter = nil
}

// begin counts a call. dead tells that the call must not be performed.
func (s *Server) begin(c *Call) (dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[c.Action]++
	c.N = s.count[c.Action]
	c.RequestId = api3.RequestId(s.rand)
	if s.stopAfter == nil {
		return false
	}
	s.stopAfter.left--
	c.ends = s.stopAfter.left <= 0
	return s.stopAfter.left < 0
}

func (s *Server) end(c *Call, p *api3.Reply) {
	if c.ends {
		s.mu.Lock()
		var stop func()
		if s.stopAfter != nil {
			stop, s.stopAfter.stop = s.stopAfter.stop, nil
		}
		s.mu.Unlock()
		if stop != nil {
			stop()
		}
		*p = api3.Reply{Lost: errCut}
	}
	done := *c
	done.Context, done.Header, done.Body, done.fault = nil, nil, nil, nil
	done.Lost = p.Broken()
	if c.fault != nil {
		done.Fault = c.fault.Kind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, done)
}

// Calls lists the calls of one action, or of all actions for "", in the order of
// their answers.
func (s *Server) Calls(action string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.calls)
	if action != "" {
		list = slices.DeleteFunc(list, func(c Call) bool { return c.Action != action })
	}
	return list
}

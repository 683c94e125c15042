package vodfake

import (
	"context"
	"net/http"
	"slices"
	"time"

	"vodevents/shared/internal/api3"
)

// Call is one call of the API. Functions given to [Server.Control] see it, and
// [Server.Calls] lists it.
type Call struct {
	Context  context.Context `json:"-"` // of the request
	Header   http.Header     `json:"-"`
	Body     []byte          `json:"-"`
	Action   string
	SubAppId uint64
	N        int       // 1 for the first call of this action
	Time     time.Time // of its arrival, in real time

	// These are known once the call is answered.

	Took      time.Duration // until the answer left, a held poll's wait included
	Code      string        // of the error it was answered, else empty
	Lost      bool          // it got no whole answer: cut, hung up or given up
	Events    int           // pulled or confirmed
	Fault     FaultKind     // that hit it, if any
	RequestId string

	fault *Fault
}

// callLog remembers the last calls.
type callLog struct {
	last  []*Call // a ring once it is full
	next  int
	count map[string]int
}

func (s *Server) begin(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls.count == nil {
		s.calls.count = map[string]int{}
	}
	s.calls.count[c.Action]++
	c.N = s.calls.count[c.Action]
	c.RequestId = api3.RequestId(s.rand)
}

func (s *Server) end(c *Call, p *reply) {
	done := *c
	done.Context, done.Header, done.Body, done.fault = nil, nil, nil, nil
	done.Took = time.Since(c.Time)
	done.Lost = p.Broken()
	if c.fault != nil {
		done.Fault = c.fault.Kind
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.calls
	if len(l.last) < s.opt.Keep {
		l.last = append(l.last, &done)
		return
	}
	l.last[l.next] = &done
	l.next = (l.next + 1) % len(l.last)
}

// Calls lists the answered calls of one action, or of all actions for "", in the
// order of their answers. Only the last Options.Keep calls are remembered.
func (s *Server) Calls(action string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Call
	for i := range s.calls.last {
		c := s.calls.last[(s.calls.next+i)%len(s.calls.last)]
		if action == "" || c.Action == action {
			list = append(list, *c)
		}
	}
	return list
}

// Busiest returns the most calls of one action that arrived within any sliding
// second. It counts refused ones, too, and only those that [Server.Calls] lists.
func (s *Server) Busiest(action string) int {
	calls := s.Calls(action)
	slices.SortFunc(calls, func(a, b Call) int { return a.Time.Compare(b.Time) })
	most, first := 0, 0
	for i := range calls {
		for calls[i].Time.Sub(calls[first].Time) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// within tells whether the second that ends now has room for one more call of
// this action.
func (s *Server) within(c *Call, rate int) bool {
	if s.opt.Rate < 0 {
		return true
	}
	if rate == 0 {
		rate = s.opt.Rate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.limits[c.Action]
	if w == nil {
		w = api3.NewWindow(rate)
		s.limits[c.Action] = w
	}
	return w.Take(c.Time)
}

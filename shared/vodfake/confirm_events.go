package vodfake

import (
	"context"
	"fmt"
)

type confirmEventsRequest struct {
	target
	EventHandles []string
}

// ConfirmEvents takes up to 16 events out of the queue (266/33434). A handle that
// is unknown, was confirmed before, or whose 30 s are over is a parameter error.
// VOD does not document which error that is, or whether the others of the group
// are confirmed. The page says 4000, a number of the API of 2017. The only
// parameter error in its list is InvalidParameterValue.
func (s *Server) confirmEvents(_ context.Context, c *Call, p *confirmEventsRequest, dst []byte) ([]byte, error) {
	if n := len(p.EventHandles); n == 0 || n > BatchSize {
		return nil, apiError("InvalidParameterValue", fmt.Sprintf("EventHandles must hold 1 to %d handles, not %d.", BatchSize, n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.app(c.SubAppId)
	if c.is(Stale) {
		s.loseLease(s.handles[p.EventHandles[s.rand.IntN(len(p.EventHandles))]])
	}
	var bad []string
	good := make([]*entry, 0, BatchSize)
	for _, h := range p.EventHandles {
		if e := s.handles[h]; e != nil && e.app == a {
			good = append(good, e)
		} else {
			bad = append(bad, h)
		}
	}
	if bad == nil || s.opt.ConfirmGood {
		now := s.now()
		for _, e := range good {
			if e.state != Pulled {
				continue // named twice
			}
			delete(s.handles, e.handle)
			e.app.leased--
			e.app.confirmed++
			e.deliveries[len(e.deliveries)-1].Done = now
			s.finish(e, Confirmed, now)
			c.Events++
		}
	}
	if bad != nil {
		return nil, apiError("InvalidParameterValue", fmt.Sprintf("EventHandles %q are unknown or their 30 s are over.", bad))
	}
	return dst, nil
}

// loseLease ends a lease before its time.
func (s *Server) loseLease(e *entry) {
	if e != nil {
		s.cancel(&e.appointment)
		s.fallDue(e, s.now())
		s.rearm()
	}
}

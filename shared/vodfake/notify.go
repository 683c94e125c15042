package vodfake

import (
	"errors"
	"time"
)

// Notify tells an application of an event in the way that its EventConfig
// says: into the queue in Mode PULL, by a callback to NotificationUrl in Mode
// PUSH, which runs on its own. It returns the event's id, or "" when a switch
// keeps events of this kind back. The Server keeps body: do not change it.
func (s *Server) Notify(subAppId uint64, body []byte) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a, now := s.app(subAppId), s.now()
	s.tell(a, body, now)
	e := s.notify(a, body, now)
	if e == nil {
		return ""
	}
	return e.id
}

var errNoURL = errors.New("the application has no NotificationUrl")

func (s *Server) notify(a *app, body []byte, at time.Time) *entry {
	config := a.active
	if !config.tells(eventType(body)) {
		return nil
	}
	if config.Mode == Pull {
		return s.queue(a, body, at)
	}
	e := s.newEntry(a.id, body, at)
	if config.NotificationUrl == "" {
		e.deliveries = []Delivery{{Time: at, Done: at, Err: errNoURL.Error()}}
		s.finish(e, Failed, at)
		return e
	}
	if s.running.Err() == nil {
		s.pushes.Go(func() { s.callback(s.running, e, config) })
	}
	return e
}

// after has something done later, by the Server's clock.
func (s *Server) after(d time.Duration, do func(at time.Time)) {
	s.schedule(&appointment{do: do}, s.now().Add(d))
	s.rearm()
}

package vodfake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"vodevents/shared/event"
)

// How VOD sends a normal callback (266/7829, a page about version 2.0, which
// today's pages neither repeat nor correct).
const (
	CallbackTimeout = 5 * time.Second
	CallbackSends   = 3 // at most; sent again after a timeout only
)

// signLife is how long a signed callback is valid. Its T is the time of sending
// plus signLife (ModifyEventConfig, SignKey).
const signLife = 10 * time.Minute

// callbackAction is the name under which faults and controls know callbacks.
const callbackAction = "Callback"

// Callback sends an event to a URL as VOD sends a normal callback. It is a POST
// with 5 s for the answer. Only after a timeout it is sent again, three times in
// all. The status and body of the answer do not matter, and a refused connection
// is not tried again. The body is an event without EventHandle. If application 0
// has a SignKey, [event.Sign] signs it.
//
// Callback returns when the last send is over. The error says why there was no
// answer. The Event's Deliveries say what became of each send.
func (s *Server) Callback(ctx context.Context, url string, body []byte) (Event, error) {
	s.mu.Lock()
	now := s.now()
	s.tell(s.app(0), body, now)
	e := s.newEntry(0, body, now)
	config := e.app.active
	s.mu.Unlock()
	config.NotificationUrl = url
	err := s.callback(ctx, e, config)
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.copy(), err
}

func (s *Server) callback(ctx context.Context, e *entry, to EventConfig) error {
	c := &Call{Context: ctx, Action: callbackAction, SubAppId: e.app.id, Body: e.body, Time: time.Now()}
	s.begin(c)
	c.fault = s.faultFor(c)
	if c.fault != nil {
		s.sleep(ctx, c.fault.delay()) // cut short, the first send fails
	}
	err := s.sends(ctx, e, to, c)
	if c.is(Duplicate) && err == nil {
		err = s.sends(ctx, e, to, c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state := Answered
	if err != nil {
		state = Failed
	}
	s.finish(e, state, s.now())
	return err
}

// sends sends a callback until it is answered, at most three times.
func (s *Server) sends(ctx context.Context, e *entry, to EventConfig, c *Call) error {
	for n := 1; ; n++ {
		timedOut, err := s.send(ctx, e, to, c)
		if !timedOut || n == CallbackSends {
			return err
		}
	}
}

// send makes one of the sends of a callback.
func (s *Server) send(ctx context.Context, e *entry, to EventConfig, c *Call) (timedOut bool, err error) {
	s.mu.Lock()
	e.deliveries = append(e.deliveries, Delivery{Time: s.now()})
	d := &e.deliveries[len(e.deliveries)-1]
	s.change(e, Sent, d.Time)
	s.mu.Unlock()

	status, err := s.post(ctx, e.body, to, c)
	timedOut = errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil

	s.mu.Lock()
	defer s.mu.Unlock()
	d.Done, d.Status, d.TimedOut = s.now(), status, timedOut
	if err != nil {
		d.Err = err.Error()
	}
	if timedOut {
		s.change(e, TimedOut, d.Done)
	}
	return timedOut, err
}

func (s *Server) post(ctx context.Context, body []byte, to EventConfig, c *Call) (status int, err error) {
	if to.SignKey != "" {
		expires := time.Now().Add(signLife)
		if c.is(SignatureExpired) {
			expires = time.Now().Add(-time.Second)
		}
		body = event.Sign(body, to.SignKey, expires)
	}
	ctx, cancel := context.WithTimeout(ctx, CallbackTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.NotificationUrl, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.is(Drop) {
		return 0, errCut
	}
	answer, err := s.sender.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if _, err = io.Copy(io.Discard, answer.Body); c.is(Lost) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return answer.StatusCode, err
}

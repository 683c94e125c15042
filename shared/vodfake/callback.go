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

// What VOD does with a normal callback (266/7829, a page of the 2.0 era that
// today's pages neither repeat nor correct).
const (
	CallbackTimeout = 5 * time.Second
	CallbackSends   = 3 // at most; sent again after a timeout only
)

// signLife is how long a signed callback is valid: T is the time of its
// sending plus this (ModifyEventConfig, SignKey).
const signLife = 10 * time.Minute

// Callback sends an event to a URL as VOD sends a normal callback: POST, 5 s
// for the answer, sent again at once after a timeout and only then, three sends
// in all. Status and body of the answer do not matter; a refused connection
// is not tried again. The body is an event without EventHandle; with
// Options.SignKey it is signed by [event.Sign].
//
// It returns when the last send is over. The error says why there was no
// answer; what became of each send is in the Event's Deliveries.
func (s *Server) Callback(ctx context.Context, url string, body []byte) (Event, error) {
	s.mu.Lock()
	e := s.newEntry(0, body, s.now())
	s.mu.Unlock()
	var err error
	for timedOut := true; timedOut && len(e.deliveries) < CallbackSends; {
		if len(e.deliveries) > 0 && s.sleep(ctx, s.opt.ResendAfter) != nil {
			break
		}
		timedOut, err = s.send(ctx, e, url)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state := Answered
	if err != nil {
		state = Failed
	}
	s.finish(e, state, s.now())
	return e.copy(), err
}

// send makes one of the sends of a callback.
func (s *Server) send(ctx context.Context, e *entry, url string) (timedOut bool, err error) {
	s.mu.Lock()
	e.deliveries = append(e.deliveries, Delivery{Time: s.now()})
	d := &e.deliveries[len(e.deliveries)-1]
	s.change(e, Sent, d.Time)
	s.mu.Unlock()

	status, err := s.post(ctx, url, e.body)
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

func (s *Server) post(ctx context.Context, url string, body []byte) (status int, err error) {
	if s.opt.SignKey != "" {
		body = event.Sign(body, s.opt.SignKey, time.Now().Add(signLife))
	}
	ctx, cancel := context.WithTimeout(ctx, CallbackTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.callback.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

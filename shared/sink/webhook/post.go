package webhook

import (
	"context"
	"fmt"
	"io"

	"vodevents/shared/event"
)

// Post posts one event, as Send does, and returns the status of the answer. It
// is for who shows it to a person: it judges nothing, and an error means that
// there was no answer.
func (s *Sink) Post(ctx context.Context, e *event.Event) (status int, err error) {
	r, err := s.request(ctx, e)
	if err != nil {
		return 0, err
	}
	answer, err := s.transport.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return 0, fmt.Errorf("%s: %w", s.name, s.mask.sent(r.Header).error(err))
	}
	defer answer.Body.Close()
	// Reading the body to its end keeps the connection. The status has decided.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, bodyMost))
	return answer.StatusCode, nil
}

// SkipVerify takes any certificate of the receiver. It is for one on a
// developer's machine. Call it before the first event.
func (s *Sink) SkipVerify() { s.transport.TLSClientConfig.InsecureSkipVerify = true }

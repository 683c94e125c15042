package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Ready returns nil if the receiver answers a HEAD, which carries no event and
// changes nothing. Any status is an answer, except 502, 503 and 504, with which a
// gateway says that nobody is behind it.
func (s *Sink) Ready(ctx context.Context) error {
	if s.closed.Load() {
		return s.unavailable(errClosed)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, s.target, nil)
	if err != nil {
		return s.unavailable(errors.New("the URL makes no request")) // err quotes it
	}
	s.identify(r)
	answer, err := s.transport.RoundTrip(r)
	if err != nil {
		return s.unavailable(s.mask.sent(r.Header).error(err))
	}
	answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return s.unavailable(fmt.Errorf("HEAD is answered %d", answer.StatusCode))
	}
	return nil
}

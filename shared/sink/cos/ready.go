package cos

import (
	"context"
	"net/http"
)

// Ready returns nil if there are keys and the store answers a HEAD of the
// bucket, which changes nothing. A 403 counts as an answer: who may only put
// objects may not look at the bucket.
func (s *Sink) Ready(ctx context.Context) error {
	if s.closed.Load() {
		return s.unavailable(errClosed)
	}
	k, err := s.keys()
	if err != nil {
		return s.unavailable(err)
	}
	answer, text, err := s.call(ctx, k, http.MethodHead, "", nil, nil, nil)
	switch {
	case err != nil:
		return s.unavailable(err)
	case answer.StatusCode/100 == 2, answer.StatusCode == http.StatusForbidden:
		return nil
	}
	_, err = s.explain(answer, text)
	return s.unavailable(err)
}

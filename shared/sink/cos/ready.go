package cos

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
)

// Ready returns nil if there are keys and the store lists the bucket for them. It asks
// for one key at most, which changes nothing. AccessDenied counts as ready: the keys are
// right, but they may only put objects.
func (s *Sink) Ready(ctx context.Context) error {
	if s.closed.Load() {
		return s.unavailable(errClosed)
	}
	k, err := s.keys()
	if err != nil {
		return s.unavailable(err)
	}
	answer, text, err := s.call(ctx, k, http.MethodGet, "", url.Values{"max-keys": {"1"}, "prefix": {s.prefix}}, nil, nil)
	if err != nil {
		return s.unavailable(err)
	}
	var said answerError
	if answer.StatusCode/100 == 2 || xml.Unmarshal(text, &said) == nil && said.Code == "AccessDenied" {
		return nil
	}
	_, err = s.explain(answer, text)
	return s.unavailable(err)
}

package webhook

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"vodevents/shared/deliver/delivertest"
)

// Post returns the status whatever it is, and with SkipVerify takes a
// certificate that nobody vouches for.
func TestPost(t *testing.T) {
	t.Parallel()
	status := http.StatusTeapot
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Webhook-Signature") == "" {
			t.Error("not signed")
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	e := delivertest.Events(t, 1)[0]
	const secret = "/?secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	if got, err := open(t, server.URL+secret).Post(t.Context(), e); err == nil {
		t.Errorf("a certificate of nobody is taken: %d", got)
	}
	s := open(t, server.URL+secret)
	s.SkipVerify()
	for _, status = range []int{http.StatusTeapot, http.StatusFound, http.StatusNoContent} {
		if got, err := s.Post(t.Context(), e); err != nil || got != status {
			t.Errorf("got %d, %v, want %d", got, err, status)
		}
	}
}

package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vodevents/shared/scf"
	"vodevents/shared/scf/local"
)

// handled is the request that a function's handler sees of an event.
func handled(t *testing.T, event []byte) (r *http.Request, body []byte) {
	t.Helper()
	_, err := scf.OnHTTP(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		r = got
		body, _ = io.ReadAll(got.Body)
	}))(t.Context(), event)
	if err != nil || r == nil {
		t.Fatalf("%s: no request, %v", event, err)
	}
	return r, body
}

// What was sent to a function's URL arrives.
func TestHTTPEvent(t *testing.T) {
	t.Parallel()
	for _, body := range [][]byte{nil, []byte(`{"a":"\u00e9 <&>"}`), []byte("\xff\x00")} {
		sent := httptest.NewRequest("PUT", "http://h.example/a%2Fb/c?x=1&x=2&y=%20z", bytes.NewReader(body))
		sent.Header.Set("X-Thing", "v")
		sent.RemoteAddr = "203.0.113.9:1234"
		r, got := handled(t, local.HTTPEvent(sent, body))
		if r.Method != "PUT" || r.URL.EscapedPath() != "/a%2Fb/c" || r.URL.Query().Encode() != sent.URL.Query().Encode() ||
			r.Header.Get("X-Thing") != "v" || r.Host != "h.example" || !bytes.Equal(got, body) {
			t.Errorf("arrived as %s %s %v %q", r.Method, r.URL, r.Header, got)
		}
	}
}

func TestPostEvent(t *testing.T) {
	t.Parallel()
	event := local.PostEvent([]byte(`{"é":"<"}`))
	r, body := handled(t, event)
	if r.Method != "POST" || r.URL.Path != "/" || string(body) != `{"é":"<"}` {
		t.Errorf("arrived as %s %s %q", r.Method, r.URL, body)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil || len(members) != 5 {
		t.Errorf("event %s, want the five members that are documented", event)
	}
}

func TestTimerEvent(t *testing.T) {
	t.Parallel()
	got, err := scf.OnTimer(func(_ context.Context, timer scf.Timer) (any, error) { return timer, nil })(
		t.Context(), local.TimerEvent(time.Date(2026, 1, 2, 11, 4, 5, 6, time.FixedZone("", 8*3600))))
	if want := `{"Type":"Timer","TriggerName":"pull","Time":"2026-01-02T03:04:05Z","Message":""}`; string(got) != want || err != nil {
		t.Errorf("run saw %s, %v, want %s", got, err, want)
	}
}

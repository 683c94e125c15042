package runner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vodevents/shared/scf"
	"vodevents/shared/scf/local"
)

// A request that goes through a trigger event arrives as it was sent, and so
// does the answer.
func TestTrigger(t *testing.T) {
	t.Parallel()
	h := scf.OnHTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprintf("%s %s %q %q %s %s", r.Method, r.URL.EscapedPath(), r.URL.Query(), r.Header.Values("Accept"), r.Host, r.RemoteAddr))
		w.WriteHeader(http.StatusTeapot)
		w.Write(body)
	}))
	for _, body := range []string{"", "{\n}", "é\u2028<&>", "\xff\x00", `{"a":"\ud800"}`} {
		r := httptest.NewRequest("PUT", "http://127.0.0.1:8080/callback/a%2Fb/%C3%A9?a=1&a=2&b=%26&c", strings.NewReader(body))
		r.Header["Accept"] = []string{"x", "y"}
		r.RemoteAddr = "192.0.2.1:4711"
		result, err := h(context.Background(), local.HTTPEvent(r, []byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		a, err := parseAnswer(result)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		a.Send(w)
		const seen = `PUT /callback/a%2Fb/%C3%A9 map["a":["1" "2"] "b":["&"] "c":[""]] ["x, y"] 127.0.0.1:8080 192.0.2.1:0`
		if w.Code != http.StatusTeapot || w.Header().Get("X-Seen") != seen {
			t.Errorf("%q: %d %s", body, w.Code, w.Header().Get("X-Seen"))
		}
		if strings.ToValidUTF8(body, "?") == body && w.Body.String() != body {
			t.Errorf("body %q came back as %q", body, w.Body)
		}
		response := a.Response(r)
		if b, err := io.ReadAll(response.Body); err != nil || string(b) != w.Body.String() || response.StatusCode != w.Code || response.Header.Get("x-seen") != seen {
			t.Errorf("%q: %+v", body, response)
		}
	}
	for _, bad := range []string{"", "null", "{}", `"text"`, `{"statusCode":7}`} {
		if a, err := parseAnswer([]byte(bad)); err == nil {
			t.Errorf("%q is the answer %+v", bad, a)
		}
	}
}

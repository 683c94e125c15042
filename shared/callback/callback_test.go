package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// call gives a request to a handler whose delivery ends as result says, and
// returns the answer and the log.
func call(t *testing.T, r *http.Request, o Options, result deliver.Result) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	o.Deliver = func(context.Context, []*event.Event) []deliver.Result { return []deliver.Result{result} }
	w := httptest.NewRecorder()
	Handler(func() (Options, error) { return o, nil }).ServeHTTP(w, r)
	return w, log.String()
}

var delivered = deliver.Result{Fate: deliver.Delivered}

const body = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`

func TestAnswers(t *testing.T) {
	later := time.Now().Add(time.Minute)
	keys := []string{"k1"}
	tests := map[string]struct {
		method, body string
		keys         []string
		result       deliver.Result
		status       int
	}{
		"delivered":            {"POST", body, nil, delivered, 200},
		"delivered before":     {"POST", body, nil, deliver.Result{Fate: deliver.Duplicate}, 200},
		"parked":               {"POST", body, nil, deliver.Result{Fate: deliver.Parked, Cause: errors.New("no")}, 503},
		"claimed elsewhere":    {"POST", body, nil, deliver.Result{Fate: deliver.Claimed}, 503},
		"failed":               {"POST", body, nil, deliver.Result{Fate: deliver.Left, Cause: errors.New("no")}, 503},
		"no event":             {"POST", `{}`, nil, delivered, 400},
		"signed":               {"POST", string(event.Sign([]byte(body), "k1", later)), keys, delivered, 200},
		"not signed":           {"POST", body, keys, delivered, 401},
		"not signed, no event": {"POST", `{}`, keys, delivered, 401},
		"signed, no event":     {"POST", string(event.Sign([]byte(`{}`), "k1", later)), keys, delivered, 400},
		"GET":                  {"GET", "", keys, delivered, 200},
		"HEAD":                 {"HEAD", "", keys, delivered, 200},
		"PUT":                  {"PUT", body, nil, delivered, 405},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w, log := call(t, httptest.NewRequest(tt.method, "/any/path", strings.NewReader(tt.body)), Options{SignKeys: tt.keys}, tt.result)
			if w.Code != tt.status || !json.Valid(w.Body.Bytes()) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if allow := w.Header().Get("Allow"); allow != "GET, HEAD, POST" && tt.status == 405 {
				t.Errorf("Allow: %q", allow)
			}
			var a struct{ Id string }
			if json.Unmarshal(w.Body.Bytes(), &a); tt.method == "POST" && (a.Id != "") != (tt.status == 200 || tt.status == 503) {
				t.Errorf("got %s", w.Body)
			}
			if warned := strings.Contains(log, "CALLBACK_SIGN_KEY is not set"); warned != (tt.keys == nil) {
				t.Errorf("log: %s", log)
			}
		})
	}
}

// What the delivery is given: the event with all that is known of it, and less
// time than the invocation has, so that some is left for the answer.
func TestDelivery(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	end, _ := ctx.Deadline()
	var got *event.Event
	var until time.Time
	h := Handler(func() (Options, error) {
		return Options{SubAppIds: []uint64{1490012345}, Deliver: func(ctx context.Context, events []*event.Event) []deliver.Result {
			got = events[0]
			until, _ = ctx.Deadline()
			return []deliver.Result{delivered}
		}}, nil
	})
	before := time.Now()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/?sign=s&t=17", strings.NewReader(body)).WithContext(ctx))
	want := event.Origin{Mode: event.Normal, SubAppId: 1490012345, Received: got.Received, Sign: "s", T: "17"}
	if got.Origin != want || got.Received.Before(before) || got.Received.After(time.Now()) {
		t.Errorf("got %+v", got.Origin)
	}
	if spare := end.Sub(until); spare < 100*time.Millisecond || spare > 500*time.Millisecond {
		t.Errorf("%v are left for the answer", spare)
	}
}

// While a variable has a bad value every request is answered with it. A callback
// is verified as far as the keys can be read, and written whole into the log.
func TestBadConfigurationParksInTheLog(t *testing.T) {
	bad := errors.New("SINK: unknown scheme")
	const answer = `{"error":"SINK: unknown scheme"}` + "\n"
	signed := string(event.Sign([]byte(body), "k1", time.Now().Add(time.Minute)))
	for name, tt := range map[string]struct {
		method, body string
		keys         []string
		status       int
		parked       string // in the log
	}{
		"GET":                  {"GET", "", nil, 500, ""},
		"a callback":           {"POST", body, nil, 500, `\"FileId\":\"1\"`},
		"a signed callback":    {"POST", signed, []string{"k1"}, 500, `\"FileId\":\"1\"`},
		"a forged callback":    {"POST", signed, []string{"k2"}, 401, ""},
		"signed, but no event": {"POST", string(event.Sign([]byte(`{"odd":"one"}`), "k1", time.Now().Add(time.Minute))), []string{"k1"}, 500, `\"odd\":\"one\"`},
		"no event":             {"POST", `{"odd":"one"}`, nil, 400, ""},
	} {
		var log bytes.Buffer
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})))
		h := Handler(func() (Options, error) { return Options{SignKeys: tt.keys}, bad })
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, "/", strings.NewReader(tt.body)))
		slog.SetDefault(before)
		if w.Code != tt.status || tt.status == 500 && w.Body.String() != answer {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
		parked := strings.Contains(log.String(), `"msg":"`+parklog.Message)
		if parked != (tt.parked != "") || !strings.Contains(log.String(), tt.parked) {
			t.Errorf("%s: log %s", name, &log)
		}
		if parked && !strings.Contains(log.String(), `parkreason\":\"configuration`) {
			t.Errorf("%s: log %s", name, &log)
		}
	}
}

func TestOneWarning(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := Handler(func() (Options, error) { return Options{}, nil })
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if n := strings.Count(log.String(), "CALLBACK_SIGN_KEY"); n != 1 {
		t.Errorf("%d warnings: %s", n, &log)
	}
}

func TestGreetingIsLogged(t *testing.T) {
	_, log := call(t, httptest.NewRequest("HEAD", "/vod/in?token=hush&b=hush", nil), Options{}, delivered)
	for _, want := range []string{`"method":"HEAD"`, `"path":"/vod/in"`, `"query":["b","token"]`} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in %s", want, log)
		}
	}
	if strings.Contains(log, "hush") {
		t.Errorf("a value is in the log: %s", log)
	}
}

// Whoever reads the log must find the body, but no Sign that is good for any
// other body, however the body was mangled on its way.
func TestSignIsMasked(t *testing.T) {
	const sign = "83ee8d3320189b1c5ac04bdde2995116"
	for _, text := range []string{
		`{"kept":1,"Sign":"` + sign + `","T":1}`,
		`{"kept":1,"sign" : "` + sign + `"}`,
		`[{"kept":1,"Sign":"` + sign + `","T":1}]`,
		`{"kept":1,"\u0053ign":"` + sign + `","T":1}`,
		`"{\"kept\":1,\"Sign\":\"` + sign + `\",\"T\":1}"`,
		`kept=1&Sign=` + sign + `&T=1`,
		`{'kept':1,'Sign':'` + sign + `'}`,
		`{"kept":1,"Sign":12345678901234567890}`,
		`{"kept":1,"pad":"` + strings.Repeat("x", 2<<10-40) + `","Sign":"` + sign + `"}`,
	} {
		_, log := call(t, httptest.NewRequest("POST", "/", strings.NewReader(text)), Options{}, delivered)
		if !strings.Contains(log, "kept") || strings.Contains(log, sign[:8]) || strings.Contains(log, "123456789") {
			t.Errorf("%.80s\nlog: %s", text, log)
		}
	}
	_, log := call(t, httptest.NewRequest("POST", "/", strings.NewReader(`{"kept":1}`)), Options{SignKeys: []string{"k1"}}, delivered)
	if strings.Contains(log, "kept") {
		t.Errorf("an unsigned body is in the log: %s", log)
	}
	_, log = call(t, httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("y", 5000))), Options{}, delivered)
	if n := strings.Count(log, "y"); n < 2<<10 || n > 2<<10+20 {
		t.Errorf("%d of 5000 bytes are in the log", n)
	}
}

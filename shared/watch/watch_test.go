package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// logged has the log of a test, as one object for each line.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func logOf(t *testing.T) *logged {
	l, before := new(logged), slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(l, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return l
}

func (l *logged) lines(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range bytes.Lines(l.b.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(m["msg"].(string), message) {
			found = append(found, m)
		}
	}
	return found
}

// pulled is a result that says why the pulling ended.
type pulled string

func (p pulled) Figures() []any { return []any{"stopped", string(p)} }

func becomes(fate deliver.Fate, after time.Duration) func(context.Context, []*event.Event) []deliver.Result {
	return func(_ context.Context, events []*event.Event) []deliver.Result {
		time.Sleep(after) // of a bubble
		return slices.Repeat([]deliver.Result{{Fate: fate}}, len(events))
	}
}

// The line of an invocation has its own counts and times, and the instance's.
func TestEachInvocationHasALineOfItsOwnFigures(t *testing.T) {
	l := logOf(t)
	synctest.Test(t, func(t *testing.T) {
		i := New("pull")
		ctx, v := i.Begin(t.Context())
		v.Polled(3, nil)
		v.Polled(0, errors.New("refused"))
		i.Fates(becomes(deliver.Delivered, 3*time.Second))(ctx, make([]*event.Event, 2))
		i.Fates(becomes(deliver.Parked, time.Second))(ctx, make([]*event.Event, 1))
		v.Confirmed(1, 1500*time.Millisecond)
		v.Confirmed(2, 3200*time.Millisecond)
		v.End(nil, pulled("empty"))
		time.Sleep(time.Minute)
		_, v = i.Begin(t.Context())
		v.End(errors.New("no keys"), nil)
	})
	lines := l.lines(t, "invocation")
	if len(lines) != 2 {
		t.Fatalf("%d lines", len(lines))
	}
	for n, want := range []map[string]any{
		{"function": "pull", "events": 3.0, "delivered": 2.0, "parked": 1.0, "left": 0.0, "confirmed": 3.0, "polls": 2.0, "failed_polls": 1.0,
			"elapsed_ms": 4000.0, "longest_delivery_ms": 3000.0, "longest_confirm_ms": 3200.0, "since_event_s": 4.0, "events_so_far": 3.0, "stopped": "empty", "level": "INFO"},
		{"events": 0.0, "delivered": 0.0, "parked": 0.0, "confirmed": 0.0, "longest_confirm_ms": nil, "since_event_s": 64.0, "events_so_far": 3.0, "error": "no keys"},
	} {
		for key, value := range want {
			got, there := lines[n][key]
			if !there || got != value {
				t.Errorf("line %d: %s is %v, want %v", n+1, key, got, value)
			}
		}
	}
}

// Events that came and got no fate are left: those whose delivery panicked, has not
// ended yet, or did not even begin.
func TestAnEventWithoutAFateIsLeft(t *testing.T) {
	l := logOf(t)
	synctest.Test(t, func(t *testing.T) {
		i := New("pull")
		ctx, v := i.Begin(t.Context())
		v.Polled(16, nil)
		i.Fates(becomes(deliver.Delivered, 0))(ctx, make([]*event.Event, 5))
		func() {
			defer func() { _ = recover() }()
			i.Fates(func(context.Context, []*event.Event) []deliver.Result { panic("no") })(ctx, make([]*event.Event, 4))
		}()
		go i.Fates(becomes(deliver.Delivered, time.Hour))(ctx, make([]*event.Event, 3))
		synctest.Wait()
		v.End(nil, pulled("deadline"))

		ctx, v = i.Begin(t.Context()) // what was made from VOD's answers did not come
		i.Fates(becomes(deliver.Delivered, 0))(ctx, make([]*event.Event, 2))
		v.End(nil, nil)
		time.Sleep(2 * time.Hour) // the delivery ends
	})
	lines := l.lines(t, "invocation")
	if len(lines) != 2 || lines[0]["events"] != 16.0 || lines[0]["delivered"] != 5.0 || lines[0]["left"] != 11.0 || lines[0]["events_so_far"] != 16.0 ||
		lines[1]["events"] != 0.0 || lines[1]["delivered"] != 2.0 || lines[1]["left"] != 0.0 || lines[1]["events_so_far"] != 16.0 {
		t.Errorf("got %v", lines)
	}
}

// A long silence is one error for each instance, however long it lasts and however
// often it comes.
func TestSilenceIsToldOnce(t *testing.T) {
	for name, watch := range map[string]func(*Instance, time.Duration){
		"host": func(i *Instance, d time.Duration) { time.Sleep(d) },
		"SCF": func(i *Instance, d time.Duration) { // a timer, once a minute
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Minute) {
				_, v := i.Begin(context.Background())
				i.Configure(config.Config{AlertSilence: 6 * time.Hour})
				v.End(nil, nil)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := logOf(t)
			synctest.Test(t, func(t *testing.T) {
				i := New("pull")
				if name == "host" {
					i.Configure(config.Config{AlertSilence: 6 * time.Hour})
					defer i.WatchSilence(t.Context())()
				}
				event := func() { i.Delivery(becomes(deliver.Left, 0))(t.Context(), make([]*event.Event, 1)) }
				watch(i, 5*time.Hour+55*time.Minute)
				event()
				watch(i, 5*time.Hour+55*time.Minute)
				if n := len(l.lines(t, "ALERT_SILENCE")); n != 0 {
					t.Errorf("%d lines before the time", n)
				}
				watch(i, 10*time.Minute)
				lines := l.lines(t, "ALERT_SILENCE")
				if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["alert_silence_s"] != 21600.0 || lines[0]["events_so_far"] != 1.0 {
					t.Errorf("after 6 h: %v", lines)
				}
				watch(i, 7*time.Hour)
				event()
				watch(i, 7*time.Hour)
				if n := len(l.lines(t, "ALERT_SILENCE")); n != 1 {
					t.Errorf("%d lines in the end", n)
				}
			})
		})
	}
}

// A source that never sent anything is silent, too.
func TestSilenceFromTheStart(t *testing.T) {
	l := logOf(t)
	synctest.Test(t, func(t *testing.T) {
		i := New("callback")
		i.Configure(config.Config{AlertSilence: time.Hour})
		stop := i.WatchSilence(t.Context())
		time.Sleep(time.Hour + time.Second)
		stop()
	})
	if lines := l.lines(t, "ALERT_SILENCE"); len(lines) != 1 || lines[0]["events_so_far"] != 0.0 {
		t.Errorf("got %v", lines)
	}
}

func TestWithoutAlertSilenceNothingIsTold(t *testing.T) {
	l := logOf(t)
	synctest.Test(t, func(t *testing.T) {
		i := New("pull")
		defer i.WatchSilence(t.Context())()
		time.Sleep(1000 * time.Hour)
		_, v := i.Begin(t.Context())
		v.End(nil, nil)
	})
	if lines := l.lines(t, "ALERT_SILENCE"); len(lines) != 0 {
		t.Errorf("got %v", lines)
	}
}

// /metrics has every figure under its name and kind, even those that are 0.
func TestMetrics(t *testing.T) {
	for _, function := range []string{"callback", "pull"} {
		t.Run(function, func(t *testing.T) {
			logOf(t)
			var got string
			synctest.Test(t, func(t *testing.T) { // its clock begins in 2000
				i := New(function)
				ctx, v := i.Begin(t.Context())
				i.Delivery(becomes(deliver.Delivered, 2*time.Second))(ctx, make([]*event.Event, 3))
				v.Confirmed(2, 2500*time.Millisecond)
				v.Confirmed(1, time.Minute)
				v.Polled(0, errors.New("refused"))
				for _, status := range []int{401, 200, 401} {
					h := i.Requests(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
				}
				time.Sleep(90 * time.Second)
				w := httptest.NewRecorder()
				i.Pages(http.NotFoundHandler(), nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
				if kind := w.Header().Get("Content-Type"); kind != "text/plain; version=0.0.4; charset=utf-8" {
					t.Errorf("Content-Type %s", kind)
				}
				got = w.Body.String()
			})
			golden := filepath.Join("testdata", function+".metrics")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("got\n%s\nwant\n%s%v", got, want, err)
			}
		})
	}
}

// An alarm about failures asks for the member error, which a panic gets too.
func TestAPanicOfARunIsAnError(t *testing.T) {
	l := logOf(t)
	func() {
		defer func() { _ = recover() }()
		_, v := New("pull").Begin(t.Context())
		var result any
		var err error
		defer func() { v.End(err, result) }()
		panic("no")
	}()
	if lines := l.lines(t, "invocation"); len(lines) != 1 || lines[0]["error"] != "the invocation panicked: the log has the stack" {
		t.Errorf("got %v", lines)
	}
}

// A request that panics is counted as the 500 that it becomes, also when it has
// written a status.
func TestAPanicIsCountedAs500(t *testing.T) {
	for name, before := range map[string]func(http.ResponseWriter){
		"at once":        func(http.ResponseWriter) {},
		"after a status": func(w http.ResponseWriter) { w.WriteHeader(200) },
	} {
		t.Run(name, func(t *testing.T) {
			l := logOf(t)
			h := New("callback").Requests(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { before(w); panic("no") }))
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
			}()
			if lines := l.lines(t, "invocation"); len(lines) != 1 || lines[0]["status"] != 500.0 || lines[0]["confirmed"] != 0.0 {
				t.Errorf("got %v", lines)
			}
		})
	}
}

// The status that is counted is the one that net/http sends.
func TestTheStatusIsCountedAsNetHTTPSendsIt(t *testing.T) {
	for name, test := range map[string]struct {
		answer    http.HandlerFunc
		status    int
		confirmed float64
	}{
		"a write without a status": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, 200, 1},
		"nothing at all":           {func(http.ResponseWriter, *http.Request) {}, 200, 1},
		"an empty write":           {func(w http.ResponseWriter, _ *http.Request) { w.Write(nil); w.WriteHeader(503) }, 200, 1},
		"a second status":          {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409); w.WriteHeader(200) }, 409, 0},
		"a status after a write": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(413)
			io.WriteString(w, "too long")
			w.WriteHeader(200)
		}, 413, 0},
		"early hints": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(401) }, 401, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := logOf(t)
			server := httptest.NewUnstartedServer(New("callback").Requests(test.answer))
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the second status
			server.Start()
			answer, err := http.Post(server.URL, "application/json", nil)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			server.Close() // it waits for the handler, whose end writes the line
			if answer.StatusCode != test.status {
				t.Errorf("net/http answers %d", answer.StatusCode)
			}
			lines := l.lines(t, "invocation")
			if len(lines) != 1 || lines[0]["status"] != float64(test.status) || lines[0]["confirmed"] != test.confirmed {
				t.Errorf("got %v", lines)
			}
		})
	}
}

// /readyz asks at most once a second, and does not say why it is not ready.
func TestReadyzSharesAnAnswer(t *testing.T) {
	l := logOf(t)
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		var answer error
		h := New("pull").Pages(http.NotFoundHandler(), func(context.Context) error { asked++; return answer })
		get := func() (int, string) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			return w.Code, w.Body.String()
		}
		for range 3 {
			if status, body := get(); status != 200 || body != `{"status":"ready"}`+"\n" {
				t.Errorf("got %d %s", status, body)
			}
		}
		answer = errors.New("db.internal refuses")
		time.Sleep(time.Second)
		for range 3 {
			if status, body := get(); status != 503 || strings.Contains(body, "internal") {
				t.Errorf("got %d %s", status, body)
			}
		}
		if asked != 2 {
			t.Errorf("asked %d times, want 2", asked)
		}
	})
	if lines := l.lines(t, "not ready"); len(lines) != 1 || lines[0]["error"] != "db.internal refuses" {
		t.Errorf("log: %v", lines)
	}
}

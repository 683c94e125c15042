package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/event"
	"vodevents/shared/scf"
	"vodevents/shared/vodfake"
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
		payload, err := httpEvent(r, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		result, err := h(context.Background(), payload)
		if err != nil {
			t.Fatal(err)
		}
		a, err := parseAnswer(result)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		a.send(w)
		const seen = `PUT /callback/a%2Fb/%C3%A9 map["a":["1" "2"] "b":["&"] "c":[""]] ["x, y"] 127.0.0.1:8080 192.0.2.1:0`
		if w.Code != http.StatusTeapot || w.Header().Get("X-Seen") != seen {
			t.Errorf("%q: %d %s", body, w.Code, w.Header().Get("X-Seen"))
		}
		if strings.ToValidUTF8(body, "?") == body && w.Body.String() != body {
			t.Errorf("body %q came back as %q", body, w.Body)
		}
		response := a.response(r)
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

func TestHosts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := portOf(l)
	for addr, own := range map[string]string{
		"127.0.0.1:0": "",
		"localhost:0": "",
		"127.0.0.2:0": "127.0.0.2",
		"[::1]:0":     "[::1]",
	} {
		want := []string{"127.0.0.1:" + port, "localhost:" + port}
		if own != "" {
			want = append(want, own+":"+port)
		}
		var got []string
		for host := range hosts(addr, l) {
			got = append(got, host)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := baseURL("[::1]:0", l); got != "http://[::1]:"+port {
		t.Errorf("baseURL %s", got)
	}
}

// Whatever the flags say, nobody else's machine reaches dev.
func TestOwnAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:1":         "127.0.0.1:1",
		"localhost:1":         "localhost:1",
		"[::1]:1":             "[::1]:1",
		":1":                  "127.0.0.1:1",
		"0.0.0.0:1":           "",
		"[::]:1":              "",
		"192.0.2.7:1":         "",
		"box.example:1":       "",
		"127.0.0.1.example:1": "",
		"8080":                "",
	} {
		got, err := ownAddr(addr)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", addr, got, err, want)
		}
	}
}

// A program is kept for the next start whole, or not at all.
func TestCopyProgram(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	copyProgram(to, from, "pull") // there is none yet
	for _, program := range []string{"old", "new"} {
		if err := os.WriteFile(filepath.Join(from, "pull"), []byte(program), 0o755); err != nil {
			t.Fatal(err)
		}
		copyProgram(to, from, "pull")
		files, err := os.ReadDir(to)
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		info, err := files[0].Info()
		if got, _ := os.ReadFile(filepath.Join(to, "pull")); err != nil || string(got) != program || info.Mode() != 0o755 {
			t.Errorf("%q, %v, %v; want %q", got, info.Mode(), err, program)
		}
	}
	copyProgram(filepath.Join(to, "nowhere"), from, "pull")
}

func TestParseLog(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 8, 0, 0, 123_456_789, time.UTC)
	for line, want := range map[string]*logLine{
		`{"time":"2026-11-25T07:00:00.5+08:00","level":"WARN","msg":"sink is down","error":"e","request_id":"r","id":"i","n":18446744073709551615}`: {
			Time: time.Date(2026, 11, 24, 23, 0, 0, 500_000_000, time.UTC), Level: "WARN", Message: "sink is down", RequestID: "r", eventID: "i",
			Attrs: map[string]json.RawMessage{"error": json.RawMessage(`"e"`), "id": json.RawMessage(`"i"`), "n": json.RawMessage("18446744073709551615")},
		},
		`{"level":"ERROR","msg":"event parked in the log","event":{"id":"x"}}`: {
			Time: stamp(now), Level: "ERROR", Message: "event parked in the log", eventID: "x",
			Attrs: map[string]json.RawMessage{"event": json.RawMessage(`{"id":"x"}`)},
		},
		"panic: something": {Time: stamp(now), Level: "ERROR", Message: "panic: something"},
	} {
		want.Function = "pull"
		if diff := cmp.Diff(want, parseLog("pull", []byte(line), now), cmp.AllowUnexported(logLine{})); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}

// A log line that stands for a thousand is printed once in 10 s, and what comes
// from outside moves no cursor.
func TestTerminal(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	terminal := terminal{stdout: &stdout, stderr: &stderr}
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.Local)
	for i := range 12 {
		terminal.log(&logLine{Time: at.Add(time.Duration(i) * time.Second), Level: "WARN", Function: "pull", Message: "PullEvents failed",
			Attrs: map[string]json.RawMessage{"error": json.RawMessage(`"down\n\u001b[2J"`)}})
		terminal.log(&logLine{Time: at, Level: "INFO", Function: "pull", Message: "of no interest"})
		terminal.log(&logLine{Time: at, Level: "WARN", Function: "callback", Message: "no cause"})
	}
	terminal.event(&event.Event{Origin: event.Origin{Mode: event.Normal}, Type: "A\x1b[2J\nB", ID: "i"}, at)
	if got, want := stderr.String(), "08:00:00.000  pull      WARN  PullEvents failed: down _[2J\n08:00:10.000  pull      WARN  PullEvents failed: down _[2J\n"; got != want {
		t.Errorf("stderr %q", got)
	}
	if got, want := stdout.String(), "08:00:00.000  normal    A_[2J_B                 -                    i\n"; got != want {
		t.Errorf("stdout %q", got)
	}
}

// The timer fires when it is due and can be changed while it waits.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		timer, err := newTimer("10s", "30 * * * * * *")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now() // a whole minute
		var fired []time.Duration
		go timer.run(ctx, func() { fired = append(fired, time.Since(began)) })
		check := func(want ...time.Duration) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(fired, want) {
				t.Errorf("fired at %v, want %v", fired, want)
			}
			fired = nil
		}
		time.Sleep(25 * time.Second)
		check(10*time.Second, 20*time.Second)
		for _, every := range []string{"99ms", "soon", ""} {
			if timer.set(every) == nil {
				t.Errorf("%q is taken", every)
			}
		}
		if err := timer.set("cron"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Second)
		check(30*time.Second, 90*time.Second)
		if err := timer.set("off"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		check()
		cancel()
		synctest.Wait()
	})
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	e := environ{
		"A=1", "A=2", "SINK= kafka://b1:9092,b2:9092/topic  postgres://u:s3cret@h:5432/db?x=s3cret\tfile:/s3cret postgres://u:3/s3cret@h/ ", "DEDUP=off",
		"CALLBACK_SIGN_KEY=s3cret, s3cret2", "VOD_SECRET_KEY=s3cret", "TENCENTCLOUD_SECRETKEY=s3cret", "LISTEN_ADDR=:1",
	}
	if e.get("A") != "2" || e.get("B") != "" {
		t.Error("get")
	}
	if got := e.sink(); got != "stdout: kafka://b1:9092,b2:9092/topic postgres://u:s3cret@h:5432/db?x=s3cret file:/s3cret postgres://u:3/s3cret@h/" {
		t.Errorf("SINK %s", got)
	}
	if got := (environ{"SINK=file:/x stdout:"}).sink(); got != "file:/x stdout:" {
		t.Errorf("SINK %s", got)
	}
	if got := (environ{}).sink(); got != "stdout:" {
		t.Errorf("SINK %s", got)
	}
	want := []variable{{"VOD_SECRET_KEY", "(set)"}, {"CALLBACK_SIGN_KEY", "(set)"}, {"SINK", "kafka://b1:9092,b2:9092 postgres://h:5432 file: postgres:"}, {"DEDUP", "off"}}
	if diff := cmp.Diff(want, e.show()); diff != "" {
		t.Error(diff)
	}
}

// An event that waits in the queue is kept longer than those that are through.
func TestStoreDropsFinishedFirst(t *testing.T) {
	t.Parallel()
	s := newStore()
	now := time.Now()
	add := func(id string, state vodfake.State) {
		s.add(newRecord(id, event.Reliable, fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q]}}`, id), now))
		s.change(vodfake.Change{ID: id, State: state}, now)
	}
	add("waits", vodfake.Queued)
	for i := range maxRecords + 10 {
		add(fmt.Sprint(i), vodfake.Confirmed)
	}
	add("new", vodfake.Queued)
	for id, want := range map[string]bool{"waits": true, "0": false, "11": false, "12": true, fmt.Sprint(maxRecords + 9): true, "new": true} {
		if s.known(id) != want {
			t.Errorf("%s kept: %t", id, !want)
		}
	}
	if events, matched := s.list(filter{limit: 1, before: "12"}); matched != 1 || events[0].ID != "waits" {
		t.Errorf("%d before 12: %+v", matched, events)
	}
}

// The store keeps 10,000 events and finds each by its id and its event's.
func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore()
	r := &reader{waiting: map[*record]struct{}{}}
	s.readers[r] = struct{}{}
	now := time.Now()
	const more = 2*maxRecords + 100
	for i := range more {
		id := fmt.Sprint(i)
		s.add(newRecord(id, event.Reliable, fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"]}}`, i), now))
		s.change(vodfake.Change{ID: id, State: vodfake.Queued}, now)
		s.log(&logLine{Function: "pull", eventID: id})
	}
	if len(s.byID) != maxRecords || len(s.byKey) != maxRecords || len(s.order) != maxRecords || len(r.waiting) != maxRecords {
		t.Errorf("%d by id, %d by key, %d in order, %d waiting", len(s.byID), len(s.byKey), len(s.order), len(r.waiting))
	}
	if len(s.untold) > 1001 || len(r.logs) != maxReaderLogs || r.dropped != more-maxReaderLogs {
		t.Errorf("%d untold, %d logs, %d dropped", len(s.untold), len(r.logs), r.dropped)
	}
	if events, matched := s.list(filter{limit: 1}); matched != maxRecords || events[0].Subject != fmt.Sprint(more-1) {
		t.Errorf("%d matched, the newest is %+v", matched, events)
	}
	if _, ok := s.find("0"); ok {
		t.Error("the oldest is still there")
	}
	told := 0
	for {
		messages, _ := s.take(r)
		if len(messages) == 0 || messages[0].name != "change" {
			break
		}
		told += len(messages[0].data.(map[string]any)["events"].([]summary))
	}
	if told != maxRecords {
		t.Errorf("%d told", told)
	}
	for id, r := range s.byID {
		for range 2 * maxSteps {
			s.change(vodfake.Change{ID: id, State: vodfake.Sent}, now)
			s.log(&logLine{Function: "pull", eventID: r.eventID})
		}
		if len(r.history) != maxSteps || len(r.logs) != maxLogs || r.history[0].State != vodfake.Queued {
			t.Errorf("%d steps, %d logs", len(r.history), len(r.logs))
		}
		break
	}
}

// What is seen late, since pipes and sockets race, does not bring an event back
// from its end.
func TestLateNews(t *testing.T) {
	t.Parallel()
	s := newStore()
	now := time.Now()
	body := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)
	e, err := event.Parse(body, event.Origin{Mode: event.Reliable, Received: now})
	if err != nil {
		t.Fatal(err)
	}
	s.add(newRecord("1", event.Reliable, body, now))
	for _, state := range []vodfake.State{vodfake.Queued, vodfake.Pulled, vodfake.Confirmed} {
		s.change(vodfake.Change{ID: "1", State: state, Delivery: 1}, now)
	}
	if d, _ := s.find("1"); !d.Duplicate || d.TookMs == nil {
		t.Errorf("it has not come out: %+v", d.summary)
	}
	s.sunk(e, 200, now.Add(time.Second))
	s.out(e, e.AppendCloudEvent(nil), now.Add(time.Second), false)
	d, _ := s.find(e.ID)
	if got := states(d); d.State != vodfake.Confirmed || d.Duplicate || d.Outs != 1 || !slices.Equal(got, []string{"queued", "pulled", "handled", "delivered", "confirmed"}) {
		t.Errorf("%+v, %q", d.summary, got)
	}
	if !slices.IsSortedFunc(d.History, func(a, b step) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("%+v", d.History)
	}

	// An event that nobody knows of makes its own record, as with -real.
	other, err := event.Parse([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["2"]}}`), event.Origin{Mode: event.Reliable, Received: now})
	if err != nil {
		t.Fatal(err)
	}
	s.out(other, other.AppendCloudEvent(nil), now, true)
	if d, ok := s.find(other.ID); !ok || d.State != delivered || d.ID != "r2" || d.Attempts != 1 {
		t.Errorf("%+v", d.summary)
	}
}

func TestPercentiles(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	if p50, p99 := percentiles(took); p50 != nil || p99 != nil {
		t.Error("of nothing")
	}
	for i := range 101 {
		took = append(took, time.Duration(100-i)*time.Millisecond)
	}
	if p50, p99 := percentiles(took); *p50 != 50 || *p99 != 99 {
		t.Errorf("%v %v", *p50, *p99)
	}
}

func TestWithHandle(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, ` { }`, `{"EventType":"A","B":{"c":1}}`, "\n{ \"EventType\":\"A\"}"} {
		e, _ := event.Parse(withHandle([]byte(body), "h"), event.Origin{})
		if want, _ := event.Parse([]byte(body), event.Origin{}); e.Handle != "h" || string(e.AppendData(nil)) != string(want.AppendData(nil)) {
			t.Errorf("%s: %s", body, withHandle([]byte(body), "h"))
		}
	}
}

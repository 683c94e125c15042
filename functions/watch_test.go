package functions_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/scf/local"
)

// logLines are the lines of a function's log with that message, since the last call.
func logLines(t *testing.T, f *function, message string) (lines []map[string]any) {
	t.Helper()
	for _, text := range f.log.take() {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}

func sameFigures(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if g, there := got[name]; !there || g != value {
			t.Errorf("%s is %v, want %v, in %v", name, g, value, got)
		}
	}
	for _, name := range []string{"elapsed_ms", "longest_delivery_ms", "since_event_s"} {
		if n, ok := got[name].(float64); !ok || n < 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
}

// Each invocation on SCF has one line with its figures.
func TestEachInvocationHasOneLine(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	s.Queue(0, uploadNamed(1, "a"))
	s.Queue(0, uploadNamed(2, "a"))
	pull := start(t, pullBin, vodEnv(s)...)
	pull.drain(15 * time.Second)
	lines := logLines(t, pull, "invocation")
	if len(lines) != 1 {
		t.Fatalf("pull: %d lines", len(lines))
	}
	sameFigures(t, lines[0], map[string]any{"level": "INFO", "function": "pull", "events": 2.0, "delivered": 2.0, "confirmed": 2.0,
		"polls": 2.0, "failed_polls": 0.0, "stopped": "empty", "events_so_far": 2.0})
	if ms, ok := lines[0]["longest_confirm_ms"].(float64); !ok || ms < 0 || ms > 15000 {
		t.Errorf("longest_confirm_ms is %v", lines[0]["longest_confirm_ms"])
	}
	pull.drain(15 * time.Second)
	lines = logLines(t, pull, "invocation")
	if len(lines) != 1 {
		t.Fatalf("pull of an empty queue: %d lines", len(lines))
	}
	sameFigures(t, lines[0], map[string]any{"events": 0.0, "confirmed": 0.0, "longest_confirm_ms": nil, "events_so_far": 2.0})

	callback := start(t, callbackBin, "CALLBACK_SIGN_KEY=k")
	for range 2 {
		callback.post(event.Sign(uploadNamed(1, "a"), "k", time.Now().Add(time.Hour)))
	}
	callback.post(uploadNamed(1, "a"))
	lines = logLines(t, callback, "invocation")
	if len(lines) != 3 {
		t.Fatalf("callback: %d lines", len(lines))
	}
	sameFigures(t, lines[0], map[string]any{"function": "callback", "status": 200.0, "events": 1.0, "delivered": 1.0, "confirmed": 1.0})
	sameFigures(t, lines[1], map[string]any{"status": 200.0, "delivered": 0.0, "duplicate": 1.0, "events_so_far": 2.0})
	sameFigures(t, lines[2], map[string]any{"status": 401.0, "events": 0.0, "confirmed": 0.0, "longest_confirm_ms": nil, "events_so_far": 2.0})
	for _, line := range lines {
		if id, _ := line["request_id"].(string); id == "" {
			t.Errorf("no request_id in %v", line)
		}
	}
}

// parkedAndCounted checks that the one callback that came is an event that was parked.
func parkedAndCounted(t *testing.T, f *function) {
	t.Helper()
	lines := logLines(t, f, "invocation")
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	sameFigures(t, lines[0], map[string]any{"status": 500.0, "events": 1.0, "parked": 1.0, "confirmed": 0.0})
}

// A callback that a bad variable keeps from its sinks is an event all the same.
func TestACallbackIsCountedDespiteABadVariable(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "SINK=ftp://files.test/x")
	f.post(uploadNamed(1, "a"))
	parkedAndCounted(t, f)
}

// So is one whose URL names an application that the function does not have.
func TestACallbackOfAnotherApplicationIsCounted(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "VOD_SUB_APP_IDS=1500066000")
	f.invokeRaw(local.HTTPEvent(httptest.NewRequest("POST", "/?app=7", nil), uploadNamed(1, "a")))
	parkedAndCounted(t, f)
}

// A request that is refused before callback sees it is an invocation all the same: VOD
// does not send again what is too large.
func TestARefusedRequestHasALineToo(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin)
	f.invokeRaw([]byte(`{}`))
	f.invokeRaw([]byte(`{"httpMethod":"post","body":"` + strings.Repeat("x", 6<<20+1) + `"}`))
	lines := logLines(t, f, "invocation")
	if len(lines) != 2 {
		t.Fatalf("SCF: %d lines", len(lines))
	}
	sameFigures(t, lines[0], map[string]any{"status": 400.0, "method": "", "events": 0.0, "confirmed": 0.0, "longest_confirm_ms": nil})
	sameFigures(t, lines[1], map[string]any{"status": 413.0, "method": "POST", "events": 0.0, "confirmed": 0.0})

	host := startHost(t, callbackBin, "LISTEN_ADDR=127.0.0.1:0")
	for range 2 {
		resp, err := http.Post(host+"/callback", "application/json", strings.NewReader(strings.Repeat("x", 6<<20+1)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 413 {
			t.Errorf("over 6 MB are answered %d", resp.StatusCode)
		}
	}
	until(t, host+"/metrics", func(_ int, body string) bool { return strings.Contains(body, `vod_requests_total{status="413"} 2`) })
}

// ALERT_SILENCE is one line at level error, once an instance.
func TestAlertSilence(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	f := start(t, pullBin, append(vodEnv(s), "ALERT_SILENCE=1ms")...)
	for n := range 3 {
		f.drain(15 * time.Second)
		var alerts []map[string]any
		for _, text := range f.log.take() {
			var line map[string]any
			if strings.Contains(text, "ALERT_SILENCE") && json.Unmarshal([]byte(text), &line) == nil {
				alerts = append(alerts, line)
			}
		}
		if n == 0 && (len(alerts) != 1 || alerts[0]["level"] != "ERROR") || n > 0 && len(alerts) != 0 {
			t.Errorf("invocation %d: %v", n+1, alerts)
		}
	}
}

// page gets a page of a function on a host.
func page(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// until gets a page until it is as wanted.
func until(t *testing.T, url string, wanted func(status int, body string) bool) {
	t.Helper()
	for {
		status, body := page(t, url)
		if wanted(status, body) {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: %d %s", url, status, body)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// On a host callback serves its figures, and says whether its sinks answer.
func TestCallbackOnAHostIsWatched(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	host := startHost(t, callbackBin, "LISTEN_ADDR=127.0.0.1:0", "SINK="+receiver.URL)
	resp, err := http.Post(host+"/callback", "application/json", strings.NewReader(string(uploadNamed(1, "a"))))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	status, metrics := page(t, host+"/metrics")
	for _, want := range []string{`vod_events_total{fate="delivered"} 1`, `vod_events_total{fate="parked"} 0`, `vod_requests_total{status="200"} 1`,
		"vod_confirm_seconds_count 1", "vod_seconds_since_last_event "} {
		if status != 200 || !strings.Contains(metrics, want) {
			t.Errorf("%q is not in %d\n%s", want, status, metrics)
		}
	}
	if status, body := page(t, host+"/readyz"); status != 200 {
		t.Errorf("/readyz: %d %s", status, body)
	}
	receiver.Close()
	until(t, host+"/readyz", func(status int, _ string) bool { return status == 503 })
	if status, _ := page(t, host+"/healthz"); status != 200 {
		t.Errorf("/healthz while a sink is down: %d", status)
	}
	if resp, err := http.Post(host+"/metrics", "", strings.NewReader("x")); err != nil || resp.StatusCode != 400 {
		t.Errorf("a POST to /metrics is not a callback: %v %v", resp, err)
	}
}

// The loop serves the same on PULL_LISTEN_ADDR, and not on LISTEN_ADDR, which one
// file of variables may name for callback.
func TestTheLoopIsWatched(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	s.Queue(0, uploadNamed(1, "a"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	host := startHost(t, pullBin, append(vodEnv(s), "PULL_LISTEN_ADDR=127.0.0.1:0", "LISTEN_ADDR="+taken.Addr().String())...)
	until(t, host+"/metrics", func(_ int, body string) bool {
		return strings.Contains(body, `vod_events_total{fate="delivered"} 1`) && strings.Contains(body, "vod_confirm_seconds_count 1") && !strings.Contains(body, "vod_polls_total 0")
	})
	if status, _ := page(t, host+"/readyz"); status != 200 {
		t.Errorf("/readyz: %d", status)
	}
	if status, body := page(t, host+"/"); status != 404 {
		t.Errorf("/: %d %s", status, body)
	}
}

// A loop that cannot serve its figures pulls all the same.
func TestTheLoopPullsWithoutItsAddress(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	s.Queue(0, uploadNamed(1, "a"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out := runOnHost(t, pullBin, append(vodEnv(s), "PULL_LISTEN_ADDR="+taken.Addr().String())...)
	for said := false; !said || s.Pending(0) > 0; {
		for _, line := range out.take() {
			said = said || strings.Contains(line, "the figures are not served") && strings.Contains(line, `"level":"ERROR"`)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("said so: %v, pending: %d", said, s.Pending(0))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

package local_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/scf/local"
)

func TestIsEvent(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`{"specversion":"1.0","id":"1","data":{"level":"x"}}`:                           true,
		`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"m"}`:                      false,
		`{"level":"ERROR","msg":"event parked","event":{"specversion":"1.0","id":"1"}}`: false,
		`{"level":"ERROR","msg":"m","specversion":"1.0"}`:                               false,
		`{"msg":"neither"}`: false, `panic: oh`: false, ``: false, `{"specversion":"1.0"`: false, `["specversion"]`: false, `null`: false,
	} {
		if got := local.IsEvent([]byte(line)); got != want {
			t.Errorf("IsEvent(%s) = %v", line, got)
		}
	}
}

func TestLinesComeWhole(t *testing.T) {
	t.Parallel()
	const text = "{\"specversion\":\"1.0\"}\n{\"level\":\"INFO\"}\n\nplain\n{\"specversion\":\"1.0\",\"id\":\"2\"}\ncut off"
	for size := 1; size <= len(text); size++ {
		var events, logs []string
		l := &local.Lines{
			Event: func(b []byte) { events = append(events, string(b)) },
			Log:   func(b []byte) { logs = append(logs, string(b)) },
		}
		for part := range slices.Chunk([]byte(text), size) {
			if n, err := l.Write(part); n != len(part) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		if got := strings.Join(logs, "|"); got != `{"level":"INFO"}||plain` {
			t.Errorf("before the end, in parts of %d: log %q", size, got)
		}
		l.Flush()
		l.Flush()
		if got := strings.Join(logs, "|"); got != `{"level":"INFO"}||plain|cut off` {
			t.Errorf("in parts of %d: log %q", size, got)
		}
		if got := strings.Join(events, "|"); got != `{"specversion":"1.0"}|{"specversion":"1.0","id":"2"}` {
			t.Errorf("in parts of %d: events %q", size, got)
		}
	}
}

// A line without an end comes in pieces of the log, and what follows it is told apart
// again.
func TestLineWithoutEnd(t *testing.T) {
	t.Parallel()
	var events, logs int
	l := &local.Lines{Event: func([]byte) { events++ }, Log: func(line []byte) { logs += len(line) }}
	const piece = 1 << 20
	for range local.MaxLine/piece + 1 {
		l.Write(bytes.Repeat([]byte{'x'}, piece))
	}
	if logs != local.MaxLine {
		t.Errorf("%d bytes are told before the end", logs)
	}
	l.Write([]byte("\n{\"specversion\":\"1.0\"}\n"))
	if logs != local.MaxLine+piece || events != 1 {
		t.Errorf("%d bytes and %d events", logs, events)
	}
}

// The log of a function, and the stack of its crash, are there when it has
// exited.
func TestWithLines(t *testing.T) {
	t.Parallel()
	var events []string
	logs := make(chan string, 1000)
	f := start(t, local.WithLines(
		func(b []byte) { events = append(events, string(b)) },
		func(b []byte) { logs <- string(b) },
	))
	if _, err := f.Invoke(t.Context(), get("/level"), time.Minute, map[string]string{"LOG_LEVEL": "info"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Invoke(t.Context(), get("/crash"), time.Minute, nil); err == nil {
		t.Error("a crash is no error")
	}
	<-f.Exited()
	close(logs)
	all := strings.Join(slices.Collect(func(yield func(string) bool) {
		for l := range logs {
			if !yield(l) {
				return
			}
		}
	}), "\n")
	if !strings.Contains(all, `"msg":"info line"`) || !strings.Contains(all, "panic: on purpose") || events != nil {
		t.Errorf("events %q, log:\n%s", events, all)
	}
}

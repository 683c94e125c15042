package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"

	"vodevents/shared/internal/output"
)

// writes remembers each Write. It is full after room bytes, if room is set.
type writes struct {
	all  []string
	room int
}

func (w *writes) Write(b []byte) (int, error) {
	if w.room > 0 {
		used := len(strings.Join(w.all, ""))
		if used+len(b) > w.room {
			b = b[:w.room-used]
			w.all = append(w.all, string(b))
			return len(b), syscall.ENOSPC
		}
	}
	w.all = append(w.all, string(b))
	return len(b), nil
}

func TestOneWriteALine(t *testing.T) {
	t.Parallel()
	var got writes
	n, err := output.NewWriter(&got).Write([]byte("one\ntwo\n\nthree\n"))
	if n != 15 || err != nil {
		t.Errorf("Write = %d, %v", n, err)
	}
	if s := strings.Join(got.all, "|"); s != "one\n|two\n|\n|three\n" {
		t.Errorf("writes %q", s)
	}
}

// Lines of goroutines that write at once do not mix.
func TestLinesStayWhole(t *testing.T) {
	t.Parallel()
	var got writes
	w := output.NewWriter(&got)
	var all sync.WaitGroup
	for _, c := range "abcd" {
		line := []byte(strings.Repeat(string(c), 5000) + "\n")
		all.Go(func() {
			for range 20 {
				if _, err := w.Write(append(line, line...)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(got.all) != 4*20*2 {
		t.Errorf("%d writes, want %d", len(got.all), 4*20*2)
	}
	for i := 0; i < len(got.all); i += 2 {
		if got.all[i] != got.all[i+1] {
			t.Fatalf("another line came between the lines of one call, at %d", i)
		}
	}
}

// A full disk tears a line. The next line is not glued to it.
func TestTornLineGetsItsEnd(t *testing.T) {
	t.Parallel()
	got := writes{room: 10}
	w := output.NewWriter(&got)
	n, err := w.Write([]byte("12345\n67890\nmore\n"))
	if n != 10 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write on a full disk = %d, %v", n, err)
	}
	got.room = 0
	if _, err := w.Write([]byte("next\n")); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got.all, ""); s != "12345\n6789\nnext\n" {
		t.Errorf("written %q", s)
	}
}

// setLog makes w the log, at level error, as LOG_LEVEL=error does.
func setLog(t *testing.T, w *writes) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelError})))
}

func TestLogWritesBelowTheLevel(t *testing.T) {
	var got writes
	setLog(t, &got)
	slog.Info("not written")
	if err := output.Log(t.Context(), slog.LevelWarn, "the only copy", "id", "7"); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if len(got.all) != 1 || json.Unmarshal([]byte(got.all[0]), &line) != nil {
		t.Fatalf("log %q, want one line", got.all)
	}
	if line["level"] != "WARN" || line["msg"] != "the only copy" || line["id"] != "7" || line["time"] == nil {
		t.Errorf("log line %v", line)
	}
}

func TestLogTellsThatNothingWasWritten(t *testing.T) {
	setLog(t, &writes{room: 20})
	err := output.Log(t.Context(), slog.LevelError, "the only copy", "event", string(bytes.Repeat([]byte("x"), 100)))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Log on a full disk = %v, want %v", err, syscall.ENOSPC)
	}
}

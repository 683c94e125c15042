// Package output is where a process writes lines: events to standard output,
// and the log to the same place under SCF, because standard output is all that
// Tencent documents as collected (583/60336, 858/18032).
package output

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Stdout is this process's standard output. Events and, under SCF, log lines
// share it.
var Stdout = NewWriter(stdout{})

// stdout is what [os.Stdout] is at the time of a write: an example in a test
// changes it.
type stdout struct{}

func (stdout) Write(b []byte) (int, error) { return os.Stdout.Write(b) }

// Writer writes whole lines for several goroutines. Each line is one Write of
// what is underneath, so no line is cut in two by another. A line that a full
// disk cut off gets a line break before the next one.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	torn bool // the last line has no end
}

// NewWriter returns a Writer on w, which nobody else should write to.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes the lines of b, which ends with a line break, one after the
// other and nothing in between. It stops at the first error; n then counts the
// bytes of b that were written.
func (w *Writer) Write(b []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.torn && len(b) > 0 {
		if _, err := w.w.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		w.torn = false
	}
	for n < len(b) {
		end := len(b)
		if i := bytes.IndexByte(b[n:], '\n'); i >= 0 {
			end = n + i + 1
		}
		wrote, err := w.w.Write(b[n:end])
		n += wrote
		if wrote > 0 {
			w.torn = b[n-1] != '\n'
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Log writes one line to the log of [slog.Default], whatever LOG_LEVEL says,
// and returns the error of the write. It is for a line that is the only copy of
// an event: until Log has returned nil the event is nowhere.
func Log(ctx context.Context, level slog.Level, msg string, args ...any) error {
	r := slog.NewRecord(time.Now(), level, msg, 0)
	r.Add(args...)
	return slog.Default().Handler().Handle(ctx, r)
}

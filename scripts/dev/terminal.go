package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/internal/term"
	"vodevents/shared/event"
)

// terminal prints for people.
type terminal struct {
	stdout, stderr io.Writer
	most           int           // how many events are printed; 0: all
	enough         chan struct{} // closed when they are

	mu     sync.Mutex
	events int
	said   map[string]time.Time
}

const clockForm = "15:04:05.000"

// event prints an event that came out.
func (t *terminal) event(e *event.Event, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.events++; t.most > 0 && t.events > t.most {
		return
	}
	fmt.Fprintf(t.stdout, "%s  %-8s  %-22s  %-19s  %s\n", at.Format(clockForm), e.Mode, oneWord(e.Type), oneWord(e.Subject), e.ID)
	if t.events == t.most {
		close(t.enough)
	}
}

// oneWord keeps columns from running together.
func oneWord(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(term.Harmless(s), " ", "_")
}

// log prints a warning or error that names a cause, each at most once in 10 s.
func (t *terminal) log(l *journal.Log) {
	cause := l.Text("error")
	if l.Level != "ERROR" && (l.Level != "WARN" || cause == "") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	what := l.Function + l.Message
	if t.said == nil || len(t.said) > 1000 {
		t.said = map[string]time.Time{}
	}
	if last, ok := t.said[what]; ok && l.Time.Sub(last) < 10*time.Second {
		return
	}
	t.said[what] = l.Time
	if cause != "" {
		cause = ": " + cause
	}
	text := term.Harmless(strings.Join(strings.Fields(l.Message+cause), " "))
	fmt.Fprintf(t.stderr, "%s  %-8s  %s  %s\n", l.Time.Local().Format(clockForm), l.Function, l.Level, text)
}

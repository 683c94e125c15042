package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"vodevents/scripts/internal/term"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// logLine is one line of a function's log, or of dev's own.
type logLine struct {
	Time      time.Time                  `json:"time"`
	Level     string                     `json:"level"`
	Function  string                     `json:"function"`
	Message   string                     `json:"message"`
	RequestID string                     `json:"requestId,omitempty"`
	Event     string                     `json:"event,omitempty"` // the id of its record
	Attrs     map[string]json.RawMessage `json:"attrs,omitempty"`

	eventID string
}

// parseLog reads a line of slog's JSON. Whatever else a process writes, such as
// the stack of a crash, is an error in plain words.
func parseLog(function string, line []byte, now time.Time) *logLine {
	l := &logLine{Time: stamp(now), Level: "ERROR", Function: function, Message: string(line)}
	var attrs map[string]json.RawMessage
	if json.Unmarshal(line, &attrs) != nil {
		return l
	}
	take := func(name string, to any) {
		if json.Unmarshal(attrs[name], to) == nil {
			delete(attrs, name)
		}
	}
	take("time", &l.Time)
	take("level", &l.Level)
	take("msg", &l.Message)
	take("request_id", &l.RequestID)
	l.Time = stamp(l.Time)
	l.Attrs = attrs
	if l.eventID = l.text("id"); l.eventID == "" {
		var parked struct{ ID string }
		if json.Unmarshal(attrs["event"], &parked) == nil { // a whole CloudEvent
			l.eventID = parked.ID
		}
	}
	return l
}

// text is an attribute that is a string.
func (l *logLine) text(name string) (s string) {
	_ = json.Unmarshal(l.Attrs[name], &s)
	return s
}

// fate is what became of the event that the line is about; empty: it says
// nothing of that.
func (l *logLine) fate() deliver.Fate { return deliver.Fate(l.text("fate")) }

func (l *logLine) parks() bool     { return l.fate() == deliver.Parked }
func (l *logLine) duplicate() bool { return l.fate() == deliver.Duplicate && l.Function == "callback" }

// terminal prints for people.
type terminal struct {
	mu             sync.Mutex
	stdout, stderr io.Writer
	said           map[string]time.Time
}

const clockForm = "15:04:05.000"

// event prints an event that came out.
func (t *terminal) event(e *event.Event, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.stdout, "%s  %-8s  %-22s  %-19s  %s\n", at.Format(clockForm), e.Mode, oneWord(e.Type), oneWord(e.Subject), e.ID)
}

// oneWord keeps columns from running together.
func oneWord(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ReplaceAll(term.Harmless(s), " ", "_")
}

// log prints a warning or error that names a cause, each at most once in 10 s.
func (t *terminal) log(l *logLine) {
	cause := l.text("error")
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

// inbox runs what it is given, in that order, in one goroutine. To put
// something in never waits: the stand-in tells its news while it is locked.
type inbox struct {
	mu    sync.Mutex
	items []func()
	wake  chan struct{}
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) put(fn func()) {
	b.mu.Lock()
	b.items = append(b.items, fn)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run runs until done is closed.
func (b *inbox) run(done <-chan struct{}) {
	for {
		b.mu.Lock()
		items := b.items
		b.items = nil
		b.mu.Unlock()
		for _, fn := range items {
			fn()
		}
		select {
		case <-b.wake:
		case <-done:
			return
		}
	}
}

// sync waits until all that was put in before is done.
func (b *inbox) sync(done <-chan struct{}) {
	here := make(chan struct{})
	b.put(func() { close(here) })
	select {
	case <-here:
	case <-done:
	}
}

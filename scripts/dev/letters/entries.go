package letters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/sink/stored"
)

// Action is what somebody did with a dead letter.
type Action string

const (
	Delivered    Action = "delivered again"
	NotDelivered Action = "not delivered"
	Discarded    Action = "discarded"
	Copied       Action = "copied as curl"
)

// Entry says who did what, and when.
type Entry struct {
	Time time.Time
	Who  string
	What Action
	Row  stored.Row // without its data
	Text string     // why it failed
}

// maxEntries is how many entries are kept in memory.
const maxEntries = 1000

// Entries returns the last entries, the newest first, at most so many.
func (l *Letters) Entries(most int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := slices.Clone(l.entries[max(0, len(l.entries)-most):])
	slices.Reverse(last)
	return last
}

// note keeps an entry and passes it to Told, with the row's data.
func (l *Letters) note(e Entry) {
	e.Time, e.Who = time.Now(), l.Who
	if l.File != nil {
		if err := l.File.note(e, l.Place.String()); err != nil {
			e.Text = strings.TrimPrefix(e.Text+"; ", "; ") + "this line is not in the file: " + err.Error()
		}
	}
	kept := e
	kept.Row.Data, kept.Row.Raw, kept.Row.Text = nil, nil, nil
	l.mu.Lock()
	if l.entries = append(l.entries, kept); len(l.entries) > maxEntries {
		l.entries = slices.Delete(l.entries, 0, 1)
	}
	l.mu.Unlock()
	if l.Told != nil {
		l.Told(e)
	}
}

// File keeps entries as lines of JSON, and each event before it is discarded. The line
// of an event looks like a line of a log at level error with the member event, so
// vodctl replay FILE delivers what was discarded. The file is made with the first line.
// Only its owner may read it, because events have the URLs of media in them.
type File struct {
	Path string

	mu sync.Mutex
	f  *os.File
}

// FileName returns the file that keeps discarded events; empty: there is none.
func (l *Letters) FileName() string {
	if l.File == nil {
		return ""
	}
	return l.File.Path
}

// Close closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		return nil
	}
	return f.f.Close()
}

// append writes lines and returns when the disk has them.
func (f *File) append(lines []byte) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		if f.f, err = os.OpenFile(f.Path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			f.f = nil
			return err
		}
	}
	if _, err := f.f.Write(lines); err != nil {
		return err
	}
	return f.f.Sync()
}

// line is a line of the file.
type line struct {
	Time    time.Time       `json:"time"`
	Level   string          `json:"level"`
	Message string          `json:"msg"`
	Who     string          `json:"who"`
	Place   string          `json:"place"`
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Subject string          `json:"subject,omitempty"`
	Error   string          `json:"error,omitempty"`
	Event   json.RawMessage `json:"event,omitempty"`
}

// keep writes whole events and returns when the disk has them.
func (f *File) keep(who, place string, rows []stored.Row) error {
	var b bytes.Buffer
	for _, r := range rows {
		text, err := r.CloudEvent()
		if err != nil {
			return err
		}
		err = write(&b, line{Time: time.Now().UTC(), Level: "ERROR", Message: "discarding", Who: who, Place: place, ID: r.ID, Type: r.EventType(), Subject: r.Subject, Event: text})
		if err != nil {
			return fmt.Errorf("event %s: %w", r.ID, err)
		}
	}
	return f.append(b.Bytes())
}

// note writes an entry.
func (f *File) note(e Entry, place string) error {
	var b bytes.Buffer
	err := write(&b, line{Time: e.Time.UTC(), Level: "INFO", Message: string(e.What), Who: e.Who, Place: place, ID: e.Row.ID, Type: e.Row.EventType(), Subject: e.Row.Subject, Error: e.Text})
	if err != nil {
		return err
	}
	return f.append(b.Bytes())
}

func write(b *bytes.Buffer, l line) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return enc.Encode(l)
}

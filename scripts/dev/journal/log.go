package journal

import (
	"encoding/json"
	"time"

	"vodevents/shared/deliver"
)

// Log is one line of a function's log, or of dev's own.
type Log struct {
	Time      time.Time                  `json:"time"`
	Level     string                     `json:"level"`
	Function  string                     `json:"function"`
	Message   string                     `json:"message"`
	RequestID string                     `json:"requestId,omitempty"`
	Event     string                     `json:"event,omitempty"` // the id of its record
	Attrs     map[string]json.RawMessage `json:"attrs,omitempty"`

	eventID string
}

// NewLog makes a line of dev's own.
func NewLog(function, level, message string, now time.Time) *Log {
	return &Log{Time: stamp(now), Level: level, Function: function, Message: message}
}

// ParseLog reads a line of slog's JSON. Whatever else a process writes, such
// as the stack of a crash, is an error in plain words. A time that JSON cannot show
// in UTC, which has the years 0 to 9999, stays an attribute.
func ParseLog(function string, line []byte, now time.Time) *Log {
	l := NewLog(function, "ERROR", string(line), now)
	var attrs map[string]json.RawMessage
	if json.Unmarshal(line, &attrs) != nil {
		return l
	}
	take := func(name string, to any) {
		if json.Unmarshal(attrs[name], to) == nil {
			delete(attrs, name)
		}
	}
	at := now
	if json.Unmarshal(attrs["time"], &at) == nil && at.UTC().Year() >= 0 && at.UTC().Year() <= 9999 {
		l.Time = stamp(at)
		delete(attrs, "time")
	}
	take("level", &l.Level)
	take("msg", &l.Message)
	take("request_id", &l.RequestID)
	l.Attrs = attrs
	if l.eventID = l.Text("id"); l.eventID == "" {
		var parked struct{ ID string }
		if json.Unmarshal(attrs["event"], &parked) == nil { // a whole CloudEvent
			l.eventID = parked.ID
		}
	}
	return l
}

// Text is an attribute that is a string.
func (l *Log) Text(name string) (s string) {
	_ = json.Unmarshal(l.Attrs[name], &s)
	return s
}

// fate is what became of the event that the line is about; empty: the line
// says nothing of that.
func (l *Log) fate() deliver.Fate { return deliver.Fate(l.Text("fate")) }

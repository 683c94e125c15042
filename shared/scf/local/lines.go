package local

import (
	"bytes"
	"encoding/json"
)

// MaxLine is the longest line that is kept whole, in bytes. An event of 6 MB, the most
// that a callback may have, is under 27 MB as a line with rawdata and all bytes of it
// escaped.
const MaxLine = 64 << 20

// Lines splits what a function writes into lines and tells events from the log.
// Under SCF both go to standard output: an event has specversion, a line of the
// log has level. A line of over [MaxLine] bytes comes in pieces, which are of the log,
// so that a process that writes no line break takes no memory without end.
type Lines struct {
	// Event is given each event line, Log every other line, without its end.
	// The bytes are theirs to keep. Either may be nil.
	Event, Log func(line []byte)

	rest []byte // of a line whose end has not come
}

// Write takes the next bytes of the stream. It never fails.
func (l *Lines) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, after, ok := bytes.Cut(b, []byte{'\n'})
		if room := MaxLine - len(l.rest); len(line) > room {
			line, after, ok = b[:room], b[room:], true
		}
		l.rest = append(l.rest, line...)
		if !ok {
			return n, nil
		}
		l.give()
		b = after
	}
}

// Flush ends a last line that has no line break, as of a process that was
// killed.
func (l *Lines) Flush() {
	if len(l.rest) > 0 {
		l.give()
	}
}

func (l *Lines) give() {
	line, fn := l.rest, l.Log
	l.rest = nil
	if IsEvent(line) {
		fn = l.Event
	}
	if fn != nil {
		fn(line)
	}
}

// IsEvent tells whether a line of a function's standard output is an event. All
// others are of the log, whatever they are.
func IsEvent(line []byte) bool {
	var members struct {
		SpecVersion json.RawMessage `json:"specversion"`
		Level       json.RawMessage `json:"level"`
	}
	return json.Unmarshal(line, &members) == nil && members.SpecVersion != nil && members.Level == nil
}

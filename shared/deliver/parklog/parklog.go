// Package parklog writes a parked event into the log and names what a reader
// needs to find it again there.
//
// An event without DEAD_LETTER is parked as log lines of its own. SCF cuts a
// line at 8 KB, so each line holds a part of the event, as text, and is at most
// [MaxLine] bytes long:
//
//	{"time":…,"level":"ERROR","msg":"parked event","id":"…","parking":"…","part":1,"of":2,"text":"{\"specversion\":…"}
//	{"time":…,"level":"ERROR","msg":"parked event","id":"…","parking":"…","part":2,"of":2,"text":"…}","sha256":"…"}
//
// The text of all parts of one parking, in the order of part, is the CloudEvent.
package parklog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"unicode/utf8"

	"vodevents/shared/event"
	"vodevents/shared/internal/output"
)

const (
	// Message is the msg of each line.
	Message = "parked event"

	// MaxLine is the most bytes of a line.
	MaxLine = 6 << 10

	// maxText is the most bytes of a part, counted as a JSON string escapes
	// them. The rest of a line is for its other attributes, of which the log
	// may add some.
	maxText = MaxLine - 1<<10
)

// Part is one line, as far as it is needed to put the event together again.
type Part struct {
	// ID is the event's.
	ID string `json:"id"`

	// Parking is random, and the same for all parts of one parking: an event
	// may be parked more than once.
	Parking string `json:"parking"`

	// Part counts from 1 to Of.
	Part int `json:"part"`
	Of   int `json:"of"`

	// Text is the part of the CloudEvent.
	Text string `json:"text"`

	// SHA256 is that of the whole CloudEvent, in hex; only the last part has it.
	SHA256 string `json:"sha256,omitempty"`
}

// Write writes an event, which has its Parking, into the log at level error,
// whatever the level of the log. An error means that the log does not hold the
// event.
func Write(ctx context.Context, e *event.Event) error {
	for _, p := range Split(e.ID, e.AppendCloudEvent(nil)) {
		attrs := []any{"id", p.ID, "parking", p.Parking, "part", p.Part, "of", p.Of, "text", p.Text}
		if p.SHA256 != "" {
			attrs = append(attrs, "sha256", p.SHA256)
		}
		if err := output.Log(ctx, slog.LevelError, Message, attrs...); err != nil {
			return err
		}
	}
	return nil
}

// Split cuts a CloudEvent into the parts of one parking, between characters.
func Split(id string, cloudEvent []byte) []Part {
	parking := rand.Text()
	var parts []Part
	for rest := cloudEvent; len(rest) > 0 || parts == nil; {
		n := 0
		for room := maxText; n < len(rest); {
			r, size := utf8.DecodeRune(rest[n:])
			if room -= escaped(r, size); room < 0 {
				break
			}
			n += size
		}
		parts = append(parts, Part{ID: id, Parking: parking, Part: len(parts) + 1, Text: string(rest[:n])})
		rest = rest[n:]
	}
	for i := range parts {
		parts[i].Of = len(parts)
	}
	sum := sha256.Sum256(cloudEvent)
	parts[len(parts)-1].SHA256 = hex.EncodeToString(sum[:])
	return parts
}

// escaped is how many bytes a character, of size bytes, takes in a JSON string
// at most.
func escaped(r rune, size int) int {
	switch {
	case r == '"', r == '\\':
		return 2
	case r < ' ', r == 0x7f, r == '<', r == '>', r == '&', r == utf8.RuneError, r == '\u2028', r == '\u2029':
		return 6
	}
	return size
}

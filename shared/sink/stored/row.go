package stored

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
)

// PageBytes is about how many bytes of events a table gives at a time: it ends a
// page with the event that reaches it.
const PageBytes = 8 << 20

// Row is an event as a table keeps it.
type Row struct {
	ID       string
	Type     string // the CloudEvents attribute, at most 1,024 bytes of it, or 512 in MySQL
	Subject  string // cut like Type; empty: none
	Source   string
	Mode     string
	Received time.Time

	Data []byte // JSON as the database holds it; nil: it cannot
	Raw  []byte // the exact bytes, where Data differs from them in more than a database changes; else nil

	Parking *event.Parking // nil: it was delivered

	// Text is the whole CloudEvent, where the place keeps it; nil: it is made of
	// the columns.
	Text []byte
}

// ParseRow reads a CloudEvent that a place keeps whole.
func ParseRow(text []byte) (Row, error) {
	var c struct {
		attributes
		Data json.RawMessage
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return Row{}, fmt.Errorf("%w: %w", event.ErrNotCloudEvent, err)
	}
	r := Row{
		ID: c.Id, Type: c.Type, Subject: c.Subject, Source: c.Source, Mode: c.VodMode, Received: c.Time,
		Data: c.Data, Raw: c.RawData, Text: text,
	}
	if c.ParkReason != "" {
		r.Parking = &event.Parking{Reason: c.ParkReason, Attempts: c.ParkAttempts, FirstError: c.ParkFirstError, LastError: c.ParkLastError}
	}
	return r, nil
}

// Place is where the row stands in the order of its table.
func (r Row) Place() Place { return Place{Received: r.Received, ID: r.ID} }

// EventType is the type as VOD spells it.
func (r Row) EventType() string { return strings.TrimPrefix(r.Type, typePrefix) }

// Size is about how many bytes of memory the row takes.
func (r Row) Size() int { return len(r.Data) + len(r.Raw) + len(r.Text) + 512 }

// Event is the event of the row, with the id, the time and the parking that it
// had and, where the row has them, its exact bytes. An error wraps
// [event.ErrNotCloudEvent]: somebody else wrote the row, or changed it.
func (r Row) Event() (*event.Event, error) {
	text, err := r.CloudEvent()
	if err != nil {
		return nil, err
	}
	e, err := event.ParseCloudEvent(text)
	if err != nil {
		return nil, err
	}
	// What a column cannot hold of a type is in the event itself.
	if len(r.Type) > 500 || strings.ContainsRune(r.Type, utf8.RuneError) {
		if whole, err := event.Parse(r.exact(), e.Origin); err == nil {
			e.Type = whole.Type
		}
	}
	return e, nil
}

// attributes are those of a CloudEvent, without data.
type attributes struct {
	SpecVersion     string    `json:"specversion"`
	Id              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject,omitempty"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	VodMode         string    `json:"vodmode"`
	ParkReason      string    `json:"parkreason,omitempty"`
	ParkAttempts    int       `json:"parkattempts,omitempty"`
	ParkFirstError  string    `json:"parkfirsterror,omitempty"`
	ParkLastError   string    `json:"parklasterror,omitempty"`
	RawData         []byte    `json:"rawdata,omitempty"` // base64
}

// CloudEvent is the row as a CloudEvent in JSON, data byte for byte. It may hold
// what no event of this project does: a row that somebody else wrote can still
// be shown.
func (r Row) CloudEvent() ([]byte, error) {
	if r.Text != nil {
		return r.Text, nil
	}
	c := attributes{
		SpecVersion: "1.0", Id: r.ID, Source: r.Source, Type: r.Type, Subject: r.Subject,
		Time: r.Received.UTC(), DataContentType: "application/json", VodMode: r.Mode,
	}
	if p := r.Parking; p != nil {
		c.ParkReason, c.ParkAttempts, c.ParkFirstError, c.ParkLastError = p.Reason, p.Attempts, p.FirstError, p.LastError
	}
	data := r.Data
	switch {
	case r.Raw == nil:
	case utf8.Valid(r.Raw) && json.Valid(r.Raw):
		data = r.Raw
	default:
		c.RawData = r.Raw
	}
	if data == nil {
		data = []byte("null")
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", r.ID, err)
	}
	text = append(text[:len(text)-1], `,"data":`...) // json.Marshal would take white space out of data
	return append(append(text, data...), '}'), nil
}

// exact are the event's bytes, as exact as the row has them.
func (r Row) exact() []byte {
	if r.Raw != nil {
		return r.Raw
	}
	return r.Data
}

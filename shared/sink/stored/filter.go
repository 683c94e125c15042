package stored

import (
	"errors"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Filter says which rows are asked for. The zero value asks for all of them.
type Filter struct {
	// IDs are the ids of the events. None: whatever the id.
	IDs []string

	// Type is an EventType, or the CloudEvents attribute type, and Subject a
	// FileId or TaskId. Either may hold * for any text, and ? for one character.
	// Empty: whatever it is.
	Type, Subject string

	// Since and Until bound when an event was received: at Since or later, and
	// before Until. Zero: no bound.
	Since, Until time.Time

	// Parked: only parked events, or only those that are not. nil: both.
	Parked *bool

	// Reason is why an event was parked, the attribute parkreason. Empty: whatever,
	// and also those that are not parked.
	Reason string

	// Sent: only events that VOD sent, and none that was made from its answers: those
	// have the mode reconciled.
	Sent bool

	// Sunk: only events that the table took as SINK. The table must have the
	// column sunk_at.
	Sunk bool

	// After is the last row that is not asked for any more. Rows are in the order
	// of their places. Zero: from the first one on.
	After Place
}

// typePrefix begins the CloudEvents attribute type.
const typePrefix = "com.tencent.cloud.vod."

// Types are the values of the column type that the filter asks for, as patterns
// of [Like]. None: it does not matter.
func (f Filter) Types() []string {
	if f.Type == "" {
		return nil
	}
	return []string{typePrefix + f.Type, f.Type}
}

// Wants tells whether the filter asks for a row, whatever its place: for what has
// no index to ask.
func (f Filter) Wants(r Row) bool {
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, r.ID)) &&
		(f.Type == "" || slices.ContainsFunc(f.Types(), func(pattern string) bool { return matches(pattern, r.Type) })) &&
		(f.Subject == "" || matches(f.Subject, r.Subject)) &&
		(f.Since.IsZero() || !r.Received.Before(f.Since)) &&
		(f.Until.IsZero() || r.Received.Before(f.Until)) &&
		(f.Parked == nil || *f.Parked == (r.Parking != nil)) &&
		(!f.Sent || r.Mode != string(event.Reconciled)) &&
		(f.Reason == "" || r.Parking != nil && r.Parking.Reason == f.Reason)
}

// matches tells whether a text is what a pattern with * and ? says. A ? is one character,
// whatever bytes it has. The time is at most the product of both lengths.
func matches(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, end := -1, 0 // the last * so far, and where what it stands for ends
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, end = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			end++
			i, j = star+1, end
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// IsPattern tells whether a Type or Subject holds a * or ?.
func IsPattern(s string) bool { return strings.ContainsAny(s, "*?") }

// Like is a pattern with * and ? in SQL: for LIKE with ESCAPE '!'.
func Like(pattern string) string { return likes.Replace(pattern) }

var likes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%", "?", "_")

// Summary is what a table holds of the rows that a [Filter] asks for.
type Summary struct {
	Events int // with the parked ones
	Parked int

	// First and Last are when the oldest and the newest one was received; zero
	// where there is none.
	First, Last time.Time
}

// Place is where a row stands in the order of the table: by the time of receipt,
// and by id among those of one time. The zero value is before the first row.
type Place struct {
	Received time.Time
	ID       string
}

// IsZero tells whether the place is before the first row.
func (p Place) IsZero() bool { return p == Place{} }

// String is the place in one word, which [ParsePlace] reads. A database keeps
// microseconds.
func (p Place) String() string {
	return p.Received.UTC().Format("2006-01-02T15:04:05.000000Z") + "," + p.ID
}

// Holds tells whether every database can hold a time: MySQL knows the years 1000 to
// 9999, and years of more digits are no RFC 3339.
func Holds(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1000 && year <= 9999
}

// ParsePlace reads what [Place.String] wrote.
func ParsePlace(s string) (Place, error) {
	at, id, ok := strings.Cut(s, ",")
	received, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || !ok || id == "" || !Holds(received) {
		return Place{}, errors.New("it must be TIME,ID, such as 2026-11-24T08:00:00.000000Z,0123456789abcdef0123456789abcdef")
	}
	return Place{Received: received.UTC(), ID: id}, nil
}

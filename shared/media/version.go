package media

import (
	"cmp"
	"time"
)

// Ranks of a value: a larger one wins, whatever the times are.
const (
	// rankCopy is for copies made when a task began: FileName, FileUrl and
	// MetaData of a procedure. They may be out of date.
	rankCopy = 1

	rankOwn = 2
)

// Version decides which of two values a register keeps: the one with the larger
// version.
type Version struct {
	Rank  int       `json:"rank"`
	At    time.Time `json:"at"`    // UTC, in ms
	Event string    `json:"event"` // the ID of the event that told the value
	Index int       `json:"index,omitempty"`
}

// Compare returns -1, 0 or 1 for an older, the same and a newer version.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Rank, w.Rank), v.At.Compare(w.At), v.told(w))
}

// told compares two versions of the same time.
func (v Version) told(w Version) int {
	return cmp.Or(cmp.Compare(v.Event, w.Event), cmp.Compare(v.Index, w.Index))
}

// IsZero tells whether no event has set the value yet.
func (v Version) IsZero() bool { return v == Version{} }

// Register is a value with its version.
type Register[T any] struct {
	Value T `json:"value"`
	Version
}

// later is the register with the larger version.
func later[T any](a, b Register[T]) Register[T] {
	if a.Compare(b.Version) < 0 {
		return b
	}
	return a
}

// put sets a register of a media from one event. Missing values, "" and 0 never
// overwrite.
func put[T comparable](r *Register[T], value T, v Version) {
	if value != *new(T) {
		*r = later(*r, Register[T]{value, v})
	}
}

// moment reads a time of VOD's, ISO 8601. It is zero for "" and for
// 0000-00-00T00:00:00Z, which VOD writes for "not yet".
func moment(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
		return time.Time{}
	}
	return inMillis(t)
}

// inMillis is a time as every table and every CloudEvent can hold it.
func inMillis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

package api3

import "time"

// Window is a limit of calls in any sliding second. It is not safe for
// concurrent use.
type Window struct {
	times []time.Time // of the last performed calls: a ring
	next  int
}

// NewWindow allows rate calls a second.
func NewWindow(rate int) *Window { return &Window{times: make([]time.Time, rate)} }

// Take tells whether the second that ends at t has room for one more call, and
// counts the call if so. A refused call does not count.
func (w *Window) Take(t time.Time) bool {
	oldest := &w.times[w.next]
	if !oldest.IsZero() && t.Sub(*oldest) < time.Second {
		return false
	}
	*oldest = t
	w.next = (w.next + 1) % len(w.times)
	return true
}

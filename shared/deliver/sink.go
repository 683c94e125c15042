package deliver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
)

// Sink is a place where events go. It is opened once and used for many
// batches, by several goroutines at a time; it connects on first use and
// survives a restart of its server.
type Sink interface {
	// Send delivers a batch and returns one error, or nil, for each event, in
	// the batch's order. nil means durable: the event will not be sent again.
	// An error is one of
	//
	//	Permanent    this event will never be taken
	//	Unavailable  the sink is down or not set up
	//	Answered     the same, as an HTTP answer to this very event
	//	Untried      it was not its turn
	//	any other    this event failed: try it again
	//
	// Send tries once, for as long as ctx lasts and no longer, and leaves
	// nothing running. It sets no time limit of its own: ctx is one try.
	Send(ctx context.Context, events []*event.Event) []error

	// CloseIdle drops connections that have been idle for 20 s or more. It is
	// called when an invocation starts: after a freeze of the instance they are
	// dead without saying so.
	CloseIdle()

	// Close ends the sink for good.
	Close() error
}

// ErrUnavailable is in every error that [Unavailable], [Answered] or [Untried]
// made.
var ErrUnavailable = errors.New("sink unavailable")

// Permanent marks err as one that no further try will cure: the event is
// parked. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent tells whether err, or an error it wraps, came from [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

type permanentError struct{ err error }

func (p *permanentError) Error() string { return p.err.Error() }
func (p *permanentError) Unwrap() error { return p.err }

// Unavailable marks err as the sink's fault and not the event's: a refused
// connection, a timeout, a full disk. The sink asks to be left alone for after;
// 0 leaves that to the caller.
//
// The rest of the batch decides whose fault it really is: if other events of the
// batch got through, it counts as the event's own failure.
func Unavailable(err error, after time.Duration) error {
	return &unavailableError{err: err, after: after}
}

// Answered is like [Unavailable], for an HTTP status with which the receiver
// answered this very event. An event that failed before, while others got
// through, is suspect, and such an answer to it counts against it.
func Answered(status int, err error, after time.Duration) error {
	return &unavailableError{err: err, after: after, status: status}
}

// RetryAfter is how long an HTTP answer asks to be left alone, in seconds or until a
// date (RFC 9110, 10.2.3). 0: it does not ask, or nobody can read it, or it is past. More
// seconds than 31 bits hold are as many as they hold.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, _ := strconv.ParseUint(value, 10, 31) // of digits; what is too large is the largest
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// Untried marks an event that was not sent because an earlier one of its batch
// failed, or because the time was over; err says which. It is never the event's
// fault.
func Untried(err error) error {
	u := &unavailableError{err: err, untried: true}
	var before *unavailableError
	if errors.As(err, &before) {
		u.after = before.after
	}
	if err == error(before) {
		u.err = before.err
	}
	return u
}

type unavailableError struct {
	err     error
	after   time.Duration
	status  int // HTTP; 0: no answer
	untried bool
}

func (u *unavailableError) Error() string   { return fmt.Sprintf("%v: %v", ErrUnavailable, u.err) }
func (u *unavailableError) Unwrap() []error { return []error{u.err, ErrUnavailable} }

// tellsOfEvent reports whether the answer may be about this event rather than
// about the whole receiver. A receiver, or a gateway before it, answers every
// event with these when it is down, not set up or too busy.
func (u *unavailableError) tellsOfEvent() bool {
	switch u.status {
	case 0, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

// FailAll returns err for each of n events: the batch as a whole failed.
func FailAll(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/event"
)

// Sink is a place where events go. It is opened once and used for many
// batches, by several goroutines at a time; it connects on first use and
// survives a restart of its server.
type Sink interface {
	// Send delivers a batch and returns one error, or nil, for each event, in
	// the batch's order. nil means durable: the event will not be sent again.
	// An error is [Permanent] (this event will never be taken), [Unavailable]
	// (the sink is down, no event's fault) or anything else (this event failed,
	// try again). Send tries once, ends with ctx and leaves nothing running.
	Send(ctx context.Context, events []*event.Event) []error

	// CloseIdle drops connections that have been idle for 20 s or more. It is
	// called when an invocation starts: after a freeze of the instance they are
	// dead without saying so.
	CloseIdle()

	// Close ends the sink for good.
	Close() error
}

// Permanent marks err as one that no further try will mend: the event is
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

// Unavailable marks err as the sink's, not the event's: a refused connection,
// a timeout, 408, 425, 429, 5xx. The sink asks for after of patience before
// the next try; 0 leaves it to the caller.
func Unavailable(err error, after time.Duration) error {
	return &unavailableError{err, after}
}

type unavailableError struct {
	err   error
	after time.Duration
}

func (u *unavailableError) Error() string   { return fmt.Sprintf("sink unavailable: %v", u.err) }
func (u *unavailableError) Unwrap() []error { return []error{u.err, event.ErrUnavailable} }

// after is the patience a sink asked for.
func after(err error) time.Duration {
	var u *unavailableError
	if errors.As(err, &u) {
		return u.after
	}
	return 0
}

// FailAll returns err for each of n events: the batch as a whole failed.
func FailAll(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

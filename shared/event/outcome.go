package event

import "errors"

// What became of an event, said by whoever delivers it to whoever must
// confirm or answer it. nil is delivered; any other error is: not delivered,
// try again.
var (
	// ErrDuplicate: delivered before. Confirm it.
	ErrDuplicate = errors.New("event: delivered before")

	// ErrParked: it can never be delivered and was put aside. Confirm it.
	ErrParked = errors.New("event: parked")

	// ErrClaimed: somebody else is delivering it right now. Leave it.
	ErrClaimed = errors.New("event: claimed by another delivery")

	// ErrUnavailable: the place where events go is down. It is not the event's
	// fault and no attempt; stop taking more.
	ErrUnavailable = errors.New("event: sink unavailable")
)

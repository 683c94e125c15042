package deliver

import "time"

// Fate is what became of an event. It is also the attribute fate of the one log
// line that each event has.
type Fate string

const (
	// Delivered: every sink has it. Confirm it, answer 200.
	Delivered Fate = "delivered"

	// Duplicate: every sink had it before. Confirm it, answer 200.
	Duplicate Fate = "duplicate"

	// Unwanted: the user's code has seen it, and no sink wants its EventType.
	// Confirm it, answer 200.
	Unwanted Fate = "unwanted"

	// Parked: it was put aside in DEAD_LETTER or in the log, now or before.
	// Confirm it.
	Parked Fate = "parked"

	// Claimed: another delivery of it is under way. Leave it.
	Claimed Fate = "claimed"

	// Left: nobody has it. Leave it for redelivery.
	Left Fate = "left"
)

// Fates are all that there are, the good ones first.
var Fates = []Fate{Delivered, Duplicate, Unwanted, Parked, Claimed, Left}

// Settled tells whether there is nothing left to do for an event, and nothing to
// look at either.
func (f Fate) Settled() bool { return f == Delivered || f == Duplicate || f == Unwanted }

// Result is the fate of one event and why.
type Result struct {
	Fate Fate

	// Cause is why the event was not delivered; nil for Delivered,
	// Duplicate and Unwanted.
	Cause error

	// Reason is why it was parked, if this delivery parked it.
	Reason Reason

	// Down tells that the event met a sink that is down: nothing of its batch
	// got through there, and the batch was not made of suspects alone. It is no
	// attempt of the event. Three batches in a row that hold such events should
	// end the pulling.
	Down bool

	// After is how long a sink asked to be left alone; 0: it did not ask.
	After time.Duration
}

// Reason is why an event was parked. It is the CloudEvents extension attribute
// parkreason.
type Reason string

const (
	// ReasonPermanent: the handler or a sink said that no try will ever succeed.
	ReasonPermanent Reason = "permanent"

	// ReasonAttempts: it failed MAX_ATTEMPTS times by its own fault.
	ReasonAttempts Reason = "attempts"

	// ReasonUnparsed: it is no event.
	ReasonUnparsed Reason = "unparsed"

	// ReasonDeadline: a callback's time was over.
	ReasonDeadline Reason = "deadline"

	// ReasonClaimed: another delivery of it was under way until the callback's
	// time was over, and that one may have died.
	ReasonClaimed Reason = "claimed"

	// ReasonRefuted: VOD, when asked, said that a callback is false.
	ReasonRefuted Reason = "refuted"

	// ReasonUnverified: VOD could not be asked until a callback's time was over.
	ReasonUnverified Reason = "unverified"

	// ReasonConfiguration: a variable has a bad value, so that the callback could
	// not be delivered.
	ReasonConfiguration Reason = "configuration"
)

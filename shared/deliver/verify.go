package deliver

import (
	"context"

	"vodevents/shared/event"
)

// Verdict is what VOD says of an event when it is asked.
type Verdict string

const (
	// Confirmed: VOD says the same.
	Confirmed Verdict = "confirmed"

	// Refuted: VOD says something else.
	Refuted Verdict = "refuted"

	// NotAsked: there is nothing to ask, because the kind is unknown or names
	// neither task nor file, or the task is too old for VOD to remember.
	NotAsked Verdict = "not asked"

	// NoAnswer: VOD could not be asked in time.
	NoAnswer Verdict = "no answer"
)

// verify asks VOD about each item. An item that VOD refutes, or could not be asked
// about in time, goes neither to the user's code nor to a sink.
func (d *delivery) verify(ctx context.Context) {
	if d.Verify == nil {
		return
	}
	for _, it := range d.underWay() {
		if it.event.Type == event.TypeUnparsed {
			continue // it is parked anyway
		}
		verdict, err := d.Verify(ctx, it.event)
		switch verdict {
		case Confirmed, NotAsked:
			it.event.Verified = new(verdict == Confirmed)
		case Refuted:
			it.Cause, it.Reason = err, ReasonRefuted
		default:
			it.Cause, it.Reason = err, ReasonUnverified
		}
	}
}

// doubted tells whether the item was parked because VOD did not confirm it.
func (it *item) doubted() bool {
	return it.Reason == ReasonRefuted || it.Reason == ReasonUnverified
}

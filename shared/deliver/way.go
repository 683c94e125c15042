package deliver

import (
	"slices"
	"time"
)

// Way is how events come. Each way has its own guarantees, a row of the table
// below.
type Way int

const (
	// Pulled: out of VOD's queue. If an event is not confirmed, it comes again
	// after 30 s, for 4 days (266/33433).
	Pulled Way = iota

	// Pushed: a callback. VOD ignores the answer and sends again only when none
	// came within 5 s, at most twice (266/33948).
	Pushed

	// Replayed: from a file or a table, by a person who sees the errors.
	Replayed
)

// guarantees are what a way does with an event that cannot be delivered at
// once.
type guarantees struct {
	way string

	// bringsAgain says who brings an event that is left; empty: nobody, so that
	// it must be parked when the time is over.
	bringsAgain string

	// retryFailed: an event that failed by its own fault is tried again within
	// this delivery, and not only in a later one.
	retryFailed bool

	// retryDown is how long a sink that is down is tried again within this
	// delivery. Longer would only hold events that VOD's queue holds better.
	retryDown time.Duration

	// retryBeside is the same for events that failed while others of the batch
	// got through. The others wait meanwhile.
	retryBeside time.Duration

	// waitForClaim: wait for an event while another delivery of it is under way.
	waitForClaim bool

	// takeParked: an event that was parked before is delivered.
	takeParked bool

	// parkWhen are the reasons for which an event is parked.
	parkWhen []Reason

	// tries are the limits of the first, the second, … and every further try of
	// a sink.
	tries []time.Duration

	// store is the most that the store may take to answer. A store that hangs
	// must not block the delivery.
	store time.Duration
}

// toTheEnd is as long as the delivery's time lasts.
const toTheEnd = time.Duration(1<<63 - 1)

var ways = [...]guarantees{
	Pushed: {
		way:          "pushed",
		bringsAgain:  "",
		retryFailed:  true,
		retryDown:    toTheEnd,
		retryBeside:  toTheEnd,
		waitForClaim: true,
		takeParked:   true,
		parkWhen:     []Reason{ReasonPermanent, ReasonUnparsed, ReasonDeadline, ReasonClaimed, ReasonRefuted, ReasonUnverified},
		// The store and two tries fit into the 5 s that VOD waits. A receiver
		// that is just slow gets more time from the third try on.
		tries: []time.Duration{1400 * time.Millisecond, 1400 * time.Millisecond, 12 * time.Second},
		store: 2 * time.Second,
	},
	Pulled: {
		way:          "pulled",
		bringsAgain:  "VOD's queue",
		retryFailed:  false,
		retryDown:    5 * time.Second,
		retryBeside:  time.Second,
		waitForClaim: false,
		takeParked:   false,
		parkWhen:     []Reason{ReasonPermanent, ReasonUnparsed, ReasonAttempts},
		tries:        []time.Duration{12 * time.Second}, // two fit into the lease of 30 s
		store:        2 * time.Second,
	},
	Replayed: {
		way:          "replayed",
		bringsAgain:  "whoever replays",
		retryFailed:  false,
		retryDown:    5 * time.Second,
		retryBeside:  time.Second,
		waitForClaim: false,
		takeParked:   true,
		parkWhen:     nil,
		tries:        []time.Duration{12 * time.Second},
		store:        2 * time.Second,
	},
}

// parks tells whether this way parks events for a reason.
func (g *guarantees) parks(why Reason) bool { return slices.Contains(g.parkWhen, why) }

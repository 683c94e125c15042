package deliver

import (
	"context"
	"time"
)

// State is how far an event, known by its id, has come.
type State string

const (
	// Free: never seen, or released after a failure, or claimed by somebody
	// whose claim ran out. A claim of a parked event runs out to Parked.
	Free State = ""

	// Claimed: somebody is delivering it until Record.Until.
	Claimed State = "claimed"

	// Done: every sink has it.
	Done State = "done"

	// Parked: it was put aside in DEAD_LETTER or in the log.
	Parked State = "parked"
)

// Keep is how long a store remembers an event after its last change: VOD keeps
// an event that nobody pulls for 4 days (266/33433), and a day is for doubt.
const Keep = 5 * 24 * time.Hour

// Record is what a [Store] knows of one event.
type Record struct {
	// State is the state found, before the claim: Free, Claimed (by somebody
	// else), Done or Parked.
	State State

	// Mine tells that the event is now claimed by the caller.
	Mine bool

	// Until is when somebody else's claim ends; only with State Claimed.
	Until time.Time

	// Attempts that failed because of the event, so far, and the errors of the
	// first and the last.
	Attempts              int
	FirstError, LastError string
}

// Outcome is how a claim ended: with Done, Parked, or Free, which releases it.
type Outcome struct {
	ID                    string
	State                 State
	Attempts              int
	FirstError, LastError string
}

// Store remembers the state of events, so that one in progress elsewhere is
// left alone and one that is done is not delivered twice. Several functions
// and goroutines share a store; a crash of any of them lets its claims run out.
type Store interface {
	// Claim claims, in one round trip, each of ids that is free, or parked when
	// takeParked is set, for the claimant until the given time, and returns a
	// record for each id in order. The ids are distinct. An error means that
	// nothing is known; the caller goes on without the store.
	Claim(ctx context.Context, claimant string, ids []string, until time.Time, takeParked bool) ([]Record, error)

	// Settle ends claims. Done holds whatever happened since, for it is a fact;
	// Free and Parked hold only while the claim is still the claimant's, even
	// if its time has run out and nobody has taken it over.
	Settle(ctx context.Context, claimant string, outcomes []Outcome) error

	// CloseIdle drops connections that have been idle for 20 s or more; see
	// [Sink].
	CloseIdle()

	// Close ends the store for good.
	Close() error
}

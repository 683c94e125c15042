package deliver

import (
	"context"
	"time"
)

// State is how far an event, known by its id, has come.
type State string

const (
	// StateFree: never seen, or released after a failure, or claimed by somebody
	// whose claim ran out. A claim of a parked event runs out to StateParked.
	StateFree State = ""

	// StateClaimed: somebody is delivering it.
	StateClaimed State = "claimed"

	// StateDone: every sink has it.
	StateDone State = "done"

	// StateParked: it was put aside in DEAD_LETTER or in the log.
	StateParked State = "parked"
)

// Keep is how long a store remembers an event after its last change. VOD keeps an
// event that nobody pulls for 4 days (266/33433); a fifth day is for safety.
const Keep = 5 * 24 * time.Hour

// Record is what a [Store] knows of one event.
type Record struct {
	// State is the state found, before the claim: free, claimed (by somebody
	// else), done or parked.
	State State

	// Mine tells that the event is now claimed by the caller.
	Mine bool

	// Attempts that failed because of the event, so far, and the errors of the
	// first and the last.
	Attempts              int
	FirstError, LastError string
}

// Outcome is how a delivery ended: with done, parked, or free, which releases
// the claim.
type Outcome struct {
	ID                    string
	State                 State
	Attempts              int
	FirstError, LastError string
}

// Store remembers the state of events, so that an event in progress elsewhere is
// left alone and one that is done is not delivered again. Several functions and
// goroutines share a store. If one of them crashes, its claims run out.
//
// Time is the store's own: no clock of a claimant matters.
type Store interface {
	// Claim claims, in one round trip, each of ids that is free, or parked when
	// takeParked is set, for the claimant and for the time lasts, and returns a
	// record for each id in order. The ids are distinct. An error means that
	// nothing is known; the caller goes on without the store.
	Claim(ctx context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]Record, error)

	// Renew makes the claims that are still the claimant's, even if their time
	// has run out and nobody has taken them over, last so long from now. Other
	// ids are left as they are, which is no error.
	Renew(ctx context.Context, claimant string, ids []string, lasts time.Duration) error

	// Settle ends claims. Done holds whatever happened since, for it is a fact;
	// free and parked hold only while the claim is still the claimant's, as for
	// Renew, or where the store does not know the event. So a delivery whose
	// claim failed can be settled too.
	Settle(ctx context.Context, claimant string, outcomes []Outcome) error

	// CloseIdle drops connections that have been idle for 20 s or more; see
	// [Sink].
	CloseIdle()

	// Close ends the store for good.
	Close() error
}

package delivertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver"
)

// TestStore runs the suite that every dedup store must pass.
//
// open opens two handles on one empty store, as two instances of a function
// would; a store that lives in one process returns the same handle twice. Both
// take their time from the store's own clock. pass makes as much time pass for
// it, by moving its clock or by making all that it holds so much older.
func TestStore(t *testing.T, open func(t testing.TB) (a, b deliver.Store, pass func(time.Duration))) {
	for _, c := range []struct {
		name string
		run  func(s *storeTest)
	}{
		{"Done", storeDone},
		{"ClaimedElsewhere", storeClaimedElsewhere},
		{"ClaimRunsOut", storeClaimRunsOut},
		{"Renew", storeRenew},
		{"RenewOfALostClaim", storeRenewOfALostClaim},
		{"RenewConcurrently", storeRenewConcurrently},
		{"DoneOfALostClaim", storeDoneOfALostClaim},
		{"FreeOfALostClaim", storeFreeOfALostClaim},
		{"LateButNotLost", storeLateButNotLost},
		{"Parked", storeParked},
		{"Attempts", storeAttempts},
		{"NeverClaimed", storeNeverClaimed},
		{"Order", storeOrder},
		{"Concurrent", storeConcurrent},
		{"Crash", storeCrash},
		{"Keep", storeKeep},
		{"OddText", storeOddText},
		{"Nothing", storeNothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &storeTest{T: t}
			s.a, s.b, s.pass = open(t)
			c.run(s)
		})
	}
}

// lease is how long the suite's claims last. The store's clock may also run by
// itself while the suite does: a minute of it must not matter.
const (
	lease  = 2 * time.Hour
	minute = time.Minute
)

type storeTest struct {
	*testing.T
	a, b deliver.Store
	pass func(time.Duration)
}

// newID makes an id of the kind that event.Parse makes.
func newID() string { return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) }

func (s *storeTest) claimAll(store deliver.Store, claimant string, takeParked bool, ids ...string) []deliver.Record {
	s.Helper()
	records, err := store.Claim(s.Context(), claimant, ids, lease, takeParked)
	if err != nil {
		s.Fatalf("Claim: %v", err)
	}
	if len(records) != len(ids) {
		s.Fatalf("Claim: got %d records for %d ids", len(records), len(ids))
	}
	return records
}

// claim claims one id and wants the record.
func (s *storeTest) claim(store deliver.Store, claimant, id string, want deliver.Record) {
	s.Helper()
	s.claimed(s.claimAll(store, claimant, false, id)[0], want)
}

func (s *storeTest) claimParked(store deliver.Store, claimant, id string, want deliver.Record) {
	s.Helper()
	s.claimed(s.claimAll(store, claimant, true, id)[0], want)
}

func (s *storeTest) claimed(got, want deliver.Record) {
	s.Helper()
	if got != want {
		s.Errorf("got record %+v, want %+v", got, want)
	}
}

func (s *storeTest) settle(store deliver.Store, claimant string, outcomes ...deliver.Outcome) {
	s.Helper()
	if err := store.Settle(s.Context(), claimant, outcomes); err != nil {
		s.Fatalf("Settle: %v", err)
	}
}

var (
	mine   = deliver.Record{Mine: true}
	done   = deliver.Record{State: deliver.StateDone}
	parked = deliver.Record{State: deliver.StateParked}
)

// others is claimed by somebody else.
var others = deliver.Record{State: deliver.StateClaimed}

func storeDone(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.StateDone})
	for range 2 {
		s.claim(s.a, "A", id, done)
		s.claim(s.b, "B", id, done)
		s.claimParked(s.b, "B", id, done)
	}
	s.pass(24 * time.Hour)
	s.claim(s.b, "B", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateFree}, deliver.Outcome{ID: newID(), State: deliver.StateDone})
	s.claim(s.b, "B", id, done)
}

func storeParked(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.StateParked})
	for range 2 {
		s.claim(s.a, "A", id, parked)
		s.claim(s.b, "B", id, parked)
	}
	taken := deliver.Record{State: deliver.StateParked, Mine: true}

	// A replay that ends without an answer: parked as before.
	s.claimParked(s.b, "replay 1", id, taken)
	s.claim(s.a, "A", id, others)
	s.claimParked(s.a, "A", id, others)
	s.pass(lease)
	s.claim(s.a, "A", id, parked)

	// One that fails, and one that succeeds.
	s.claimParked(s.b, "replay 2", id, taken)
	s.settle(s.b, "replay 2", deliver.Outcome{ID: id, State: deliver.StateParked})
	s.claim(s.a, "A", id, parked)
	s.claimParked(s.b, "replay 3", id, taken)
	s.settle(s.b, "replay 3", deliver.Outcome{ID: id, State: deliver.StateDone})
	s.claimParked(s.a, "A", id, done)
}

func storeAttempts(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, Attempts: 1, FirstError: "one", LastError: "one"})
	s.claim(s.b, "B", id, deliver.Record{Mine: true, Attempts: 1, FirstError: "one", LastError: "one"})
	s.pass(lease) // B is gone: no attempt of the event
	s.claim(s.a, "A", id, deliver.Record{Mine: true, Attempts: 1, FirstError: "one", LastError: "one"})
	s.settle(s.a, "A", deliver.Outcome{ID: id, Attempts: 2, FirstError: "one", LastError: "two"})
	s.claim(s.b, "B", id, deliver.Record{Mine: true, Attempts: 2, FirstError: "one", LastError: "two"})
	other := s.claimAll(s.a, "C", false, id)[0]
	if other.Mine || other.State != deliver.StateClaimed {
		s.Errorf("a claimed event is %+v", other)
	}
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateParked, Attempts: 3, FirstError: "one", LastError: "three"})
	s.claimParked(s.a, "C", id, deliver.Record{State: deliver.StateParked, Mine: true, Attempts: 3, FirstError: "one", LastError: "three"})
}

// The store was down for the claim and is back for the outcome.
func storeNeverClaimed(s *storeTest) {
	free, put, took := newID(), newID(), newID()
	s.settle(s.a, "A",
		deliver.Outcome{ID: free, State: deliver.StateFree, Attempts: 1, FirstError: "one", LastError: "one"},
		deliver.Outcome{ID: put, State: deliver.StateParked},
		deliver.Outcome{ID: took, State: deliver.StateDone})
	s.claim(s.b, "B", free, deliver.Record{Mine: true, Attempts: 1, FirstError: "one", LastError: "one"})
	s.claim(s.b, "B", put, parked)
	s.claim(s.b, "B", took, done)
}

func storeOrder(s *storeTest) {
	ids := make([]string, 40)
	want := make([]deliver.Record, len(ids))
	for i := range ids {
		ids[i] = newID()
		want[i] = mine
		switch i % 4 {
		case 1:
			s.claimAll(s.a, "A", false, ids[i])
			s.settle(s.a, "A", deliver.Outcome{ID: ids[i], State: deliver.StateDone})
			want[i] = done
		case 2:
			s.claimAll(s.a, "A", false, ids[i])
			want[i] = others
		case 3:
			s.claimAll(s.a, "A", false, ids[i])
			s.settle(s.a, "A", deliver.Outcome{ID: ids[i], Attempts: i, FirstError: "first", LastError: "last"})
			want[i] = deliver.Record{Mine: true, Attempts: i, FirstError: "first", LastError: "last"}
		}
	}
	for i, got := range s.claimAll(s.b, "B", false, ids...) {
		s.claimed(got, want[i])
	}
}

func storeKeep(s *storeTest) {
	took, put, tried := newID(), newID(), newID()
	s.claimAll(s.a, "A", false, took, put, tried)
	s.settle(s.a, "A",
		deliver.Outcome{ID: took, State: deliver.StateDone},
		deliver.Outcome{ID: put, State: deliver.StateParked},
		deliver.Outcome{ID: tried, Attempts: 4, FirstError: "first", LastError: "last"})
	s.pass(deliver.Keep - 10*minute)
	s.settle(s.b, "B", deliver.Outcome{ID: newID(), State: deliver.StateDone}) // may tidy up
	s.claim(s.b, "B", took, done)
	s.claim(s.b, "B", put, parked)
	s.claim(s.b, "B", tried, deliver.Record{Mine: true, Attempts: 4, FirstError: "first", LastError: "last"})
	s.settle(s.b, "B", deliver.Outcome{ID: tried, Attempts: 5, FirstError: "first", LastError: "last"})

	// Not longer than it must: the next one to settle tidies up. What changed
	// since is kept.
	s.pass(time.Hour)
	s.settle(s.b, "B", deliver.Outcome{ID: newID(), State: deliver.StateDone})
	s.claim(s.a, "C", took, mine)
	s.claim(s.a, "C", put, mine)
	s.claim(s.a, "C", tried, deliver.Record{Mine: true, Attempts: 5, FirstError: "first", LastError: "last"})
}

// Errors come from anywhere: whatever they hold, the outcome holds.
func storeOddText(s *storeTest) {
	for _, text := range []string{
		"line\nline\ttab \"quote\" \\ {a,b} NULL", "飲茶 😀", `\x00`, "", strings.Repeat("long ", 10_000),
	} {
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.settle(s.a, "A", deliver.Outcome{ID: id, Attempts: 1, FirstError: text, LastError: text})
		s.claim(s.b, "B", id, deliver.Record{Mine: true, Attempts: 1, FirstError: text, LastError: text})
	}
	for _, text := range []string{"a\x00b", "a\xffb", "a\xed\xa0\x80b"} { // not every store can hold these
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.StateDone, Attempts: 1, FirstError: text, LastError: text})
		if r := s.claimAll(s.b, "B", false, id)[0]; r.State != deliver.StateDone || !strings.HasPrefix(r.LastError, "a") || !strings.HasSuffix(r.LastError, "b") {
			s.Errorf("error %q: got %+v", text, r)
		}
	}
}

func storeNothing(s *storeTest) {
	if got := s.claimAll(s.a, "A", false); len(got) != 0 {
		s.Errorf("no ids: got %v", got)
	}
	s.settle(s.a, "A")
	s.a.CloseIdle()
}

package delivertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
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

func storeClaimedElsewhere(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	for range 2 {
		s.pass(time.Second)
		s.claim(s.b, "B", id, others)
		s.claimParked(s.b, "B", id, others)
		s.claim(s.a, "A", id, others) // a claimant has no right to its own claim twice
	}
	s.pass(lease - 10*minute)
	s.claim(s.b, "B", id, others)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.StateFree})
	s.claim(s.b, "B", id, mine)
}

func storeClaimRunsOut(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.pass(lease)
	s.claim(s.b, "B", id, mine)
	s.claim(s.a, "A", id, others)
	s.pass(lease - 10*minute)
	s.claim(s.a, "A", id, others) // asking did not make it shorter
	s.pass(10 * minute)
	s.claim(s.b, "B", id, mine) // nor longer; its own that ran out
}

func (s *storeTest) renew(store deliver.Store, claimant string, ids ...string) {
	s.Helper()
	if err := store.Renew(s.Context(), claimant, ids, lease); err != nil {
		s.Fatalf("Renew: %v", err)
	}
}

// A claim that is renewed lasts from then on, as often as it is renewed, and
// whoever settles it is still its claimant.
func storeRenew(s *storeTest) {
	ids := []string{newID(), newID(), newID()}
	s.claimAll(s.a, "A", false, ids...)
	for range 3 {
		s.pass(lease - 10*minute)
		s.renew(s.a, "A", ids[:2]...)
	}
	for _, id := range ids[:2] {
		s.claim(s.b, "B", id, others)
		s.claimParked(s.b, "B", id, others)
	}
	s.claim(s.b, "B", ids[2], mine) // was not renewed
	s.settle(s.a, "A",
		deliver.Outcome{ID: ids[0], State: deliver.StateFree, Attempts: 1, FirstError: "x", LastError: "x"},
		deliver.Outcome{ID: ids[1], State: deliver.StateDone})
	s.claim(s.b, "B", ids[0], deliver.Record{Mine: true, Attempts: 1, FirstError: "x", LastError: "x"})
	s.claim(s.b, "B", ids[1], done)

	// The last renewal counts, not the longest.
	id := newID()
	s.claim(s.a, "A", id, mine)
	if err := s.a.Renew(s.Context(), "A", []string{id}, minute); err != nil {
		s.Fatal(err)
	}
	s.pass(10 * minute)
	s.claim(s.b, "B", id, mine)
	s.renew(s.a, "A")
}

// Renew changes nothing of what is not the claimant's, and does not make a
// claim out of nothing. One that ran out and that nobody took over goes on.
func storeRenewOfALostClaim(s *storeTest) {
	late, taken, settled, parkedBefore, unknown := newID(), newID(), newID(), newID(), newID()
	s.claimAll(s.a, "A", false, late, taken, settled, parkedBefore)
	s.settle(s.a, "A",
		deliver.Outcome{ID: settled, State: deliver.StateFree},
		deliver.Outcome{ID: parkedBefore, State: deliver.StateParked})
	s.pass(lease)
	s.claim(s.b, "B", taken, mine)
	s.pass(lease / 2)
	s.renew(s.a, "A", unknown, parkedBefore, settled, taken, late)
	s.claim(s.b, "C", late, others)
	s.claim(s.b, "C", settled, mine)
	s.claim(s.b, "C", unknown, mine)
	s.claim(s.b, "C", parkedBefore, parked)
	s.claim(s.b, "C", taken, others)
	s.pass(lease / 2)
	s.claim(s.b, "C", taken, mine) // B's own time is over
}

// Renewals and claims of the same events in other orders do not lock each other
// out.
func storeRenewConcurrently(s *storeTest) {
	ids := make([]string, 32)
	for i := range ids {
		ids[i] = newID()
	}
	s.claimAll(s.a, "A", false, ids...)
	var all sync.WaitGroup
	for c := range 8 {
		order := make([]string, len(ids))
		for i, at := range rand.Perm(len(ids)) {
			order[i] = ids[at]
		}
		all.Go(func() {
			for range 20 {
				var err error
				if c%2 == 0 {
					err = s.a.Renew(s.Context(), "A", order, lease)
				} else {
					_, err = s.b.Claim(s.Context(), "B", order, lease, false)
				}
				if err != nil {
					s.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, r := range s.claimAll(s.b, "B", false, ids...) {
		s.claimed(r, others)
	}
}

func storeDoneOfALostClaim(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.pass(lease)
	s.claim(s.b, "B", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.StateDone})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateFree, Attempts: 1})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateParked, Attempts: 1})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateDone})
	s.claim(s.a, "C", id, done)
}

func storeFreeOfALostClaim(s *storeTest) {
	for _, late := range []deliver.State{deliver.StateFree, deliver.StateParked} {
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.pass(lease)
		s.claim(s.b, "B", id, mine)
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: late, Attempts: 9, FirstError: "x", LastError: "x"})
		s.claim(s.a, "C", id, others)
		s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.StateFree})
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: late, Attempts: 9, FirstError: "x", LastError: "x"})
		s.claim(s.a, "C", id, mine)
	}
}

func storeLateButNotLost(s *storeTest) {
	want := deliver.Record{Attempts: 2, FirstError: "first", LastError: "last"}
	for _, state := range []deliver.State{deliver.StateFree, deliver.StateParked, deliver.StateDone} {
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.pass(2 * lease)
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: state, Attempts: 2, FirstError: "first", LastError: "last"})
		want.State, want.Mine = state, state == deliver.StateFree
		s.claim(s.b, "B", id, want)
	}
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

// Many claimants want the same events, each in an order of its own: each event
// goes to exactly one of them, and nobody waits for anybody for ever.
func storeConcurrent(s *storeTest) {
	const claimants, batch = 12, 16
	ids := make([]string, 10*batch)
	for i := range ids {
		ids[i] = newID()
	}
	for round := range 2 {
		var (
			all  sync.WaitGroup
			mu   sync.Mutex
			wins = map[string]int{}
		)
		for c := range claimants {
			store, claimant := s.a, fmt.Sprint("claimant ", c)
			if c%2 == 1 {
				store = s.b
			}
			order := rand.Perm(len(ids))
			all.Go(func() {
				for at := 0; at < len(order); at += batch {
					var (
						asked []string
						out   []deliver.Outcome
					)
					for _, i := range order[at : at+batch] {
						asked = append(asked, ids[i])
					}
					records, err := store.Claim(s.Context(), claimant, asked, lease, false)
					if err != nil || len(records) != len(asked) {
						s.Errorf("Claim: %d records, %v", len(records), err)
						return
					}
					mu.Lock()
					for i, r := range records {
						switch {
						case r.Mine && r.State == deliver.StateFree:
							wins[asked[i]]++
							out = append(out, deliver.Outcome{ID: asked[i], State: deliver.StateDone})
						case r.Mine || r.State != deliver.StateClaimed && r.State != deliver.StateDone:
							s.Errorf("unexpected record %+v", r)
						}
					}
					mu.Unlock()
					if round == 0 {
						out = nil // the whole round crashes
					}
					if err := store.Settle(s.Context(), claimant, out); err != nil {
						s.Errorf("Settle: %v", err)
					}
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if wins[id] != 1 {
				s.Errorf("round %d: %d claimants got %s, want exactly one", round, wins[id], id)
			}
		}
		s.pass(lease)
	}
	for _, r := range s.claimAll(s.a, "last", false, ids...) {
		s.claimed(r, done)
	}
}

// A claimant may end after any of its steps. The next one must find what the
// last finished step left, once the claim has run out: nothing that was done
// is done again, nothing that was not is taken for done.
func storeCrash(s *storeTest) {
	failed := deliver.Outcome{State: deliver.StateFree, Attempts: 1, FirstError: "boom", LastError: "boom"}
	given := deliver.Outcome{State: deliver.StateParked, Attempts: 2, FirstError: "boom", LastError: "bang"}
	steps := []struct {
		name    string
		outcome *deliver.Outcome // nil: the step is a claim
		before  deliver.State    // what the next one finds at once
		after   deliver.Record   // and when the claim has run out
	}{
		{"claim", nil, deliver.StateClaimed, deliver.Record{Mine: true}},
		{"release", &failed, deliver.StateFree, deliver.Record{Mine: true, Attempts: 1, FirstError: "boom", LastError: "boom"}},
		{"claim again", nil, deliver.StateClaimed, deliver.Record{Mine: true, Attempts: 1, FirstError: "boom", LastError: "boom"}},
		{"park", &given, deliver.StateParked, deliver.Record{State: deliver.StateParked, Attempts: 2, FirstError: "boom", LastError: "bang"}},
		{"claim for replay", nil, deliver.StateClaimed, deliver.Record{State: deliver.StateParked, Attempts: 2, FirstError: "boom", LastError: "bang"}},
		{"complete", &deliver.Outcome{State: deliver.StateDone}, deliver.StateDone, deliver.Record{State: deliver.StateDone}},
	}
	for last := range steps {
		s.Run(steps[last].name, func(t *testing.T) {
			sub := &storeTest{T: t, a: s.a, b: s.b, pass: s.pass}
			id := newID()
			for _, step := range steps[:last+1] {
				if step.outcome == nil {
					if r := sub.claimAll(sub.a, "A", true, id)[0]; !r.Mine {
						t.Fatalf("step %q: got %+v", step.name, r)
					}
				} else {
					o := *step.outcome
					o.ID = id
					sub.settle(sub.a, "A", o)
				}
			}
			step := steps[last]
			if step.before != deliver.StateFree { // else the look would be a claim
				if r := sub.claimAll(sub.b, "B", false, id)[0]; r.Mine || r.State != step.before {
					t.Errorf("at once: got %+v, want %q, not mine", r, step.before)
				}
			}
			s.pass(lease)
			sub.claim(sub.b, "B", id, step.after)
		})
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

package delivertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
)

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

// Many claimants want the same events, each in an order of its own. Each event
// goes to exactly one of them, and no claimant waits forever. In the first round
// none settles what it won, as if all had crashed.
func storeConcurrent(s *storeTest) {
	const claimants, batch = 12, 16
	ids := make([]string, 10*batch)
	for i := range ids {
		ids[i] = newID()
	}
	for _, crash := range []bool{true, false} {
		var all sync.WaitGroup
		wins := &tally{of: make(map[string]int)}
		for c := range claimants {
			store := s.a
			if c%2 == 1 {
				store = s.b
			}
			all.Go(func() {
				order := slices.Clone(ids)
				rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				for asked := range slices.Chunk(order, batch) {
					s.compete(store, fmt.Sprint("claimant ", c), asked, wins, crash)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if wins.of[id] != 1 {
				s.Errorf("crash %v: %d claimants got %s, want exactly one", crash, wins.of[id], id)
			}
		}
		s.pass(lease)
	}
	for _, r := range s.claimAll(s.a, "last", false, ids...) {
		s.claimed(r, done)
	}
}

// tally counts how many claimants got each event.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

// compete claims events that others want, too, and unless it crashes settles
// those it got.
func (s *storeTest) compete(store deliver.Store, claimant string, asked []string, wins *tally, crash bool) {
	records, err := store.Claim(s.Context(), claimant, asked, lease, false)
	if err != nil || len(records) != len(asked) {
		s.Errorf("Claim: %d records, %v", len(records), err)
		return
	}
	var got []deliver.Outcome
	wins.mu.Lock()
	for i, r := range records {
		switch {
		case r.Mine && r.State == deliver.StateFree:
			wins.of[asked[i]]++
			got = append(got, deliver.Outcome{ID: asked[i], State: deliver.StateDone})
		case r.Mine || r.State != deliver.StateClaimed && r.State != deliver.StateDone:
			s.Errorf("unexpected record %+v", r)
		}
	}
	wins.mu.Unlock()
	if crash {
		got = nil
	}
	if err := store.Settle(s.Context(), claimant, got); err != nil {
		s.Errorf("Settle: %v", err)
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

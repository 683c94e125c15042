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
// would; a store that lives in one process returns the same handle twice. The
// handles must take their time from now, which the suite moves by hand.
func TestStore(t *testing.T, open func(t testing.TB, now func() time.Time) (a, b deliver.Store)) {
	for _, c := range []struct {
		name string
		run  func(s *storeTest)
	}{
		{"Done", storeDone},
		{"ClaimedElsewhere", storeClaimedElsewhere},
		{"ClaimRunsOut", storeClaimRunsOut},
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
			s := &storeTest{T: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
			s.a, s.b = open(t, s.clock)
			c.run(s)
		})
	}
}

// lease is how long the suite's claims last.
const lease = 30 * time.Second

type storeTest struct {
	*testing.T
	a, b deliver.Store

	mu  sync.Mutex
	now time.Time
}

func (s *storeTest) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *storeTest) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// newID makes an id of the kind that event.Parse makes.
func newID() string { return fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()) }

func (s *storeTest) claimAll(store deliver.Store, claimant string, takeParked bool, ids ...string) []deliver.Record {
	s.Helper()
	records, err := store.Claim(s.Context(), claimant, ids, s.clock().Add(lease), takeParked)
	if err != nil {
		s.Fatalf("Claim: %v", err)
	}
	if len(records) != len(ids) {
		s.Fatalf("Claim: got %d records for %d ids", len(records), len(ids))
	}
	return records
}

// claim claims one id and wants the record; a wanted Until is compared as an
// instant.
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
	if !got.Until.Equal(want.Until) {
		s.Errorf("Until is %v, want %v", got.Until, want.Until)
	}
	got.Until, want.Until = time.Time{}, time.Time{}
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
	done   = deliver.Record{State: deliver.Done}
	parked = deliver.Record{State: deliver.Parked}
)

func (s *storeTest) others(until time.Time) deliver.Record {
	return deliver.Record{State: deliver.Claimed, Until: until}
}

func storeDone(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.Done})
	for range 2 {
		s.claim(s.a, "A", id, done)
		s.claim(s.b, "B", id, done)
		s.claimParked(s.b, "B", id, done)
	}
	s.pass(24 * time.Hour)
	s.claim(s.b, "B", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Free}, deliver.Outcome{ID: newID(), State: deliver.Done})
	s.claim(s.b, "B", id, done)
}

func storeClaimedElsewhere(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	until := s.clock().Add(lease)
	for range 2 {
		s.pass(time.Second)
		s.claim(s.b, "B", id, s.others(until))
		s.claimParked(s.b, "B", id, s.others(until))
		s.claim(s.a, "A", id, s.others(until)) // a claimant has no right to its own claim twice
	}
	s.pass(lease - 3*time.Second)
	s.claim(s.b, "B", id, s.others(until))
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.Free})
	s.claim(s.b, "B", id, mine)
}

func storeClaimRunsOut(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.pass(lease)
	s.claim(s.b, "B", id, mine)
	s.claim(s.a, "A", id, s.others(s.clock().Add(lease)))
	s.pass(lease)
	s.claim(s.b, "B", id, mine) // its own that ran out
}

func storeDoneOfALostClaim(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.pass(lease)
	s.claim(s.b, "B", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.Done})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Free, Attempts: 1})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Parked, Attempts: 1})
	s.claim(s.a, "C", id, done)
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Done})
	s.claim(s.a, "C", id, done)
}

func storeFreeOfALostClaim(s *storeTest) {
	for _, late := range []deliver.State{deliver.Free, deliver.Parked} {
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.pass(lease)
		s.claim(s.b, "B", id, mine)
		until := s.clock().Add(lease)
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: late, Attempts: 9, FirstError: "x", LastError: "x"})
		s.claim(s.a, "C", id, s.others(until))
		s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Free})
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: late, Attempts: 9, FirstError: "x", LastError: "x"})
		s.claim(s.a, "C", id, mine)
	}
}

func storeLateButNotLost(s *storeTest) {
	want := deliver.Record{Attempts: 2, FirstError: "first", LastError: "last"}
	for _, state := range []deliver.State{deliver.Free, deliver.Parked, deliver.Done} {
		id := newID()
		s.claim(s.a, "A", id, mine)
		s.pass(2 * lease)
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: state, Attempts: 2, FirstError: "first", LastError: "last"})
		want.State, want.Mine = state, state == deliver.Free
		s.claim(s.b, "B", id, want)
	}
}

func storeParked(s *storeTest) {
	id := newID()
	s.claim(s.a, "A", id, mine)
	s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.Parked})
	for range 2 {
		s.claim(s.a, "A", id, parked)
		s.claim(s.b, "B", id, parked)
	}
	taken := deliver.Record{State: deliver.Parked, Mine: true}

	// A replay that ends without an answer: parked as before.
	s.claimParked(s.b, "replay 1", id, taken)
	until := s.clock().Add(lease)
	s.claim(s.a, "A", id, s.others(until))
	s.claimParked(s.a, "A", id, s.others(until))
	s.pass(lease)
	s.claim(s.a, "A", id, parked)

	// One that fails, and one that succeeds.
	s.claimParked(s.b, "replay 2", id, taken)
	s.settle(s.b, "replay 2", deliver.Outcome{ID: id, State: deliver.Parked})
	s.claim(s.a, "A", id, parked)
	s.claimParked(s.b, "replay 3", id, taken)
	s.settle(s.b, "replay 3", deliver.Outcome{ID: id, State: deliver.Done})
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
	if other.Mine || other.State != deliver.Claimed {
		s.Errorf("a claimed event is %+v", other)
	}
	s.settle(s.b, "B", deliver.Outcome{ID: id, State: deliver.Parked, Attempts: 3, FirstError: "one", LastError: "three"})
	s.claimParked(s.a, "C", id, deliver.Record{State: deliver.Parked, Mine: true, Attempts: 3, FirstError: "one", LastError: "three"})
}

// The store was down for the claim and is back for the outcome.
func storeNeverClaimed(s *storeTest) {
	free, put, took := newID(), newID(), newID()
	s.settle(s.a, "A",
		deliver.Outcome{ID: free, State: deliver.Free, Attempts: 1, FirstError: "one", LastError: "one"},
		deliver.Outcome{ID: put, State: deliver.Parked},
		deliver.Outcome{ID: took, State: deliver.Done})
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
			s.settle(s.a, "A", deliver.Outcome{ID: ids[i], State: deliver.Done})
			want[i] = done
		case 2:
			s.claimAll(s.a, "A", false, ids[i])
			want[i] = s.others(s.clock().Add(lease))
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
					records, err := store.Claim(s.Context(), claimant, asked, s.clock().Add(lease), false)
					if err != nil || len(records) != len(asked) {
						s.Errorf("Claim: %d records, %v", len(records), err)
						return
					}
					mu.Lock()
					for i, r := range records {
						switch {
						case r.Mine && r.State == deliver.Free:
							wins[asked[i]]++
							out = append(out, deliver.Outcome{ID: asked[i], State: deliver.Done})
						case r.Mine || r.State != deliver.Claimed && r.State != deliver.Done:
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
	failed := deliver.Outcome{State: deliver.Free, Attempts: 1, FirstError: "boom", LastError: "boom"}
	given := deliver.Outcome{State: deliver.Parked, Attempts: 2, FirstError: "boom", LastError: "bang"}
	steps := []struct {
		name    string
		outcome *deliver.Outcome // nil: the step is a claim
		before  deliver.State    // what the next one finds at once
		after   deliver.Record   // and when the claim has run out
	}{
		{"claim", nil, deliver.Claimed, deliver.Record{Mine: true}},
		{"release", &failed, deliver.Free, deliver.Record{Mine: true, Attempts: 1, FirstError: "boom", LastError: "boom"}},
		{"claim again", nil, deliver.Claimed, deliver.Record{Mine: true, Attempts: 1, FirstError: "boom", LastError: "boom"}},
		{"park", &given, deliver.Parked, deliver.Record{State: deliver.Parked, Attempts: 2, FirstError: "boom", LastError: "bang"}},
		{"claim for replay", nil, deliver.Claimed, deliver.Record{State: deliver.Parked, Attempts: 2, FirstError: "boom", LastError: "bang"}},
		{"complete", &deliver.Outcome{State: deliver.Done}, deliver.Done, deliver.Record{State: deliver.Done}},
	}
	for last := range steps {
		s.Run(steps[last].name, func(t *testing.T) {
			sub := &storeTest{T: t, a: s.a, b: s.b, now: s.clock()}
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
			if step.before != deliver.Free { // else the look would be a claim
				if r := sub.claimAll(sub.b, "B", false, id)[0]; r.Mine || r.State != step.before {
					t.Errorf("at once: got %+v, want %q, not mine", r, step.before)
				}
			}
			s.pass(lease)
			sub.now = s.clock()
			sub.claim(sub.b, "B", id, step.after)
		})
	}
}

func storeKeep(s *storeTest) {
	took, put, tried := newID(), newID(), newID()
	s.claimAll(s.a, "A", false, took, put, tried)
	s.settle(s.a, "A",
		deliver.Outcome{ID: took, State: deliver.Done},
		deliver.Outcome{ID: put, State: deliver.Parked},
		deliver.Outcome{ID: tried, Attempts: 4, FirstError: "first", LastError: "last"})
	s.pass(deliver.Keep)
	s.settle(s.b, "B", deliver.Outcome{ID: newID(), State: deliver.Done}) // may tidy up
	s.claim(s.b, "B", took, done)
	s.claim(s.b, "B", put, parked)
	s.claim(s.b, "B", tried, deliver.Record{Mine: true, Attempts: 4, FirstError: "first", LastError: "last"})
	s.settle(s.b, "B", deliver.Outcome{ID: tried, Attempts: 5, FirstError: "first", LastError: "last"})

	// Not longer than it must: the next one to settle tidies up. What changed
	// since is kept.
	s.pass(time.Hour)
	s.settle(s.b, "B", deliver.Outcome{ID: newID(), State: deliver.Done})
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
		s.settle(s.a, "A", deliver.Outcome{ID: id, State: deliver.Done, Attempts: 1, FirstError: text, LastError: text})
		if r := s.claimAll(s.b, "B", false, id)[0]; r.State != deliver.Done || !strings.HasPrefix(r.LastError, "a") || !strings.HasSuffix(r.LastError, "b") {
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

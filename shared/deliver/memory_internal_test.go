package deliver

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// NewMemoryAt returns a store with a clock of the test's own.
func NewMemoryAt(now func() time.Time) *Memory {
	m := NewMemory()
	m.now = now
	return m
}

func newSmallMemory(capacity int) (m *Memory, pass func(time.Duration)) {
	now := time.Unix(1_764_000_000, 0)
	m = NewMemoryAt(func() time.Time { return now })
	m.capacity = capacity
	return m, func(d time.Duration) { now = now.Add(d) }
}

func (m *Memory) claimOne(t *testing.T, id string) Record {
	t.Helper()
	r, err := m.Claim(t.Context(), "A", []string{id}, 30*time.Second, false)
	if err != nil {
		t.Fatal(err)
	}
	return r[0]
}

func (m *Memory) done(t *testing.T, id string) {
	t.Helper()
	if err := m.Settle(t.Context(), "A", []Outcome{{ID: id, State: StateDone}}); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryDropsTheOldestSettled(t *testing.T) {
	t.Parallel()
	m, pass := newSmallMemory(4)
	m.claimOne(t, "in progress")
	for i := range 6 {
		pass(time.Second)
		id := fmt.Sprint("event ", i)
		m.claimOne(t, id)
		m.done(t, id)
	}
	if m.known != 4 {
		t.Errorf("it holds %d ids, want 4", m.known)
	}
	if r := m.claimOne(t, "in progress"); r.State != StateClaimed {
		t.Errorf("the event in progress was dropped: %+v", r)
	}
	for i := 3; i < 6; i++ {
		if r := m.claimOne(t, fmt.Sprint("event ", i)); r.State != StateDone {
			t.Errorf("event %d was dropped: %+v", i, r)
		}
	}
	if r := m.claimOne(t, "event 2"); r.State != StateFree || !r.Mine {
		t.Errorf("event 2 was not dropped: %+v", r)
	}

	// A claim that ran out is in progress no longer.
	pass(time.Minute)
	for i := range 4 {
		m.done(t, fmt.Sprint("later ", i))
	}
	if r := m.claimOne(t, "in progress"); !r.Mine {
		t.Errorf("got %+v", r)
	}
	if m.known != 4 || m.places != 5 {
		t.Errorf("it holds %d ids at %d places, want 4 at 5", m.known, m.places)
	}
}

// Whoever takes a dropped event's place has none of its failures.
func TestMemoryDropsFailures(t *testing.T) {
	t.Parallel()
	m, _ := newSmallMemory(1)
	m.claimOne(t, "fails")
	if err := m.Settle(t.Context(), "A", []Outcome{{ID: "fails", Attempts: 4, FirstError: "first", LastError: "last"}}); err != nil {
		t.Fatal(err)
	}
	if r := m.claimOne(t, "other"); r != (Record{Mine: true}) {
		t.Errorf("got %+v", r)
	}
}

func TestMemoryFullOfClaims(t *testing.T) {
	t.Parallel()
	m, pass := newSmallMemory(4)
	for i := range 4 {
		m.claimOne(t, fmt.Sprint("event ", i))
	}
	for range 2 { // not remembered, so the caller goes on as without a store
		if r := m.claimOne(t, "one more"); !r.Mine {
			t.Errorf("got %+v", r)
		}
		m.done(t, "one more")
	}
	for i := range 4 {
		if r := m.claimOne(t, fmt.Sprint("event ", i)); r.State != StateClaimed {
			t.Errorf("event %d in progress was dropped: %+v", i, r)
		}
	}
	pass(time.Minute)
	m.done(t, "one more")
	if r := m.claimOne(t, "one more"); r.State != StateDone {
		t.Errorf("got %+v", r)
	}
}

// Events that share a bucket are found, and dropped, each for itself.
func TestMemoryFindsEventsOfOneBucket(t *testing.T) {
	t.Parallel()
	m, pass := newSmallMemory(8)
	m.buckets = make([]place, 1)
	random := rand.New(rand.NewPCG(1, 2))
	var held []string // the one to be dropped next comes first
	for range 1000 {
		pass(time.Second)
		id := fmt.Sprint("event ", random.IntN(20))
		m.done(t, id)
		held = append(slices.DeleteFunc(held, func(h string) bool { return h == id }), id)
		if len(held) > 8 {
			held = held[1:]
		}
		for i := range 20 {
			id := fmt.Sprint("event ", i)
			at := m.find(memoryKey(id))
			if got, want := at != 0, slices.Contains(held, id); got != want || got && m.at(at).id != memoryKey(id) {
				t.Fatalf("%s: found at %d; held are %q", id, at, held)
			}
		}
	}
	if m.known != 8 {
		t.Errorf("it holds %d ids, want 8", m.known)
	}
}

func TestMemoryHoldsItsCapacity(t *testing.T) {
	t.Parallel()
	m, _ := newSmallMemory(memoryCapacity)
	ids := make([]string, memoryCapacity+100)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x", i)
		m.done(t, ids[i])
	}
	if m.known != memoryCapacity {
		t.Errorf("it holds %d ids, want %d", m.known, memoryCapacity)
	}
	if r := m.claimOne(t, ids[100]); r.State != StateDone {
		t.Errorf("the oldest of 65,536 was dropped: %+v", r)
	}
	if r := m.claimOne(t, ids[99]); !r.Mine {
		t.Errorf("got %+v", r)
	}
}

package deliver

import (
	"container/list"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// simpleMemory is Memory as one would write it first, a map and a list. It has
// what the benchmarks need and shows what the ring of Memory is for.
type simpleMemory struct {
	Off
	mu   sync.Mutex
	byID map[string]*list.Element // of *simpleEvent
	ages list.List
}

type simpleEvent struct {
	id       string
	state    State
	changed  time.Time
	claimant string
	until    time.Time
	_        *memoryFailure // as Memory has it
}

func (m *simpleMemory) Claim(_ context.Context, claimant string, ids []string, lasts time.Duration, _ bool) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	records := make([]Record, len(ids))
	for i, id := range ids {
		if e := m.change(id, now); e.until.Before(now) && e.state == StateFree {
			e.claimant, e.until = claimant, now.Add(lasts)
			records[i].Mine = true
		}
	}
	return records, nil
}

func (m *simpleMemory) Settle(_ context.Context, _ string, outcomes []Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for _, o := range outcomes {
		e := m.change(o.ID, now)
		e.state, e.claimant, e.until = o.State, "", time.Time{}
	}
	return nil
}

func (m *simpleMemory) change(id string, now time.Time) *simpleEvent {
	at := m.byID[id]
	if at == nil {
		if m.ages.Len() >= memoryCapacity {
			delete(m.byID, m.ages.Remove(m.ages.Front()).(*simpleEvent).id)
		}
		at = m.ages.PushBack(&simpleEvent{id: id})
		m.byID[id] = at
	}
	m.ages.MoveToBack(at)
	e := at.Value.(*simpleEvent)
	e.changed = now
	return e
}

var memories = []struct {
	name string
	make func() Store
}{
	{"ring", func() Store { return NewMemory() }},
	{"list", func() Store { return &simpleMemory{byID: make(map[string]*list.Element)} }},
}

// fill settles n events, which are made one by one, as they come.
func fill(b *testing.B, s Store, n int) {
	for i := range n {
		if err := s.Settle(b.Context(), "A", []Outcome{{ID: fmt.Sprintf("%032x", i), State: StateDone}}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a full store weighs, and what it costs a garbage collection.
func BenchmarkMemoryFull(b *testing.B) {
	for _, memory := range memories {
		b.Run(memory.name, func(b *testing.B) {
			heap := func() uint64 {
				runtime.GC()
				var stats runtime.MemStats
				runtime.ReadMemStats(&stats)
				return stats.HeapAlloc
			}
			before := heap()
			s := memory.make()
			fill(b, s, memoryCapacity+1000)
			weight := heap() - before
			for b.Loop() {
				runtime.GC()
			}
			b.ReportMetric(float64(weight)/(1<<20), "MiB")
			runtime.KeepAlive(s)
		})
	}
}

// One batch of 16 events: a claim, an outcome each, and the room for them, for
// the store is full.
func BenchmarkMemory(b *testing.B) {
	const batch = 16
	ids := make([]string, 2*memoryCapacity) // each is forgotten when it comes again
	outcomes := make([]Outcome, len(ids))
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x", i)
		outcomes[i] = Outcome{ID: ids[i], State: StateDone}
	}
	for _, memory := range memories {
		b.Run(memory.name, func(b *testing.B) {
			s := memory.make()
			_ = s.Settle(b.Context(), "A", outcomes[memoryCapacity:])
			b.ReportAllocs()
			at := 0
			for b.Loop() {
				records, _ := s.Claim(b.Context(), "A", ids[at:at+batch], time.Hour, false)
				if !records[0].Mine {
					b.Fatal(records[0])
				}
				_ = s.Settle(b.Context(), "A", outcomes[at:at+batch])
				at = (at + batch) % len(ids)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/event")
		})
	}
}

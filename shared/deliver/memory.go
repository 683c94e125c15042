package deliver

import (
	"context"
	"sync"
	"time"
)

// memoryCapacity is the most ids that a [Memory] remembers: about 10 MB.
const memoryCapacity = 1 << 16

// Memory is the [Store] of one process: what it knows ends with it. It tells
// repetitions within a warm instance, which are most: VOD sends a callback
// again after 5 s and lends a pulled event again after 30 s.
//
// It remembers at most 65,536 events, each for [Keep] after its last change;
// when it is full it drops the one whose last change is longest ago, but never
// one that is in progress. It is safe for concurrent use, and its methods
// neither wait nor fail.
type Memory struct {
	now      func() time.Time
	capacity int

	mu     sync.Mutex
	index  map[string]int32 // id to place in events
	events []memoryEvent    // [0] is the ring's anchor: next the oldest, prev the newest
	unused []int32          // places in events
}

// memoryEvent is one id's record. Its times are wall clock: the monotonic
// clock may stand still while SCF has frozen the instance, and a claim must
// run out meanwhile.
type memoryEvent struct {
	id         string
	claimant   string // of the last claim
	until      int64  // Unix nanoseconds; 0: not claimed
	changed    int64  // Unix nanoseconds
	prev, next int32  // by changed
	attempts   int32
	state      State          // Free, Done or Parked: what holds when the claim runs out
	failures   *memoryFailure // nil: none
}

type memoryFailure struct{ first, last string }

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		now:      time.Now,
		capacity: memoryCapacity,
		index:    make(map[string]int32),
		events:   make([]memoryEvent, 1, 64),
	}
}

// Claim implements [Store]. When every one of 65,536 events is in progress a
// further one is Mine but not remembered.
func (m *Memory) Claim(_ context.Context, claimant string, ids []string, until time.Time, takeParked bool) ([]Record, error) {
	records := make([]Record, len(ids))
	now, end := m.now().UnixNano(), until.UnixNano()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, id := range ids {
		at, known := m.index[id]
		if known && m.events[at].changed < now-int64(Keep) {
			m.drop(at)
			known = false
		}
		if !known {
			if at = m.add(id, now); at == 0 {
				records[i].Mine = true
				continue
			}
		}
		e := &m.events[at]
		r := &records[i]
		r.State = e.state
		r.Attempts = int(e.attempts)
		if e.failures != nil {
			r.FirstError, r.LastError = e.failures.first, e.failures.last
		}
		switch {
		case e.until > now:
			r.State, r.Until = Claimed, time.Unix(0, e.until)
		case e.state == Free, e.state == Parked && takeParked:
			r.Mine = true
			e.claimant, e.until = claimant, end
			m.touch(at, now)
		}
	}
	return records, nil
}

// Settle implements [Store].
func (m *Memory) Settle(_ context.Context, claimant string, outcomes []Outcome) error {
	now := m.now().UnixNano()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range outcomes {
		at, known := m.index[o.ID]
		switch {
		case !known:
			if at = m.add(o.ID, now); at == 0 {
				continue
			}
		case o.State != Done && (m.events[at].until == 0 || m.events[at].claimant != claimant):
			continue
		}
		e := &m.events[at]
		e.state, e.until, e.attempts = o.State, 0, int32(o.Attempts)
		e.failures = nil
		if o.FirstError != "" || o.LastError != "" {
			e.failures = &memoryFailure{o.FirstError, o.LastError}
		}
		m.touch(at, now)
	}
	return nil
}

// CloseIdle implements [Store]; there is nothing to close.
func (m *Memory) CloseIdle() {}

// Close implements [Store]; there is nothing to close.
func (m *Memory) Close() error { return nil }

// add makes room for id as the newest event and returns its place, or 0 when
// everything is in progress.
func (m *Memory) add(id string, now int64) int32 {
	if len(m.index) >= m.capacity {
		at := m.events[0].next
		for at != 0 && m.events[at].until > now {
			at = m.events[at].next
		}
		if at == 0 {
			return 0
		}
		m.drop(at)
	}
	var at int32
	if n := len(m.unused); n > 0 {
		at, m.unused = m.unused[n-1], m.unused[:n-1]
	} else {
		at = int32(len(m.events))
		m.events = append(m.events, memoryEvent{})
	}
	m.events[at] = memoryEvent{id: id, changed: now, prev: at, next: at}
	m.index[id] = at
	m.touch(at, now)
	return at
}

func (m *Memory) drop(at int32) {
	m.unlink(at)
	delete(m.index, m.events[at].id)
	m.events[at] = memoryEvent{}
	m.unused = append(m.unused, at)
}

// touch makes an event the newest.
func (m *Memory) touch(at int32, now int64) {
	m.unlink(at)
	anchor, e := &m.events[0], &m.events[at]
	e.changed = now
	e.prev, e.next = anchor.prev, 0
	m.events[anchor.prev].next = at
	anchor.prev = at
}

func (m *Memory) unlink(at int32) {
	e := &m.events[at]
	m.events[e.prev].next = e.next
	m.events[e.next].prev = e.prev
}

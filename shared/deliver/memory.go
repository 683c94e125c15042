package deliver

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// memoryCapacity is the most ids that a [Memory] remembers.
const memoryCapacity = 1 << 16

// Memory is the [Store] of one process: what it knows ends with it. It tells
// repetitions within a warm instance, which are most: VOD sends a callback
// again after 5 s and lends a pulled event again after 30 s.
//
// It remembers at most 65,536 events, each for [Keep] after its last change;
// when it is full it drops the one whose last change is longest ago, but never
// one that is in progress. It is safe for concurrent use, and its methods
// neither wait nor fail.
//
// Times are those of the wall clock: the monotonic clock may stand still while
// SCF has frozen the instance, and a claim must run out meanwhile.
type Memory struct {
	now      func() time.Time
	capacity int

	mu   sync.Mutex
	byID map[string]*list.Element // of *memoryEvent
	ages *list.List               // the event whose last change is longest ago is in front
}

// memoryEvent is what is known of one event.
type memoryEvent struct {
	id       string
	changed  time.Time
	state    State // what holds when the claim runs out
	claimant string
	until    time.Time // of the claim; zero: there is none
	failure  *memoryFailure
}

// memoryFailure is apart because few events ever fail.
type memoryFailure struct {
	attempts    int
	first, last string
}

func (e *memoryEvent) inProgress(now time.Time) bool { return e.until.After(now) }

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{now: wallClock, capacity: memoryCapacity, byID: make(map[string]*list.Element), ages: list.New()}
}

func wallClock() time.Time { return time.Now().Round(0) }

// Claim implements [Store]. When every one of 65,536 events is in progress a
// further one is Mine but not remembered.
func (m *Memory) Claim(_ context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]Record, error) {
	records := make([]Record, len(ids))
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for i, id := range ids {
		r := &records[i]
		e := m.find(id, now)
		if e == nil {
			if e = m.add(id, now); e == nil {
				r.Mine = true
				continue
			}
		}
		r.State = e.state
		if f := e.failure; f != nil {
			r.Attempts, r.FirstError, r.LastError = f.attempts, f.first, f.last
		}
		switch {
		case e.inProgress(now):
			r.State = StateClaimed
		case e.state == StateFree, e.state == StateParked && takeParked:
			r.Mine = true
			e.claimant, e.until = claimant, now.Add(lasts)
			m.touch(e, now)
		}
	}
	return records, nil
}

// Renew implements [Store].
func (m *Memory) Renew(_ context.Context, claimant string, ids []string, lasts time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, id := range ids {
		if e := m.find(id, now); e != nil && e.claimant == claimant && !e.until.IsZero() {
			e.until = now.Add(lasts)
			m.touch(e, now)
		}
	}
	return nil
}

// Settle implements [Store].
func (m *Memory) Settle(_ context.Context, claimant string, outcomes []Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, o := range outcomes {
		e := m.find(o.ID, now)
		if e == nil {
			if e = m.add(o.ID, now); e == nil {
				continue
			}
		} else if o.State != StateDone && (e.claimant != claimant || e.until.IsZero()) {
			continue
		}
		e.state, e.claimant, e.until, e.failure = o.State, "", time.Time{}, nil
		if o.Attempts > 0 {
			e.failure = &memoryFailure{o.Attempts, o.FirstError, o.LastError}
		}
		m.touch(e, now)
	}
	return nil
}

// CloseIdle implements [Store]; there is nothing to close.
func (m *Memory) CloseIdle() {}

// Close implements [Store]; there is nothing to close.
func (m *Memory) Close() error { return nil }

// find returns what is known of an event and not older than [Keep], or nil.
func (m *Memory) find(id string, now time.Time) *memoryEvent {
	at := m.byID[id]
	if at == nil {
		return nil
	}
	e := at.Value.(*memoryEvent)
	if now.Sub(e.changed) > Keep {
		m.drop(e)
		return nil
	}
	return e
}

// add makes room for an event, the newest, and returns it, or nil when
// everything is in progress.
func (m *Memory) add(id string, now time.Time) *memoryEvent {
	if m.ages.Len() >= m.capacity {
		at := m.ages.Front()
		for at != nil && at.Value.(*memoryEvent).inProgress(now) {
			at = at.Next()
		}
		if at == nil {
			return nil
		}
		m.drop(at.Value.(*memoryEvent))
	}
	e := &memoryEvent{id: id, changed: now}
	m.byID[id] = m.ages.PushBack(e)
	return e
}

func (m *Memory) drop(e *memoryEvent) {
	m.ages.Remove(m.byID[e.id])
	delete(m.byID, e.id)
}

// touch makes an event the newest.
func (m *Memory) touch(e *memoryEvent, now time.Time) {
	e.changed = now
	m.ages.MoveToBack(m.byID[e.id])
}

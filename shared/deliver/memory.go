package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// memoryCapacity is the most ids that a [Memory] remembers: about 4 MB.
const memoryCapacity = 1 << 16

// Memory is the [Store] of one process and ends with it. It recognizes repetitions
// within a warm instance. Those are most of them: VOD sends a callback again after
// 5 s, and a pulled event comes again after 30 s.
//
// It remembers at most 65,536 events, each for [Keep] after its last change. When
// it is full, it drops the event whose last change is longest ago, but never one
// in progress. It is safe for concurrent use. Its methods do not block and do not
// fail.
//
// It uses the wall clock, because the monotonic clock may stop while SCF has frozen
// the instance, and claims must run out meanwhile.
//
// It is a ring of small structs, not a map of pointers and a list. In a function
// of 64 MB that matters: a full one takes 4.7 MiB instead of 15.3, and a garbage
// collection takes 5 ms instead of 38 (BenchmarkMemoryFull).
type Memory struct {
	now      func() time.Time
	capacity int

	mu sync.Mutex
	// The records of the events have no pointers, so the garbage collector does
	// not visit them. They are in blocks, so that growing copies nothing.
	index  map[memoryID]place
	blocks [][]memoryEvent
	unused []place
	places place // how many there are; 0 is the ring's anchor

	// Of the few that are in progress or have failed.
	claims   map[place]memoryClaim
	failures map[place]memoryFailure
}

// memoryID is the 16 bytes that an event's id spells.
type memoryID [16]byte

// place is where an event is: in block place/blockSize. 0 is nowhere.
type place int32

const blockSize = 1024

// memoryEvent is in a ring, ordered by changed; the anchor's next is the
// oldest.
type memoryEvent struct {
	id         memoryID
	prev, next place
	changed    int32 // seconds since memoryEpoch
	state      uint8 // in memoryStates: what holds when the claim runs out
}

var memoryStates = [...]State{StateFree, StateDone, StateParked}

// memoryEpoch makes 32 bits of seconds enough until 2094.
const memoryEpoch = 1_767_225_600 // 2026-01-01

type memoryClaim struct {
	claimant string
	until    int64 // Unix nanoseconds
}

type memoryFailure struct {
	attempts    int
	first, last string
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{
		now:      time.Now,
		capacity: memoryCapacity,
		index:    make(map[memoryID]place),
		claims:   make(map[place]memoryClaim),
		failures: make(map[place]memoryFailure),
	}
	m.newPlace() // the anchor
	return m
}

// Claim implements [Store]. If all of 65,536 events are in progress, another one is
// Mine but is not remembered.
func (m *Memory) Claim(_ context.Context, claimant string, ids []string, lasts time.Duration, takeParked bool) ([]Record, error) {
	records := make([]Record, len(ids))
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for i, id := range ids {
		key := memoryKey(id)
		at, known := m.index[key]
		if known && seconds(now)-m.at(at).changed > int32(Keep/time.Second) {
			m.drop(at)
			known = false
		}
		if !known {
			if at = m.add(key, now); at == 0 {
				records[i].Mine = true
				continue
			}
		}
		r := &records[i]
		r.State = memoryStates[m.at(at).state]
		if f, failed := m.failures[at]; failed {
			r.Attempts, r.FirstError, r.LastError = f.attempts, f.first, f.last
		}
		claim, claimed := m.claims[at]
		switch {
		case claimed && claim.until > now.UnixNano():
			r.State = StateClaimed
		case r.State == StateFree, r.State == StateParked && takeParked:
			r.Mine = true
			m.claims[at] = memoryClaim{claimant, now.Add(lasts).UnixNano()}
			m.touch(at, now)
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
		at := m.index[memoryKey(id)]
		if claim, ok := m.claims[at]; ok && claim.claimant == claimant {
			m.claims[at] = memoryClaim{claimant, now.Add(lasts).UnixNano()}
			m.touch(at, now)
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
		key := memoryKey(o.ID)
		at, known := m.index[key]
		switch {
		case !known:
			if at = m.add(key, now); at == 0 {
				continue
			}
		case o.State != StateDone && m.claims[at].claimant != claimant:
			continue
		}
		e := m.at(at)
		for i, s := range memoryStates {
			if s == o.State {
				e.state = uint8(i)
			}
		}
		delete(m.claims, at)
		if o.Attempts > 0 {
			m.failures[at] = memoryFailure{o.Attempts, o.FirstError, o.LastError}
		} else {
			delete(m.failures, at)
		}
		m.touch(at, now)
	}
	return nil
}

// CloseIdle implements [Store]; there is nothing to close.
func (m *Memory) CloseIdle() {}

// Close implements [Store]; there is nothing to close.
func (m *Memory) Close() error { return nil }

// memoryKey is the 16 bytes of an event's id. Any other string has a key, too.
func memoryKey(id string) (key memoryID) {
	if len(id) == 2*len(key) {
		if _, err := hex.Decode(key[:], []byte(id)); err == nil {
			return key
		}
	}
	sum := sha256.Sum256([]byte(id))
	return memoryID(sum[:])
}

func seconds(t time.Time) int32 { return int32(t.Unix() - memoryEpoch) }

func (m *Memory) at(p place) *memoryEvent { return &m.blocks[p/blockSize][p%blockSize] }

func (m *Memory) newPlace() place {
	p := m.places
	if p%blockSize == 0 {
		m.blocks = append(m.blocks, make([]memoryEvent, blockSize))
	}
	m.places++
	return p
}

// add makes room for an event, the newest, and returns its place, or 0 when
// everything is in progress.
func (m *Memory) add(key memoryID, now time.Time) place {
	if len(m.index) >= m.capacity {
		at := m.at(0).next
		for at != 0 && m.claims[at].until > now.UnixNano() {
			at = m.at(at).next
		}
		if at == 0 {
			return 0
		}
		m.drop(at)
	}
	var at place
	if n := len(m.unused); n > 0 {
		at, m.unused = m.unused[n-1], m.unused[:n-1]
	} else {
		at = m.newPlace()
	}
	*m.at(at) = memoryEvent{id: key, prev: at, next: at}
	m.index[key] = at
	m.touch(at, now)
	return at
}

func (m *Memory) drop(at place) {
	m.unlink(at)
	delete(m.index, m.at(at).id)
	delete(m.claims, at)
	delete(m.failures, at)
	m.unused = append(m.unused, at)
}

// touch makes an event the newest.
func (m *Memory) touch(at place, now time.Time) {
	m.unlink(at)
	anchor, e := m.at(0), m.at(at)
	e.changed = seconds(now)
	e.prev, e.next = anchor.prev, 0
	m.at(anchor.prev).next = at
	anchor.prev = at
}

func (m *Memory) unlink(at place) {
	e := m.at(at)
	m.at(e.prev).next = e.next
	m.at(e.next).prev = e.prev
}

package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"sync"
	"time"
)

// memoryCapacity is the most ids that a [Memory] remembers: under 3 MB.
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
// of 64 MB that matters: a full one takes 2.8 MiB instead of 15.3, and a garbage
// collection takes 5 ms instead of 38 (BenchmarkMemoryFull).
type Memory struct {
	now      func() time.Time
	capacity int

	mu sync.Mutex
	// The records of the events have no pointers, so the garbage collector does
	// not visit them. They are in blocks, so that growing copies nothing.
	blocks [][]memoryEvent
	unused []place
	places place // how many there are; 0 is the ring's anchor
	known  int   // how many hold an event

	// The index by id: a place for each of many buckets, where the chain of its
	// events begins. A map would hold each id a second time, at places half of
	// which are empty: half of all the memory.
	seed    maphash.Seed // else a sender could make ids that share a bucket
	buckets []place

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
	chain      place // the next one in the bucket
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
		seed:     maphash.MakeSeed(),
		buckets:  make([]place, memoryCapacity),
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
		at := m.find(key)
		if at != 0 && seconds(now)-m.at(at).changed > int32(Keep/time.Second) {
			m.drop(at)
			at = 0
		}
		if at == 0 {
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
		at := m.find(memoryKey(id))
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
		at := m.find(key)
		switch {
		case at == 0:
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

// bucket is where the chain of the events begins that share a bucket with an id.
func (m *Memory) bucket(key memoryID) *place {
	return &m.buckets[maphash.Bytes(m.seed, key[:])%uint64(len(m.buckets))]
}

// find returns the place of an event, or 0 if it is not known.
func (m *Memory) find(key memoryID) place {
	at := *m.bucket(key)
	for at != 0 && m.at(at).id != key {
		at = m.at(at).chain
	}
	return at
}

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
	if m.known >= m.capacity {
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
	bucket := m.bucket(key)
	*m.at(at) = memoryEvent{id: key, prev: at, next: at, chain: *bucket}
	*bucket = at
	m.known++
	m.touch(at, now)
	return at
}

func (m *Memory) drop(at place) {
	m.unlink(at)
	before := m.bucket(m.at(at).id)
	for *before != at {
		before = &m.at(*before).chain
	}
	*before = m.at(at).chain
	m.known--
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

// Package journal keeps what happened to each event of a run of dev: when VOD
// was given it, when it was pulled or sent, when it came out of a function and
// reached a sink, and how it ended. Of the events that were delivered it keeps what
// they tell of each media.
//
// News come from several sides at once: from the stand-in, from the functions'
// output and logs, from dev's own sink, from the callback URL. Telling a
// [Journal] never waits, because the stand-in tells its news while it is
// locked. One goroutine, [Journal.Run], writes them down in the order in which
// they came.
package journal

import (
	"slices"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// MaxEvents is how many events are kept. The oldest are dropped, those that
// have ended before those that VOD will still tell.
const MaxEvents = 10_000

// Journal is what dev knows of the events of this run. It is safe for
// concurrent use.
type Journal struct {
	news news

	mu       sync.Mutex
	seq      uint64
	order    []*record // oldest first
	byID     map[string]*record
	byKey    map[string][]*record // by key and by eventID, oldest first
	figures  figures
	readers  map[*Reader]struct{}
	revision int64             // see Revision
	untold   map[string][]*Log // by eventID or request id: whose event is not known yet
	media    library
}

// New makes a journal that takes news until done is closed; see [Journal.Run].
func New(done <-chan struct{}) *Journal {
	return &Journal{
		news:     news{wake: make(chan struct{}, 1), done: done},
		byID:     map[string]*record{},
		byKey:    map[string][]*record{},
		readers:  map[*Reader]struct{}{},
		revision: time.Now().UnixMilli(),
		untold:   map[string][]*Log{},
		media:    library{byKey: map[mediaKey]*mediaRecord{}},
	}
}

// Given is an event that VOD was given, or that was posted to /callback.
type Given struct {
	ID       string
	Mode     event.Mode
	Body     []byte // never changed
	ResendOf string // the id of the event that was sent again
	CopyOf   string // the id of the event that a fault of the stand-in repeated
}

// Given takes note of an event.
func (j *Journal) Given(g Given, at time.Time) {
	j.news.put(func() { j.given(g, at) })
}

// Changed takes note of what the stand-in tells of an event, at a real time.
// find looks up an event that is not known yet; false: it is forgotten already.
func (j *Journal) Changed(c vodfake.Change, at time.Time, find func(id string) (Given, bool)) {
	j.news.put(func() {
		if !j.Known(c.ID) {
			if g, ok := find(c.ID); ok {
				j.given(g, at)
			}
		}
		j.changed(c, at)
	})
}

// CameOut takes note of a CloudEvent, and its line, that came out of a
// function. last says that no other sink needs to take it.
func (j *Journal) CameOut(e *event.Event, line []byte, at time.Time, last bool) {
	j.news.put(func() { j.cameOut(e, line, at, last) })
}

// Sunk takes note of the status by which dev's own sink answered an event.
func (j *Journal) Sunk(e *event.Event, status int, at time.Time) {
	j.news.put(func() { j.sunk(e, status, at) })
}

// Logged takes note of a line of a log.
func (j *Journal) Logged(l *Log) {
	j.news.put(func() { j.logged(l) })
}

// Run writes news down until done is closed.
func (j *Journal) Run() { j.news.run() }

// Sync waits until all news that were told before are written down.
func (j *Journal) Sync() { j.news.sync() }

// given makes the record of an event, unless there is one.
func (j *Journal) given(g Given, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.byID[g.ID]
	if r == nil {
		r = newRecord(g, at)
		j.insert(r)
	}
	if g.ResendOf != "" {
		r.resendOf = g.ResendOf
		j.touch(r)
	}
}

func (j *Journal) insert(r *record) {
	j.seq++
	r.seq = j.seq
	j.order = append(j.order, r)
	j.byID[r.id] = r
	j.index(r.key, r)
	j.figures.now.Made++
	j.figures.totals.Made++
	for len(j.order) > MaxEvents {
		j.drop(max(0, slices.IndexFunc(j.order[:len(j.order)-1], (*record).ended)))
	}
	j.touch(r)
}

func (j *Journal) index(key string, r *record) {
	if !slices.Contains(j.byKey[key], r) {
		j.byKey[key] = append(j.byKey[key], r)
	}
}

// drop forgets the record at index i of order.
func (j *Journal) drop(i int) {
	r := j.order[i]
	j.order = slices.Delete(j.order, i, i+1)
	delete(j.byID, r.id)
	for _, key := range []string{r.key, r.eventID} {
		if left := slices.DeleteFunc(j.byKey[key], func(o *record) bool { return o == r }); len(left) > 0 {
			j.byKey[key] = left
		} else {
			delete(j.byKey, key)
		}
	}
	for reader := range j.readers {
		reader.events.forget(r)
	}
}

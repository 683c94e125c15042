package vodfake

import (
	"bytes"
	"container/list"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
)

// app is one application, a SubAppId: its queue, its configuration, its files.
type app struct {
	id        uint64
	again     list.List // *entry whose lease ran out, oldest first: delivered before the fresh
	fresh     list.List // *entry never pulled, oldest first
	waiters   list.List // *waiter: polls that are held, oldest first
	leased    int
	confirmed int
	expired   int
	samples   []sample // for DescribeEventsState

	config   EventConfig          // as described
	active   EventConfig          // as it has its effect
	sessions map[string]time.Time // SessionId to the time it was used

	files     map[string]*file
	tasks     map[string]*task
	taskOrder []*task // as they were made
	told      []told  // events that files and tasks must still learn from
}

// entry is an event that the Server was given, by Queue or by Callback.
type entry struct {
	appointment // the end of its lease or of its retention

	app        *app
	number     uint64
	id         string // number in digits
	kind       string // EventType
	copyOf     string // the id of the event that this one repeats
	body       []byte
	open       int    // just behind the body's opening brace; 0: no object
	nulls      string // further members to print in front of the closing brace
	reliable   bool
	state      State
	place      *list.Element // in app.again, app.fresh or Server.through
	in         *list.List    // which of them
	queued     time.Time
	ended      time.Time
	handle     string
	deliveries []Delivery
}

// waiter is a poll that is held. done is closed when it is answered.
type waiter struct {
	appointment // the end of the hold

	app   *app
	place *list.Element
	done  chan struct{}
	batch []delivered
}

// delivered is what an answer needs of an event; an entry itself may only be
// read under the lock.
type delivered struct {
	entry         *entry
	body          []byte
	open          int
	nulls, handle string
}

func (s *Server) app(id uint64) *app {
	a := s.apps[id]
	if a == nil {
		a = &app{id: id, config: s.opt.EventConfig, active: s.opt.EventConfig, files: map[string]*file{}, tasks: map[string]*task{}, sessions: map[string]time.Time{}}
		s.apps[id] = a
	}
	return a
}

// repeat puts a copy of an event into the queue.
func (s *Server) repeat(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue(e.app, e.body, s.now()).copyOf = e.id
	s.rearm()
}

func (s *Server) newEntry(subAppId uint64, body []byte, now time.Time) *entry {
	s.lastID++
	e := &entry{
		app:    s.app(subAppId),
		number: s.lastID,
		id:     strconv.FormatUint(s.lastID, 10),
		kind:   eventType(body),
		body:   body,
		queued: now,
	}
	s.events[e.id] = e
	return e
}

// queue puts a new event into an application's queue.
func (s *Server) queue(a *app, body []byte, at time.Time) *entry {
	e := s.newEntry(a.id, body, at)
	e.reliable = true
	if i := bytes.IndexFunc(body, notSpace); i >= 0 && body[i] == '{' {
		e.open = i + 1
	}
	if s.opt.NullMembers {
		e.nulls = nullMembers(body)
	}
	s.enqueue(e, at)
	return e
}

func notSpace(r rune) bool { return r != ' ' && r != '\t' && r != '\n' && r != '\r' }

// enqueue makes an event available for the first time.
func (s *Server) enqueue(e *entry, now time.Time) {
	e.do = func(at time.Time) { s.fallDue(e, at) }
	s.schedule(&e.appointment, e.queued.Add(Retention))
	s.makeAvailable(e, &e.app.fresh, Queued, now)
}

func (s *Server) makeAvailable(e *entry, in *list.List, state State, now time.Time) {
	e.put(in)
	s.change(e, state, now)
	if w := e.app.waiters.Front(); w != nil {
		s.release(w.Value.(*waiter))
	}
}

func (e *entry) put(in *list.List) {
	e.in, e.place = in, in.PushBack(e)
}

func (e *entry) take() {
	if e.place != nil {
		e.in.Remove(e.place)
		e.place = nil
	}
}

// fallDue ends a lease, or an event that waited too long.
func (s *Server) fallDue(e *entry, at time.Time) {
	expiry := e.queued.Add(Retention)
	if e.state == Pulled {
		e.app.leased--
		delete(s.handles, e.handle)
		if at.Before(expiry) {
			s.schedule(&e.appointment, expiry)
			s.makeAvailable(e, &e.app.again, Redelivered, at)
			return
		}
	}
	e.app.expired++
	s.finish(e, Expired, at)
}

// finish ends an event's life. It is remembered for a while.
func (s *Server) finish(e *entry, state State, at time.Time) {
	s.cancel(&e.appointment)
	e.take()
	e.ended = at
	e.put(&s.through)
	s.change(e, state, at)
	for s.through.Len() > s.opt.Keep {
		old := s.through.Front().Value.(*entry)
		old.take()
		delete(s.events, old.id)
	}
}

// lease hands out up to 16 events, the youngest first if it is to reorder them;
// nil when none waits.
func (s *Server) lease(a *app, now time.Time, reorder bool) []delivered {
	n := min(a.waiting(), BatchSize)
	if n == 0 {
		return nil
	}
	batch := make([]delivered, 0, n)
	for range n {
		first := a.again.Front()
		if first == nil {
			first = a.fresh.Front()
		}
		if reorder {
			if first = a.fresh.Back(); first == nil {
				first = a.again.Back()
			}
		}
		e := first.Value.(*entry)
		e.take()
		batch = append(batch, s.deliver(e, now))
	}
	return batch
}

func (s *Server) deliver(e *entry, now time.Time) delivered {
	if e.handle == "" || !s.opt.SameHandle {
		e.handle = s.newHandle()
	}
	e.deliveries = append(e.deliveries, Delivery{Handle: e.handle, Time: now, LeaseEnd: now.Add(Lease)})
	e.app.leased++
	if e.open > 0 {
		s.handles[e.handle] = e
	}
	s.schedule(&e.appointment, now.Add(Lease))
	s.change(e, Pulled, now)
	return delivered{e, e.body, e.open, e.nulls, e.handle}
}

// newHandle makes a handle in one of the two spellings that were seen in the
// field: an opaque string.
func (s *Server) newHandle() string {
	b := append(make([]byte, 0, 22), "tdmq"...)
	return string(strconv.AppendUint(b, 1e17+s.rand.Uint64N(9e17), 10))
}

// release answers a held poll with what is there.
func (s *Server) release(w *waiter) {
	s.cancel(&w.appointment)
	w.app.waiters.Remove(w.place)
	w.batch = s.lease(w.app, s.now(), false)
	close(w.done)
}

// size is at least what appendTo writes, and RequestId's share of an answer.
func (d delivered) size() int { return len(d.body) + len(d.nulls) + 64 }

// appendTo writes the event as PullEvents answers it.
func (d delivered) appendTo(b []byte) []byte {
	if d.open == 0 {
		return append(b, d.body...)
	}
	b = append(b, d.body[:d.open]...)
	b = append(b, `"EventHandle":"`...)
	b = append(b, d.handle...)
	b = append(b, '"')
	rest := d.body[d.open:]
	if i := bytes.IndexFunc(rest, notSpace); i >= 0 && rest[i] != '}' {
		b = append(b, ',')
	}
	if d.nulls == "" {
		return append(b, rest...)
	}
	end := bytes.LastIndexByte(rest, '}')
	if end < 0 {
		return append(b, rest...)
	}
	b = append(b, rest[:end]...)
	b = append(b, d.nulls...)
	return append(b, rest[end:]...)
}

// nullMembers is what the real PullEvents adds to an event: the payload members
// of all other kinds, as null.
func nullMembers(body []byte) string {
	var b strings.Builder
	for _, k := range event.Kinds {
		if !bytes.Contains(body, []byte(`"`+k.Field+`"`)) {
			b.WriteString(`,"` + k.Field + `":null`)
		}
	}
	return b.String()
}

// eventType finds the EventType, or the eventType of the 2.0 format, for the
// Server's own records. It looks for the first such member and does not parse:
// a body need not be JSON.
func eventType(body []byte) string {
	_, rest, ok := bytes.Cut(body, []byte(`"EventType"`))
	if !ok {
		_, rest, _ = bytes.Cut(body, []byte(`"eventType"`))
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, ": \t\r\n"), []byte{'"'})
	name, _, closed := bytes.Cut(rest, []byte{'"'})
	if !ok || !closed {
		return ""
	}
	return string(name)
}

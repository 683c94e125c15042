package vodfake

import (
	"container/heap"
	"time"
)

// Now returns the time of the Server's clock, which leases, held polls, retention
// and the simulated tasks go by. It is the real time plus what
// [Server.FastForward] and [Server.SetTime] have added. Signatures, the rate limit
// and latency go by the real time, as the callers do.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Ahead returns how far the Server's clock is ahead of the real time.
func (s *Server) Ahead() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// FastForward moves the clock. Whatever falls due meanwhile happens before it
// returns: leases end, held polls are answered, events expire.
func (s *Server) FastForward(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.advance()
}

// SetTime sets the clock, which then goes on. Setting it back makes leases last
// longer.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = time.Until(t)
	s.advance()
}

func (s *Server) now() time.Time { return time.Now().Add(s.offset) }

// An appointment is something to be done at a time. Its index is its place in the
// agenda, counted from 1, or 0 if it is not in there.
type appointment struct {
	at    time.Time
	do    func(at time.Time)
	seq   uint64 // of two at one time the one that was made first comes first
	index int
}

// agenda is a heap of appointments, the first due on top.
type agenda []*appointment

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if c := a[i].at.Compare(a[j].at); c != 0 {
		return c < 0
	}
	return a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i+1, j+1
}
func (a *agenda) Push(x any) {
	*a = append(*a, x.(*appointment))
	(*a)[len(*a)-1].index = len(*a)
}
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	x.index = 0
	return x
}

// schedule puts an appointment into the agenda, or moves it to another time.
func (s *Server) schedule(p *appointment, at time.Time) {
	s.lastSeq++
	p.at, p.seq = at, s.lastSeq
	if p.index == 0 {
		heap.Push(&s.agenda, p)
		return
	}
	heap.Fix(&s.agenda, p.index-1)
}

func (s *Server) cancel(p *appointment) {
	if p.index != 0 {
		heap.Remove(&s.agenda, p.index-1)
	}
}

// advance does everything that is due. Call it after taking the lock and before
// reading or changing the queue, so that each lease ends exactly on time.
func (s *Server) advance() {
	now := s.now()
	for len(s.agenda) > 0 && !s.agenda[0].at.After(now) {
		p := heap.Pop(&s.agenda).(*appointment)
		p.do(p.at)
	}
	s.rearm()
}

// rearm makes the timer call advance when the first appointment is due, even if
// nobody calls the Server. It only moves the timer to an earlier time. A timer
// that fires for nothing costs less than setting it for each event.
func (s *Server) rearm() {
	if len(s.agenda) == 0 || s.running.Err() != nil {
		return
	}
	due := s.agenda[0].at.Add(-s.offset)
	switch {
	case s.wake == nil:
		s.wake = time.AfterFunc(time.Until(due), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.wakeAt = time.Time{}
			s.advance()
		})
	case s.wakeAt.IsZero() || due.Before(s.wakeAt):
		s.wake.Reset(time.Until(due))
	default:
		return
	}
	s.wakeAt = due
}

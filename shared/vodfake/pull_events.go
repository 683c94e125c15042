package vodfake

import (
	"context"
	"slices"
	"time"
)

// PullEvents, 266/33433: up to 16 events, at once if any wait, else held for
// at most 5 s. An empty queue is the error ResourceNotFound.
//
// It serves what waits in the queue whatever the application's Mode. In Mode
// PUSH VOD puts nothing new there, so that it is soon ResourceNotFound for
// ever; what VOD really answers in that mode is not documented.
func (s *Server) pullEvents(ctx context.Context, c *Call, _ *struct{ target }, dst []byte) ([]byte, error) {
	s.mu.Lock()
	s.advance()
	a := s.app(c.SubAppId)
	now := s.now()
	batch := s.lease(a, now, c.is(Reorder))
	if batch != nil {
		s.rearm()
		s.mu.Unlock()
	} else {
		w := &waiter{app: a, done: make(chan struct{})}
		w.do = func(time.Time) { s.release(w) }
		w.place = a.waiters.PushBack(w)
		s.schedule(&w.appointment, now.Add(s.opt.Hold))
		s.rearm()
		s.mu.Unlock()
		if err := s.await(ctx, w); err != nil {
			return nil, err
		}
		batch = w.batch
	}
	if batch == nil {
		return nil, apiError("ResourceNotFound", "The event queue is empty.")
	}
	c.Events = len(batch)
	if c.is(Duplicate) {
		s.repeat(batch[0].entry)
	}
	size := 0
	for i := range batch {
		size += batch[i].size()
	}
	dst = append(slices.Grow(dst, size), `"EventSet":[`...)
	for i, d := range batch {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d.appendTo(dst)
	}
	return append(dst, ']'), nil
}

// await waits until a held poll is answered. A client that goes away before
// takes no event along; one that goes away a moment later has leased them.
func (s *Server) await(ctx context.Context, w *waiter) error {
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.done:
	default:
		s.cancel(&w.appointment)
		w.app.waiters.Remove(w.place)
	}
	return &lostError{ctx.Err()}
}

package slab

import "sync"

// Shelf keeps values that nobody uses for whoever needs one next. Unlike a [sync.Pool]
// it still has them after the garbage collector ran, so it keeps at most Most.
type Shelf[T any] struct {
	Most int

	mu   sync.Mutex
	free []*T // the one that was used last, and so is in the CPU's cache, at the end
}

// Take returns the value that was put last, or a new one.
func (s *Shelf[T]) Take() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return new(T)
	}
	v := s.free[last]
	s.free = s.free[:last]
	return v
}

// Put gives back a value that nobody uses any more.
func (s *Shelf[T]) Put(v *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < s.Most {
		s.free = append(s.free, v)
	}
}

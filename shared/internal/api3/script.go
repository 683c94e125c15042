package api3

import (
	"slices"
	"sync"
)

// Script is what shall go wrong with calls C: which fault F, by the name of an
// action. "" stands for any action. The zero value lets all calls through. It is
// safe for concurrent use.
type Script[C, F any] struct {
	mu       sync.Mutex
	next     []nextFault[F]
	controls []*control[C, F] // replaced, never changed
}

type nextFault[F any] struct {
	action string
	fault  F
}

type control[C, F any] struct {
	action string
	fn     func(C) *F
}

// Next makes the next calls of an action meet these faults, one each, in this
// order.
func (s *Script[C, F]) Next(action string, faults ...F) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.next = append(s.next, nextFault[F]{action, f})
	}
}

// Control lets fn decide about each call of an action, until stop is called.
func (s *Script[C, F]) Control(action string, fn func(C) *F) (stop func()) {
	k := &control[C, F]{action, fn}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.controls = append(slices.Clone(s.controls), k)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.controls = slices.DeleteFunc(slices.Clone(s.controls), func(c *control[C, F]) bool { return c == k })
	}
}

// Take takes the fault that Next keeps for a call of this action. nil: none.
func (s *Script[C, F]) Take(action string) *F {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.next {
		if n.action == "" || n.action == action {
			s.next = slices.Delete(s.next, i, i+1)
			return &n.fault
		}
	}
	return nil
}

// Ask asks the functions given to Control, in their order, until one has a fault.
// nil: none has. They run in the caller's goroutine and may use the Script.
func (s *Script[C, F]) Ask(action string, call C) *F {
	s.mu.Lock()
	controls := s.controls
	s.mu.Unlock()
	for _, k := range controls {
		if k.action == "" || k.action == action {
			if f := k.fn(call); f != nil {
				return f
			}
		}
	}
	return nil
}

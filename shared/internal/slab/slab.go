// Package slab lends memory for the values of one batch, and again for the next one.
package slab

// Slab lends slices of T. The zero value is ready.
type Slab[T any] struct {
	all []T // what is lent, as far as it stands in one piece
}

// Take returns n zero values, which are the caller's until Reset. They cannot grow into
// what follows.
func (s *Slab[T]) Take(n int) []T {
	from := len(s.all)
	if cap(s.all)-from < n {
		s.all, from = make([]T, 0, max(n, 2*cap(s.all))), 0 // what was lent stays where it is
	}
	s.all = s.all[:from+n]
	return s.all[from : from+n : from+n]
}

// Reset takes everything back, and keeps room for at most so many values.
func (s *Slab[T]) Reset(most int) {
	if cap(s.all) > most {
		s.all = nil
		return
	}
	clear(s.all)
	s.all = s.all[:0]
}

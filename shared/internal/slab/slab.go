// Package slab lends memory for the values of one batch, and again for the next one.
package slab

// Slab lends slices of T. The zero value is ready.
type Slab[T any] struct {
	piece []T // the last piece of memory, as far as it is lent
	lent  int // values since Reset
	ahead int // how large the next piece is at least
}

// Take returns n zero values, which are the caller's until Reset. They cannot grow into
// what follows.
func (s *Slab[T]) Take(n int) []T {
	from := len(s.piece)
	if cap(s.piece)-from < n {
		s.piece, from = make([]T, 0, max(n, s.ahead)), 0 // what was lent stays where it is
		s.ahead = 0
	}
	s.piece = s.piece[:from+n]
	s.lent += n
	return s.piece[from : from+n : from+n]
}

// Reset takes everything back. If it was not in one piece, the next batch gets one that
// is large enough. No piece of more than most values is kept or made.
func (s *Slab[T]) Reset(most int) {
	switch {
	case s.lent <= cap(s.piece) && cap(s.piece) <= most:
		clear(s.piece)
		s.piece = s.piece[:0]
	case s.lent <= most:
		s.piece, s.ahead = nil, s.lent
	default:
		s.piece, s.ahead = nil, 0
	}
	s.lent = 0
}

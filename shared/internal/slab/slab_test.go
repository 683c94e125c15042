package slab

import "testing"

func TestWhatIsLentStaysUntilReset(t *testing.T) {
	t.Parallel()
	var s Slab[int]
	var lent [][]int
	for n := range 20 {
		one := s.Take(n)
		if len(one) != n || cap(one) != n {
			t.Fatalf("%d of %d for %d", len(one), cap(one), n)
		}
		for i := range one {
			if one[i] != 0 {
				t.Fatalf("%d lends %d", n, one[i])
			}
			one[i] = n
		}
		lent = append(lent, one)
	}
	for n, one := range lent {
		for _, v := range one {
			if v != n {
				t.Fatalf("%d became %d", n, v)
			}
		}
	}
}

func TestResetLendsZerosAgainInTheSameMemory(t *testing.T) {
	t.Parallel()
	var s Slab[string]
	first := s.Take(3)
	first[2] = "x"
	s.Reset(3)
	again := s.Take(3)
	if &again[0] != &first[0] || again[2] != "" {
		t.Errorf("%q at %p after %p", again, again, first)
	}
	s.Reset(2)
	if other := s.Take(3); &other[0] == &first[0] {
		t.Error("a slab keeps more than it is told")
	}
}

func TestTheNextBatchIsInOnePiece(t *testing.T) {
	t.Parallel()
	var s Slab[int]
	batch := func(times int) (first *int) {
		first = &s.Take(7)[0]
		for range times - 1 {
			s.Take(7)
		}
		s.Reset(70)
		return first
	}
	batch(10)
	piece := batch(10)
	for range 3 {
		if batch(10) != piece {
			t.Error("a batch of the same size takes another piece")
		}
	}
	batch(11)
	if s.Take(3); cap(s.piece) != 3 {
		t.Errorf("a batch of over 70 values leaves a piece of %d", cap(s.piece))
	}
}

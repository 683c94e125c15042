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

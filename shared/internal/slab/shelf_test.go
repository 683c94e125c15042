package slab

import (
	"runtime"
	"testing"
)

func TestAShelfHasWhatWasPutLastAlsoAfterACollection(t *testing.T) {
	t.Parallel()
	s := Shelf[int]{Most: 2}
	a, b := s.Take(), s.Take()
	if a == b {
		t.Fatal("one value is used twice")
	}
	s.Put(a)
	s.Put(b)
	for range 3 {
		runtime.GC()
	}
	if got := s.Take(); got != b {
		t.Error("the value that was put last does not come first")
	}
	if got := s.Take(); got != a {
		t.Error("a value is gone")
	}
}

func TestAShelfKeepsNoMoreThanMost(t *testing.T) {
	t.Parallel()
	s := Shelf[int]{Most: 1}
	a, b := s.Take(), s.Take()
	s.Put(a)
	s.Put(b)
	if s.Take() != a || s.Take() == b {
		t.Error("a second value was kept")
	}
}

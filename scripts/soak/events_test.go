package main

import "testing"

// A short soak has a callback of over 1 MB. A longer one also has such an event in the
// queue.
func TestSizesOfEvents(t *testing.T) {
	t.Parallel()
	p := newPlan(1, 2*largeEvery)
	for n, pushed := range map[int]bool{firstLarge: true, largeEvery + firstLarge: false} {
		if e := p.event(n); e.pushed != pushed || e.family >= 0 || len(e.body) < 1_000_000 || len(e.body) > 2_100_000 {
			t.Errorf("event %d has %d bytes, pushed: %v, family %d", n, len(e.body), e.pushed, e.family)
		}
	}
	sizes := map[string]int{}
	for n := 1; n <= p.events; n++ {
		switch size := len(p.event(n).body); {
		case size < 1000:
			sizes["under 1 kB"]++
		case size < 100_000:
			sizes["under 100 kB"]++
		default:
			sizes["over"]++
		}
	}
	if sizes["under 1 kB"] < p.events/10 || sizes["under 100 kB"] < p.events/10 || sizes["over"] > p.events/100 {
		t.Errorf("the sizes are %v", sizes)
	}
}

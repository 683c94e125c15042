package journal

import (
	"testing"
	"time"
)

// The seconds that a reader is told add up to the totals that come with them: whether it
// reads each second or rarely, and when two ticks come within one second of the clock.
func TestAReadersSecondsAddUpToItsTotals(t *testing.T) {
	t.Parallel()
	j := New(nil)
	often, rare := j.Follow(), j.Follow()
	start := time.Unix(1795800000, 0)
	told := map[*Reader]map[int64]int{often: {}, rare: {}}
	read := func(name string, r *Reader) {
		u := r.Next()
		if u.Figures == nil {
			t.Fatalf("%s: a second is not told", name)
		}
		for _, p := range u.Figures.Series {
			told[r][p.T] = p.Unwanted
		}
		sum := 0
		for _, n := range told[r] {
			sum += n
		}
		if sum != u.Figures.Totals.Unwanted {
			t.Errorf("%s: the seconds add up to %d, the totals say %d", name, sum, u.Figures.Totals.Unwanted)
		}
		if u = r.Next(); u.Figures != nil {
			t.Errorf("%s: told twice: %+v", name, u.Figures)
		}
	}
	ticks := []time.Duration{900 * time.Millisecond, 1001 * time.Millisecond, 1999 * time.Millisecond, 4 * time.Second}
	for n, at := range ticks {
		j.Pulled(1, 0, n+1)
		j.Second(start.Add(at), 0, 0)
		j.Pulled(1, 0, 10) // in the next second; the totals are those of the last one's end
		read("often", often)
	}
	read("rare", rare)
	if got := len(told[rare]); got != len(ticks) {
		t.Errorf("%d seconds have their own time, want %d", got, len(ticks))
	}
}

// A reader that never reads keeps no more than the journal does.
func TestAReaderKeepsTheLastSeconds(t *testing.T) {
	t.Parallel()
	j := New(nil)
	reader := j.Follow()
	start := time.Unix(1795800000, 0)
	for n := range maxPoints + 50 {
		j.Second(start.Add(time.Duration(n)*time.Second), 0, 0)
	}
	series := reader.Next().Figures.Series
	if len(series) != maxPoints || series[0].T != start.Unix()+50 {
		t.Errorf("%d seconds from %d on", len(series), series[0].T)
	}
}

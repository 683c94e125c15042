package journal

import (
	"slices"
	"time"

	"vodevents/shared/vodfake"
)

const (
	maxPoints = 300  // seconds
	maxTook   = 1000 // times that the totals' percentiles are of
)

// figures count what happens, second by second. The journal's lock guards them.
type figures struct {
	totals Totals
	now    Point     // the second that runs
	came   time.Time // when the last event came into a function; zero: none did
	took   []time.Duration
	last   []time.Duration // a ring of maxTook
	next   int
	series []Point
}

// Figures are what happened, in all and second by second.
type Figures struct {
	Totals Totals  `json:"totals"`
	Series []Point `json:"series"` // the oldest first; at most 300
}

// Totals are of the whole run.
type Totals struct {
	Made        int      `json:"made"`
	Out         int      `json:"out"`
	Through     int      `json:"through"`
	Parked      int      `json:"parked"`
	Backlog     int      `json:"backlog"`
	Leased      int      `json:"leased"`
	LeaseMisses int      `json:"leaseMisses"`
	Duplicates  int      `json:"duplicates"`
	Unwanted    int      `json:"unwanted"`
	Failed      int      `json:"failed"`
	Pulls       int      `json:"pulls"`
	Polls       int      `json:"polls"`
	Kept        int      `json:"kept"`
	SinceEventS *int     `json:"sinceEventS,omitempty"` // seconds since the last event came into a function
	P50Ms       *float64 `json:"p50Ms,omitempty"`
	P99Ms       *float64 `json:"p99Ms,omitempty"`
}

// Point holds the figures of one second.
type Point struct {
	T           int64    `json:"t"` // Unix time in seconds; each Point has its own
	Made        int      `json:"made"`
	Out         int      `json:"out"`
	Through     int      `json:"through"`
	Backlog     int      `json:"backlog"`
	LeaseMisses int      `json:"leaseMisses"`
	Duplicates  int      `json:"duplicates"`
	Unwanted    int      `json:"unwanted"`
	P50Ms       *float64 `json:"p50Ms,omitempty"`
	P99Ms       *float64 `json:"p99Ms,omitempty"`
}

// ended counts an event that came to its end.
func (f *figures) ended(state vodfake.State, status int, took time.Duration) {
	if state == vodfake.Failed || state == vodfake.Expired || state == vodfake.Answered && status != 200 {
		f.totals.Failed++
		return
	}
	f.totals.Through++
	f.now.Through++
	f.took = append(f.took, took)
	if len(f.last) < maxTook {
		f.last = append(f.last, took)
		return
	}
	f.last[f.next] = took
	f.next = (f.next + 1) % maxTook
}

// Second ends a second. waiting and leased are what the queue holds. A timer is not
// exact: if two calls come within a second of the clock, the later one counts as the
// next second.
func (j *Journal) Second(now time.Time, waiting, leased int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f := &j.figures
	if !f.came.IsZero() {
		f.totals.SinceEventS = new(max(0, int(now.Sub(f.came).Seconds())))
	}
	p := f.now
	p.T, p.Backlog = now.Unix(), waiting+leased
	if n := len(f.series); n > 0 {
		p.T = max(p.T, f.series[n-1].T+1)
	}
	p.P50Ms, p.P99Ms = percentiles(f.took)
	f.series = latest(append(f.series, p))
	f.now, f.took = Point{}, f.took[:0]
	f.totals.Backlog, f.totals.Leased = waiting+leased, leased
	totals := j.sum()
	for reader := range j.readers {
		reader.second(totals, p)
	}
}

// latest are at most maxPoints.
func latest(series []Point) []Point {
	if over := len(series) - maxPoints; over > 0 {
		return slices.Delete(series, 0, over)
	}
	return series
}

// Figures gives the totals of now, and the seconds that have ended.
func (j *Journal) Figures() Figures {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Figures{j.sum(), append([]Point{}, j.figures.series...)}
}

func (j *Journal) sum() Totals {
	t := j.figures.totals
	t.Kept = len(j.byID)
	t.P50Ms, t.P99Ms = percentiles(slices.Clone(j.figures.last))
	return t
}

// percentiles sorts took and gives the nearest ranks: of two times, p99 is the
// longer one. They are nil when took is empty.
func percentiles(took []time.Duration) (p50, p99 *float64) {
	if len(took) == 0 {
		return nil, nil
	}
	slices.Sort(took)
	at := func(p int) *float64 { return new(millis(took[(len(took)*p+99)/100-1])) }
	return at(50), at(99)
}

func (j *Journal) duplicates(n int) {
	j.figures.now.Duplicates += n
	j.figures.totals.Duplicates += n
}

func (j *Journal) unwanted(n int) {
	j.figures.now.Unwanted += n
	j.figures.totals.Unwanted += n
}

// Pulled takes note of the result of an invocation of pull.
func (j *Journal) Pulled(polls, duplicates, unwanted int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.figures.totals.Pulls++
	j.figures.totals.Polls += polls
	j.duplicates(duplicates)
	j.unwanted(unwanted)
}

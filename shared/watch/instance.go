package watch

import (
	"maps"
	"sync"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/scf"
)

// Instance counts what one process does from its start. It is safe for concurrent
// use.
type Instance struct {
	function string
	start    time.Time

	mu       sync.Mutex
	last     time.Time // when the last event was here; zero: none so far
	silence  time.Duration
	alerted  bool
	total    counts
	statuses map[int]int // requests by the status of their answer
	confirms histogram
}

// New starts the counting of a function, which is callback or pull.
func New(function string) *Instance {
	i := &Instance{function: function, start: time.Now(), total: newCounts(), statuses: map[int]int{}}
	for _, status := range statuses {
		i.statuses[status] = 0
	}
	return i
}

// statuses are those of callback's answers. Each has a figure from the start: to
// Prometheus the first value of a figure is no increase.
var statuses = []int{200, 400, 401, 405, 408, 409, 413, 500, 503}

// counts are the figures of one invocation, or of all.
type counts struct {
	events      int
	fates       map[deliver.Fate]int
	polls       int
	failedPolls int
	confirmed   int

	longestDelivery time.Duration // of one batch
	longestConfirm  time.Duration // from the receipt of an event; 0: none was confirmed
}

func newCounts() counts {
	c := counts{fates: make(map[deliver.Fate]int, len(deliver.Fates))}
	for _, f := range deliver.Fates {
		c.fates[f] = 0 // a figure that is 0 is shown too
	}
	return c
}

// Configure sets what LOG_LEVEL and ALERT_SILENCE say. Call it at the start of each
// invocation, because SCF sets the variables again.
func (i *Instance) Configure(cfg config.Config) {
	scf.LogLevel.Set(cfg.LogLevel)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.silence = cfg.AlertSilence
}

// sinceEvent returns the time since the last event, or since the start if none has come
// yet. It is called under the lock.
func (i *Instance) sinceEvent() time.Duration {
	if i.last.IsZero() {
		return time.Since(i.start)
	}
	return time.Since(i.last)
}

// figures returns a copy of the figures of the instance.
func (i *Instance) figures() (total counts, statuses map[int]int, confirms histogram, sinceEvent time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	total = i.total
	total.fates = maps.Clone(i.total.fates)
	return total, maps.Clone(i.statuses), i.confirms, i.sinceEvent()
}

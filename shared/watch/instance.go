package watch

import (
	"context"
	"maps"
	"sync"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
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
	return &Instance{function: function, start: time.Now(), total: newCounts(), statuses: map[int]int{}}
}

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

// AlertAfter says how long no event may come before that is an error in the log;
// 0: for ever. It comes from the environment, which SCF sets anew for each
// invocation.
func (i *Instance) AlertAfter(silence time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.silence = silence
}

// Delivery returns the way of events through, counted.
func (i *Instance) Delivery(through func(context.Context, []*event.Event) []deliver.Result) func(context.Context, []*event.Event) []deliver.Result {
	repairs := i.Repairs(through)
	return func(ctx context.Context, events []*event.Event) []deliver.Result {
		i.count(ctx, func(c *counts) { c.events += len(events) })
		return repairs(ctx, events)
	}
}

// Repairs is [Instance.Delivery] for events that did not come but were made from
// VOD's answers. What became of them is counted. They end no silence.
func (i *Instance) Repairs(through func(context.Context, []*event.Event) []deliver.Result) func(context.Context, []*event.Event) []deliver.Result {
	return func(ctx context.Context, events []*event.Event) []deliver.Result {
		began := time.Now()
		results := through(ctx, events)
		took := time.Since(began)
		i.count(ctx, func(c *counts) {
			for _, r := range results {
				c.fates[r.Fate]++
			}
			c.longestDelivery = max(c.longestDelivery, took)
		})
		return results
	}
}

// count changes the figures of the instance, and of the invocation of ctx.
func (i *Instance) count(ctx context.Context, change func(*counts)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.total.events
	change(&i.total)
	if i.total.events > before {
		i.last = time.Now()
	}
	if v, ok := ctx.Value(invocationKey{}).(*Invocation); ok {
		change(&v.counts)
	}
}

// sinceEvent is the time since the last event, or since the start where none has
// come yet. It is called under the lock.
func (i *Instance) sinceEvent() time.Duration {
	if i.last.IsZero() {
		return time.Since(i.start)
	}
	return time.Since(i.last)
}

// figures is a copy of the figures of the instance.
func (i *Instance) figures() (total counts, statuses map[int]int, confirms histogram, sinceEvent time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	total = i.total
	total.fates = maps.Clone(i.total.fates)
	return total, maps.Clone(i.statuses), i.confirms, i.sinceEvent()
}

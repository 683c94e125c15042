package deliver

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"vodevents/shared/event"
)

// Pipeline delivers events: through the dedup store and the user's code to the
// sinks, and if they can never be delivered to the dead letters. It is safe for
// concurrent use.
type Pipeline struct {
	// Way is how the events come; it decides what becomes of one that fails.
	Way Way

	// Handler is called for each event before the sinks; nil is none. See the
	// package shared/handler for what it may do.
	Handler func(context.Context, *event.Event) error

	// Verify asks VOD whether an event is true, before the handler and the sinks
	// have it, and returns when it knows or when ctx ends. The error says why it
	// is Refuted or has NoAnswer. nil: VOD is not asked.
	Verify func(context.Context, *event.Event) (Verdict, error)

	// Sinks must all have an event before it is delivered. They run side by side.
	Sinks []Sink

	// Types are the EventTypes that a sink wants. A sink that is not in it wants
	// all. An event that no sink wants is [Unwanted].
	Types map[Sink]event.Types

	// DeadLetter takes what is parked; nil writes it whole into the log.
	DeadLetter Sink

	// Store remembers which events are done.
	Store Store

	// MaxAttempts is how often a pulled event may fail by its own fault before
	// it is parked, if there is a DeadLetter.
	MaxAttempts int

	// SchemaBase is what the events' dataschema begins with; empty leaves them
	// as they are.
	SchemaBase string

	rest resting
}

// Deliver brings a batch of events to the user's code and to every sink and
// returns the fate of each.
//
// A pulled event's failure counts as one attempt, however often it was tried
// within the call. See [Way] for what each way does.
//
// Deliver ends before ctx does, or after 28 s if ctx has no deadline. It keeps the
// last part of its time for the sinks, the dead letters and the store, so that a
// handler that never returns affects only its own event. Only such a handler is
// left running.
func (p *Pipeline) Deliver(ctx context.Context, events []*event.Event) []Result {
	if p.SchemaBase != "" {
		for _, e := range events {
			e.SchemaBase = p.SchemaBase
		}
	}
	d := &delivery{
		Pipeline: p,
		budget:   newBudget(ctx, p.Way),
		claimant: rand.Text(),
		items:    group(events),
	}
	work, cancel := d.working(ctx)
	defer cancel()
	d.claim(work)
	release := sync.OnceFunc(d.keepClaims(ctx))
	defer release() // also when a step panics: nobody else could ever claim them
	d.waitForClaims(work)
	d.verify(work)
	d.handle(work)
	d.send(work)
	d.judge()
	d.park(ctx)
	release()
	d.log(ctx)
	d.settle(ctx)
	return d.results(len(events))
}

// delivery is one call of Deliver.
type delivery struct {
	*Pipeline
	budget
	claimant string
	items    []*item
	counters []*counter

	mu   sync.Mutex
	mine []string // the ids that this delivery has claimed
}

// item is one event on its way, with all its places in the batch.
type item struct {
	event  *event.Event
	places []int
	record Record
	known  bool // the store answered: record says what it knows
	own    bool // the failure is the event's own: an attempt
	Result      // without a Fate and a Cause the event is still on its way
}

// group joins events with the same id, because a batch may have an event twice. It
// does not join events whose ids cannot tell a repetition.
func group(events []*event.Event) []*item {
	items := make([]*item, 0, len(events))
	block, places := make([]item, len(events)), make([]int, len(events))
	byID := make(map[string]*item, len(events))
	for i, e := range events {
		it := byID[e.ID]
		if it == nil || !e.StableID {
			it = &block[i]
			it.event, it.places = e, places[i:i:i+1]
			byID[e.ID] = it
			items = append(items, it)
		}
		it.places = append(it.places, i)
	}
	return items
}

// underWay returns the items that have not been stopped so far.
func (d *delivery) underWay() []*item {
	items := make([]*item, 0, len(d.items))
	for _, it := range d.items {
		if it.Fate == "" && it.Cause == nil {
			items = append(items, it)
		}
	}
	return items
}

// results gives each place of the batch the fate of its event.
func (d *delivery) results(n int) []Result {
	results := make([]Result, n)
	for _, it := range d.items {
		for i, place := range it.places {
			results[place] = it.Result
			if i > 0 && (it.Fate == Delivered || it.Fate == Unwanted) {
				results[place].Fate = Duplicate
			}
		}
	}
	return results
}

// fail stops an item because of a failure of its own.
func (it *item) fail(err error) { it.Cause, it.own = err, true }

// judge decides the fate of each item that has none yet. Those that get a
// Reason are parked next.
func (d *delivery) judge() {
	for _, it := range d.items {
		switch {
		case it.Fate != "":
			continue
		case it.Cause == nil:
			it.Fate = Delivered
			continue
		}
		it.Fate = Left
		if it.own || d.bringsAgain == "" {
			it.record.Attempts++
			it.record.LastError = it.Cause.Error()
			if it.record.FirstError == "" {
				it.record.FirstError = it.record.LastError
			}
		}
		if it.Reason == "" {
			it.Reason = d.reason(it)
		}
	}
}

// reason is why an item that failed is to be parked, or empty.
func (d *delivery) reason(it *item) Reason {
	switch {
	case IsPermanent(it.Cause) && d.parks(ReasonPermanent):
		return ReasonPermanent
	case d.parks(ReasonDeadline):
		return ReasonDeadline
	case it.own && d.DeadLetter != nil && it.record.Attempts >= d.MaxAttempts && d.parks(ReasonAttempts):
		return ReasonAttempts
	}
	return ""
}

// resting remembers which sinks asked to be left alone, for how long, across
// the batches of a Pipeline.
type resting struct {
	mu    sync.Mutex
	until map[Sink]time.Time
}

var errResting = errors.New("it asked to be left alone")

func (r *resting) left(s Sink) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(0, time.Until(r.until[s]))
}

func (r *resting) ask(s Sink, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = map[Sink]time.Time{}
	}
	if until := time.Now().Add(d); until.After(r.until[s]) {
		r.until[s] = until
	}
}

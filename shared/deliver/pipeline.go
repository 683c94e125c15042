package deliver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"vodevents/shared/event"
)

// Way is how events come. It decides what becomes of one that fails.
type Way int

const (
	// Pulled: VOD's queue brings a failed event again after 30 s, for 4 days. A
	// sink that is down is tried again for a few seconds, then the events are
	// left. One that was parked is not delivered again.
	Pulled Way = iota

	// Pushed: nobody brings the event again, since VOD ignores the answer to a
	// callback. What fails is tried until the context's end nears and is then
	// parked. An event that is claimed elsewhere is waited for.
	Pushed

	// Replayed: somebody holds the events in a file and sees the errors.
	// Nothing is parked, and what was parked is delivered.
	Replayed
)

// patience is how long a sink that is down is tried again within one lease.
// Longer would only hold events that VOD's queue holds better.
const patience = 5 * time.Second

// storeTime is the most that the store may take to answer: when it hangs it must
// not block the delivery, and VOD waits 5 s for the answer to a callback. A
// claim has at most a quarter of the time that is left, too.
const storeTime = 2 * time.Second

// claimFor is how long a claim holds where the context has no deadline.
const claimFor = 30 * time.Second

// Pipeline is an event's way: the dedup store, the user's code, the sinks, and
// for what can never be delivered the dead letters. It may be used by several
// goroutines.
type Pipeline struct {
	Way Way

	// Handler is called for each event before the sinks; nil is none. See the
	// package shared/handler for what it may do.
	Handler func(context.Context, *event.Event) error

	// Sinks must all have an event before it is delivered. They run side by side.
	Sinks []Sink

	// DeadLetter takes what is parked; nil writes it whole into the log.
	DeadLetter Sink

	// Store remembers which events are done.
	Store Store

	// MaxAttempts is how often a pulled event may fail by its own fault before
	// it is parked; see [Pipeline.Deliver].
	MaxAttempts int
}

// item is one event on its way, with all its places in the batch.
type item struct {
	event  *event.Event
	places []int
	record Record
	err    error  // why it is not delivered
	reason string // why it is to be parked
}

// Deliver brings a batch of events to the user's code and to every sink and
// returns, for each, what became of it:
//
//   - nil: every sink has it;
//   - [event.ErrDuplicate]: every sink had it before;
//   - [event.ErrParked]: it was put aside for good, by this call or before;
//   - [event.ErrClaimed]: another delivery of it is under way;
//   - [event.ErrUnavailable]: a sink is down, which is no fault of the event;
//   - anything else: it failed.
//
// A pulled event's failure counts as one attempt, however often it was tried
// within the call. At MaxAttempts it is parked, if there is a DeadLetter.
// Errors that are [Permanent] park at once, and so does a pulled element that
// is no event.
//
// Deliver ends before ctx does, and keeps the last part of its time for the
// sinks, the dead letters and the store, so that a handler that never returns
// costs only its own event. Nothing but such a handler is left running.
func (p *Pipeline) Deliver(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	items := group(events)

	work := ctx
	until := time.Now().Add(claimFor)
	if deadline, ok := ctx.Deadline(); ok {
		until = deadline
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, deadline.Add(-min(2*time.Second, time.Until(deadline)/8)))
		defer cancel()
	}
	claimant := rand.Text()
	open := p.claim(work, claimant, items, until)

	handling := work
	if end, ok := work.Deadline(); ok { // of what a wait for a claim has left
		var cancel context.CancelFunc
		handling, cancel = context.WithDeadline(work, end.Add(-min(3*time.Second, time.Until(end)/4)))
		defer cancel()
	}
	open = p.handle(handling, open)
	p.send(work, open)
	p.settle(ctx, claimant, items)

	for _, it := range items {
		for i, place := range it.places {
			errs[place] = it.err
			if i > 0 && it.err == nil {
				errs[place] = event.ErrDuplicate
			}
		}
	}
	return errs
}

// group joins events of one id: a batch may hold an event twice. Ids that tell
// no repetition tell nothing here either.
func group(events []*event.Event) []*item {
	items := make([]*item, 0, len(events))
	block := make([]item, len(events))
	byID := make(map[string]*item, len(events))
	for i, e := range events {
		it := byID[e.ID]
		if it == nil || !e.StableID {
			it = &block[i]
			it.event = e
			byID[e.ID] = it
			items = append(items, it)
		}
		it.places = append(it.places, i)
	}
	return items
}

// claim returns the items that are this call's to deliver.
func (p *Pipeline) claim(ctx context.Context, claimant string, items []*item, until time.Time) []*item {
	open := make([]*item, 0, len(items))
	ids := make([]string, 0, len(items))
	asked := make([]*item, 0, len(items))
	for _, it := range items {
		if !it.event.StableID {
			open = append(open, it) // its id cannot tell a repetition: rather twice than never
			continue
		}
		ids = append(ids, it.event.ID)
		asked = append(asked, it)
	}
	for len(asked) > 0 {
		most := storeTime
		if deadline, ok := ctx.Deadline(); ok {
			most = min(most, time.Until(deadline)/4)
		}
		asking, cancel := context.WithTimeout(ctx, most)
		records, err := p.Store.Claim(asking, claimant, ids, until, p.Way != Pulled)
		cancel()
		if err != nil {
			slog.ErrorContext(ctx, "dedup store failed: delivering without it", "error", err)
			return append(open, asked...)
		}
		waiting, waitingIDs := asked[:0], ids[:0]
		for i, it := range asked {
			switch it.record = records[i]; {
			case it.record.Mine:
				open = append(open, it)
			case it.record.State == Done:
				it.err = event.ErrDuplicate
			case it.record.State == Parked:
				it.err = event.ErrParked
			default:
				it.err = event.ErrClaimed
				waiting, waitingIDs = append(waiting, it), append(waitingIDs, it.event.ID)
			}
		}
		asked, ids = waiting, waitingIDs
		if p.Way != Pushed || len(asked) == 0 || !sleep(ctx, 200*time.Millisecond) {
			break
		}
		for _, it := range asked {
			it.err = nil
		}
	}
	return open
}

// handle runs the user's code for each item and returns those that passed.
func (p *Pipeline) handle(ctx context.Context, items []*item) []*item {
	type answer struct {
		it  *item
		err error
	}
	answers := make(chan answer, len(items)) // room for all: who answers late does not hang
	running := 0
	for _, it := range items {
		switch {
		case p.Way != Replayed && it.event.Type == event.TypeUnparsed:
			it.err, it.reason = event.ErrNotEvent, "unparsed"
		case p.Handler != nil:
			it.err = errHandlerStuck
			running++
			go func() { answers <- answer{it, p.handleOne(ctx, it.event)} }()
		}
	}
	for end := ctx.Done(); running > 0; running-- {
		select {
		case a := <-answers:
			a.it.err = a.err
			continue
		default:
		}
		select {
		case a := <-answers:
			a.it.err = a.err
		case <-end:
			running = 1 // those that have not answered keep errHandlerStuck
		}
	}
	passed := make([]*item, 0, len(items))
	for _, it := range items {
		if it.err == nil {
			passed = append(passed, it)
		}
	}
	return passed
}

var errHandlerStuck = errors.New("the handler has not returned in time: it must honour its context")

// handleOne calls the handler once; for a pushed event until it succeeds.
func (p *Pipeline) handleOne(ctx context.Context, e *event.Event) error {
	for try := 0; ; try++ {
		err := p.callHandler(ctx, e)
		if err == nil || IsPermanent(err) || p.Way != Pushed || !sleep(ctx, backoff(ctx, try)) {
			return err
		}
	}
}

func (p *Pipeline) callHandler(ctx context.Context, e *event.Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "handler panicked", "id", e.ID, "type", e.Type, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = fmt.Errorf("handler panicked: %v", v)
		}
	}()
	return plain(p.Handler(ctx, e))
}

// plain takes from an error of the user's code the words that would confirm an
// event which no sink has.
func plain(err error) error {
	for _, word := range []error{event.ErrDuplicate, event.ErrParked, event.ErrClaimed} {
		if errors.Is(err, word) {
			said := errors.New(err.Error())
			if IsPermanent(err) {
				return Permanent(said)
			}
			return said
		}
	}
	return err
}

// send brings the items to every sink and notes the error of each that decides.
func (p *Pipeline) send(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	events := make([]*event.Event, len(items))
	for i, it := range items {
		events[i] = it.event
	}
	bySink := make([][]error, len(p.Sinks))
	if len(p.Sinks) == 1 {
		bySink[0] = p.sendTo(ctx, p.Sinks[0], events)
	} else {
		var wg sync.WaitGroup
		for i, s := range p.Sinks {
			wg.Go(func() { bySink[i] = p.sendTo(ctx, s, events) })
		}
		wg.Wait()
	}
	for i, it := range items {
		for _, errs := range bySink {
			it.err = worse(it.err, errs[i])
		}
	}
}

// worse picks the error that decides: what is permanent parks, the event's own
// failure counts, a sink that is down only delays.
func worse(a, b error) error {
	rank := func(err error) int {
		switch {
		case err == nil:
			return 0
		case errors.Is(err, event.ErrUnavailable):
			return 1
		case IsPermanent(err):
			return 3
		}
		return 2
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// sendTo sends to one sink and asks it again only for what it may take later.
func (p *Pipeline) sendTo(ctx context.Context, s Sink, events []*event.Event) []error {
	final := make([]error, len(events))
	batch, places := events, []int(nil) // places are nil while batch is all of events
	started := time.Now()
	for try := 0; ; try++ {
		var again []*event.Event
		var againPlaces []int
		var wait time.Duration
		var down error
		for i, err := range s.Send(ctx, batch) {
			place := i
			if places != nil {
				place = places[i]
			}
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				err = Unavailable(err, 0) // the sink was slow, the event is not to blame
			}
			final[place] = err
			unavailable := errors.Is(err, event.ErrUnavailable)
			if unavailable || err != nil && p.Way == Pushed && !IsPermanent(err) {
				again = append(again, batch[i])
				againPlaces = append(againPlaces, place)
				wait = max(wait, after(err))
			}
			if unavailable {
				down = err
			}
		}
		if len(again) == 0 {
			return final
		}
		if down != nil && try == 0 {
			slog.WarnContext(ctx, "sink is down: trying again", "error", down, "events", len(again))
		}
		wait = max(wait, backoff(ctx, try))
		if p.Way != Pushed && time.Since(started)+wait > patience || !sleep(ctx, wait) {
			return final
		}
		batch, places = again, againPlaces
	}
}

// settle parks what is to be parked and tells the store how each claim ended.
func (p *Pipeline) settle(ctx context.Context, claimant string, items []*item) {
	var park []*item
	each := slog.Default().Enabled(ctx, slog.LevelDebug) // 16 lines a batch are too many to make for nothing
	for _, it := range items {
		if it.err == nil || it.ours() {
			if each {
				outcome := "delivered"
				if it.err != nil {
					outcome = it.err.Error()
				}
				slog.DebugContext(ctx, "event through", "id", it.event.ID, "type", it.event.Type, "subject", it.event.Subject, "outcome", outcome)
			}
			continue
		}
		own := !errors.Is(it.err, event.ErrUnavailable)
		if own || p.Way == Pushed {
			it.record.Attempts++
			it.record.LastError = it.err.Error()
			if it.record.FirstError == "" {
				it.record.FirstError = it.record.LastError
			}
		}
		switch {
		case p.Way == Replayed || it.reason != "":
		case IsPermanent(it.err):
			it.reason = "permanent"
		case p.Way == Pushed:
			it.reason = "deadline"
		case own && p.DeadLetter != nil && it.record.Attempts >= p.MaxAttempts:
			it.reason = "attempts"
		}
		if it.reason != "" {
			park = append(park, it)
		} else if own {
			slog.WarnContext(ctx, "event failed", "id", it.event.ID, "type", it.event.Type, "subject", it.event.Subject,
				"attempts", it.record.Attempts, "error", it.err)
		}
	}
	p.park(ctx, park)

	outcomes := make([]Outcome, 0, len(items))
	for _, it := range items {
		if !it.event.StableID || !it.record.Mine {
			continue
		}
		o := Outcome{it.event.ID, Done, it.record.Attempts, it.record.FirstError, it.record.LastError}
		switch {
		case errors.Is(it.err, event.ErrParked):
			o.State = Parked
		case it.err != nil && it.record.State == Parked:
			o.State = Parked // a replay that failed
		case it.err != nil:
			o.State = Free
		}
		outcomes = append(outcomes, o)
	}
	if len(outcomes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if err := p.Store.Settle(ctx, claimant, outcomes); err != nil {
		slog.ErrorContext(ctx, "dedup store failed: events may come twice", "error", err)
	}
}

// ours tells whether the error is a word of this package about an event that
// was not this call's to deliver.
func (it *item) ours() bool {
	return it.err == event.ErrDuplicate || it.err == event.ErrParked || it.err == event.ErrClaimed
}

// park puts the items into the dead letters, or whole into the log.
func (p *Pipeline) park(ctx context.Context, items []*item) {
	if len(items) == 0 {
		return
	}
	parked := make([]*event.Event, len(items))
	for i, it := range items {
		copied := *it.event
		copied.Parking = &event.Parking{
			Reason: it.reason, Attempts: it.record.Attempts,
			FirstError: it.record.FirstError, LastError: it.record.LastError,
		}
		parked[i] = &copied
	}
	refused := make([]error, len(items))
	if p.DeadLetter != nil {
		sending := ctx
		if deadline, ok := ctx.Deadline(); ok {
			// A dead letter that hangs must leave time for the log.
			var cancel context.CancelFunc
			sending, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
			defer cancel()
		}
		refused = p.sendTo(sending, p.DeadLetter, parked)
	}
	for i, it := range items {
		err := refused[i]
		if err != nil {
			it.err = fmt.Errorf("%w; dead letter: %w", it.err, err)
		}
		switch {
		case p.DeadLetter != nil && err == nil:
			slog.WarnContext(ctx, "event parked", "id", it.event.ID, "type", it.event.Type, "reason", it.reason, "error", it.err)
			it.err = event.ErrParked
		case p.Way == Pulled && err != nil && !IsPermanent(err):
			// VOD's queue is a safer place than a log.
			slog.WarnContext(ctx, "event not parked: left for redelivery", "id", it.event.ID, "error", it.err)
		default:
			slog.ErrorContext(ctx, "event parked in the log: replay it from here", "reason", it.reason, "error", it.err,
				"event", json.RawMessage(parked[i].AppendCloudEvent(nil)))
			it.err = event.ErrParked
		}
	}
}

// backoff is the pause before try+1: from 100 ms, doubling to 3 s, half of it by
// chance. Near the end of ctx it grows shorter, so that the last try is one of
// the last moments.
func backoff(ctx context.Context, try int) time.Duration {
	d := min(100*time.Millisecond<<min(try, 10), 3*time.Second)
	if deadline, ok := ctx.Deadline(); ok {
		d = max(50*time.Millisecond, min(d, time.Until(deadline)/2))
	}
	return d/2 + mathrand.N(d/2)
}

// sleep waits, unless ctx would end before.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

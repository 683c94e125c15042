package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
)

// send brings each item to every sink that wants it. The worst answer to an item
// decides.
func (d *delivery) send(ctx context.Context) {
	items := d.underWay()
	if len(items) == 0 {
		return
	}
	wanted := d.sort(items)
	bySink := make([][]verdict, len(d.Sinks))
	if len(d.Sinks) == 1 {
		bySink[0] = d.sendTo(ctx, d.Sinks[0], wanted[0], eventsOf(wanted[0]))
	} else {
		var wg sync.WaitGroup
		for i, s := range d.Sinks {
			wg.Go(func() { bySink[i] = d.sendTo(ctx, s, wanted[i], eventsOf(wanted[i])) })
		}
		wg.Wait()
	}
	for i, verdicts := range bySink {
		for j, it := range wanted[i] {
			v := verdicts[j]
			it.Down = it.Down || v.down
			it.After = max(it.After, v.after)
			if sofar := (verdict{err: it.Cause, own: it.own}); v.rank() > sofar.rank() {
				it.Cause, it.own = v.err, v.own
			}
		}
	}
}

// sort returns for each sink the items that it wants. Those that none wants are
// settled.
func (d *delivery) sort(items []*item) (wanted [][]*item) {
	wanted = make([][]*item, len(d.Sinks))
	if len(d.Types) == 0 {
		for i := range wanted {
			wanted[i] = items
		}
		return wanted
	}
	for _, it := range items {
		it.Fate = Unwanted
		for i, s := range d.Sinks {
			if types, ok := d.Types[s]; !ok || types.Has(it.event.Type) {
				wanted[i] = append(wanted[i], it)
				it.Fate = ""
			}
		}
	}
	return wanted
}

func eventsOf(items []*item) []*event.Event {
	events := make([]*event.Event, len(items))
	for i, it := range items {
		events[i] = it.event
	}
	return events
}

// verdict is what one sink did with one event, and whose fault it was.
type verdict struct {
	err   error
	own   bool          // the event's
	down  bool          // the sink's
	after time.Duration // how long it asked to be left alone
}

// rank orders verdicts: what is permanent parks, the event's own failure
// counts, a sink that is down only delays.
func (v verdict) rank() int {
	switch {
	case v.err == nil:
		return 0
	case !v.own:
		return 1
	case !IsPermanent(v.err):
		return 2
	}
	return 3
}

// sendTo sends the events of items to one sink and says whose fault the failures
// are. For dead letters, whose events all failed before, items is nil.
func (d *delivery) sendTo(ctx context.Context, s Sink, items []*item, events []*event.Event) []verdict {
	out := &sending{delivery: d, sink: s, events: events, errs: make([]error, len(events)), batch: events}
	out.run(ctx)
	return blame(items, out.errs)
}

// blame says whose fault the failures of a batch at one sink are.
//
// A sink is down only if no event of the batch got through. If others got through,
// a failure is the event's own. An event that failed before by its own fault is
// suspect: an answer that may be about it counts against it, even if nothing got
// through. A batch of suspects alone proves nothing about the sink.
func blame(items []*item, errs []error) []verdict {
	suspect := func(i int) bool { return items != nil && items[i].record.Attempts > 0 }
	through, suspectsOnly := false, true
	for i, err := range errs {
		through = through || err == nil
		suspectsOnly = suspectsOnly && suspect(i)
	}
	verdicts := make([]verdict, len(errs))
	for i, err := range errs {
		if err == nil {
			continue
		}
		v := verdict{err: err}
		var u *unavailableError
		switch {
		case !errors.As(err, &u), IsPermanent(err):
			v.own = true
		case u.untried:
			v.down = !through && !suspectsOnly
		case through:
			v.own = true
		default:
			v.own = u.tellsOfEvent() && suspect(i)
			v.down = !suspectsOnly
		}
		if u != nil {
			v.after = u.after
		}
		verdicts[i] = v
	}
	return verdicts
}

// sending is the tries of one batch at one sink.
type sending struct {
	*delivery
	sink   Sink
	events []*event.Event
	errs   []error // of events: the last answer to each

	batch   []*event.Event // what is to be sent now
	places  []int          // of batch in events; nil while batch is all of them
	through bool           // an event got through
	down    error
	asked   time.Duration // how long the sink wants to be left alone
}

// run tries until the sink has taken or refused every event, or until the way's
// patience is over.
func (s *sending) run(ctx context.Context) {
	started := time.Now()
	if s.bringsAgain != "" {
		s.asked = s.rest.left(s.sink)
	}
	for try := 0; len(s.batch) > 0; try++ {
		if try > 0 || s.asked > 0 {
			patience := s.retryDown
			if s.through {
				patience = s.retryBeside
			}
			wait, ok := s.pause(ctx, max(try, 1), s.asked, time.Since(started), patience)
			if !ok || !backoff.Sleep(ctx, wait) {
				if try == 0 {
					s.errs = FailAll(len(s.events), Unavailable(errResting, s.asked))
				}
				return
			}
		}
		s.try(ctx, try)
		if s.down != nil && try == 0 {
			slog.WarnContext(ctx, "sink is down: trying again", "error", s.down, "events", len(s.batch))
		}
	}
}

// try sends the batch once and keeps in it what is worth another try.
func (s *sending) try(whole context.Context, try int) {
	ctx, cancel := s.trying(whole, try)
	defer cancel()
	batch, places := s.batch, s.places
	s.batch, s.places, s.asked, s.down = nil, nil, 0, nil
	for i, err := range s.offer(ctx, batch) {
		place := i
		if places != nil {
			place = places[i]
		}
		if err == nil {
			s.errs[place], s.through = nil, true
			continue
		}
		timeout := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
		if timeout && !errors.Is(err, ErrUnavailable) {
			err = Unavailable(err, 0) // the sink was slow
		}
		if earlier := s.errs[place]; timeout && earlier != nil && isOver(whole) {
			err = earlier // the last try had no time to learn more
		}
		s.errs[place] = err
		var u *unavailableError
		switch {
		case IsPermanent(err):
			continue
		case errors.As(err, &u):
			s.down = err
			s.asked = max(s.asked, u.after)
		case !s.retryFailed:
			continue
		}
		s.batch, s.places = append(s.batch, batch[i]), append(s.places, place)
	}
	if s.asked > 0 {
		s.rest.ask(s.sink, s.asked)
	}
}

// isOver tells whether the time of a context is over. Its Err may be late to say so.
func isOver(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(end) <= 0
}

// offer gives the batch to the sink. One that panics is down, whether it runs
// alone or beside others: its events are left, or parked as a callback's are.
func (s *sending) offer(ctx context.Context, batch []*event.Event) (errs []error) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "sink panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			errs = FailAll(len(batch), Unavailable(fmt.Errorf("the sink panicked: %v", v), 0))
		}
	}()
	return s.sink.Send(ctx, batch)
}

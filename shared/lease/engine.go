package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
	"vodevents/shared/vod"
)

// The engine's own limits. VOD's are [vod.MaxEvents], [vod.Lease] and
// [vod.Timeout].
const (
	deliverFor   = vod.Lease - 2*time.Second // from the pull, so that the confirm still arrives
	maxHeld      = 8 << 20                   // bytes of answers that are not delivered, expected ones included
	flushAfter   = 50 * time.Millisecond     // the most a confirm waits for others
	flushLease   = 5 * time.Second           // what is left of a lease when a confirm waits no longer
	confirmTry   = 3 * time.Second
	maxAnswers   = 3                      // of VOD to one group of handles, none of them a success
	confirmSpare = 300 * time.Millisecond // kept at the invocation's end behind the last confirm
	answerSpare  = 150 * time.Millisecond // and for the answer itself
	maxReserve   = 5 * time.Second
	maxFailures  = 5 // pulls that failed in a row end an invocation
	maxDown      = 3 // batches in a row that met a sink that is down
	shortTimeout = 12 * time.Second
)

// engine owns all state of a drain in one goroutine, the one that runs run.
// Pulls and confirms are goroutines that tell it what happened by sending a
// function to news, which run calls.
type engine struct {
	Options
	ctx     context.Context // carries values only; never cancelled
	start   time.Time
	end     time.Time // of the invocation; zero: none
	reserve time.Duration

	news chan func()
	quit chan struct{}

	pulls, confirms *pacer
	apps            []*app
	next            int // the app whose turn it is
	slots           int // pulls that are in flight or whose batch is not delivered
	polling         int // pulls in flight
	held            int // bytes of answers that are not delivered
	expected        int // bytes of the next answer, by the sizes of recent ones
	down            int // batches in a row that met a sink that is down
	resting         time.Time
}

// app is one queue.
type app struct {
	SubAppId uint64
	Counts
	err error

	width    int // pulls it may have in flight
	polling  int // pulls it has in flight
	slots    int // those, and the batches that are not delivered
	failures int // pulls in a row that failed
	failed   time.Time
	resting  time.Time
	answered bool // a poll succeeded

	ready      []handle // delivered, to be confirmed
	confirming int      // groups under way
}

// handle names events that may be confirmed, until their lease ends. One handle
// is one event, unless VOD gave it twice in an answer.
type handle struct {
	name   string
	events int
	lease  time.Time
	since  time.Time
}

// run is the engine's one loop: start what may start, then wait for news.
func (e *engine) run(stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var hard <-chan time.Time
	if !e.end.IsZero() {
		hard = time.After(time.Until(e.end) - answerSpare)
	}
	for {
		now := time.Now()
		wake := earlier(e.startPulls(now), e.startConfirms(now))
		if e.finished() {
			return
		}
		if !wake.IsZero() {
			timer.Reset(time.Until(wake))
		}
		select {
		case f := <-e.news:
			f()
		case <-timer.C:
		case <-stop:
			stop = nil
			e.stop(Empty)
		case <-hard:
			return // whatever still runs broke its promise; its events are left
		}
	}
}

// tell has f run by the engine, unless that has ended.
func (e *engine) tell(f func()) {
	select {
	case e.news <- f:
	case <-e.quit:
	}
}

func (e *engine) finished() bool {
	for _, a := range e.apps {
		if a.Stopped == "" || a.slots > 0 || a.confirming > 0 || len(a.ready) > 0 {
			return false
		}
	}
	return true
}

// stop ends the pulling of every application that still pulls.
func (e *engine) stop(why string) {
	for _, a := range e.apps {
		a.stop(why, nil, e.start)
	}
}

func (a *app) stop(why string, err error, start time.Time) {
	if a.Stopped == "" {
		a.Stopped, a.err = why, err
		a.ElapsedMs = time.Since(start).Milliseconds()
	}
}

// startPulls starts the pulls that may start now and returns when to ask again;
// zero: when there is news.
func (e *engine) startPulls(now time.Time) (wake time.Time) {
	if !e.end.IsZero() && e.end.Sub(now) <= e.reserve+time.Second {
		e.stop(Deadline)
	}
	slots := e.Concurrency
	if e.down > 0 {
		slots = 1 // one batch finds out whether the sink is back
	}
	if e.slots >= slots || !e.roomForAnswer() {
		return time.Time{}
	}
	if e.resting.After(now) {
		return e.resting
	}
	for range e.apps {
		a := e.apps[e.next]
		switch {
		case a.Stopped != "" || a.polling >= a.width:
		case a.resting.After(now):
			wake = earlier(wake, a.resting)
		default:
			if at := e.pulls.take(now); at.After(now) {
				return earlier(wake, at)
			}
			e.next = (e.next + 1) % len(e.apps)
			e.slots++
			a.slots++
			a.polling++
			e.polling++
			a.Polls++
			go e.pullBatch(a)
			return now // perhaps another one
		}
		e.next = (e.next + 1) % len(e.apps)
	}
	return wake
}

// roomForAnswer tells whether one more answer fits into maxHeld, by the size of
// recent ones. A function of 128 MB bears one answer of 16 MB, not sixteen. The
// first pull of all always fits: nothing else would ever make room.
func (e *engine) roomForAnswer() bool {
	return e.slots == 0 || e.held+(e.polling+1)*e.expected <= maxHeld
}

// pullBatch is the way of one pull: PullEvents, Parse, Deliver. It owns the time
// of its lease, which counts from before the pull was sent, for VOD cannot have
// leased the events earlier.
func (e *engine) pullBatch(a *app) {
	sent := time.Now()
	ctx, cancel := context.WithDeadline(e.ctx, e.before(sent.Add(vod.Timeout), e.reserve))
	elements, err := e.Client.PullEvents(ctx, a.SubAppId)
	cancel()
	size := 0
	for _, el := range elements {
		size += len(el.Bytes)
	}
	e.tell(func() { e.pulled(a, len(elements), size, sent, err) })
	if len(elements) == 0 {
		return
	}

	events := make([]*event.Event, 0, len(elements))
	received := time.Now()
	for _, el := range elements {
		ev, err := event.ParseScanned(el, event.Origin{Mode: event.Reliable, SubAppId: a.SubAppId, Received: received})
		if ev.Handle == "" {
			slog.ErrorContext(e.ctx, "PullEvents gave an element without EventHandle: it cannot be confirmed", "error", err, "bytes", len(el.Bytes))
		}
		events = append(events, ev)
	}
	var results []deliver.Result
	if until := e.before(sent.Add(deliverFor), e.reserve/2); time.Until(until) > 0 {
		ctx, cancel := context.WithDeadline(e.ctx, until)
		results = e.deliver(ctx, events)
		cancel()
	}
	e.tell(func() { e.delivered(a, events, results, size, sent.Add(vod.Lease)) })
}

// deliver keeps a panic of the delivery to its own batch.
func (e *engine) deliver(ctx context.Context, events []*event.Event) (results []deliver.Result) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "delivery panicked: its events are left", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			results = nil
		}
	}()
	return e.Deliver(ctx, events)
}

// pulled takes note of a pull's answer.
func (e *engine) pulled(a *app, n, size int, sent time.Time, err error) {
	now := time.Now()
	a.Pulled += n
	a.polling--
	e.polling--
	e.held += size
	if n > 0 {
		e.expected = max(size, e.expected-e.expected/8) // large events come in runs
	}
	if n == 0 {
		a.slots--
		e.slots--
	}
	switch {
	case err == nil && n > 0:
		a.answered, a.failures = true, 0
		if n == vod.MaxEvents {
			a.width = min(2*a.width, e.Concurrency)
		} else {
			a.width = 1
		}
	case err == nil, errors.Is(err, vod.ErrEmpty):
		a.answered, a.failures, a.width = true, 0, 1
		if e.Until == UntilEmpty {
			a.stop(Empty, nil, e.start)
		} else if held := now.Sub(sent); held < time.Second {
			a.resting = sent.Add(time.Second) // the API did not hold the poll: do not spin
		}
	case errors.Is(err, context.DeadlineExceeded) && !e.end.IsZero() && e.end.Sub(now) <= e.reserve+50*time.Millisecond:
		a.answered = true // it was under way until the invocation's end
		a.stop(Deadline, nil, e.start)
	default:
		if sent.After(a.failed) { // pulls that flew together fail together: once is enough
			a.failures++
			a.failed = now
			a.width = max(1, a.width/2)
		}
		pause := pauseAfter(a.failures) // 0: it was sent before one that succeeded
		if errors.Is(err, vod.ErrRateLimited) {
			e.pulls.pause(now.Add(pause))
			e.confirms.pause(now.Add(pause))
		} else {
			a.resting = now.Add(pause)
		}
		slog.WarnContext(e.ctx, "PullEvents failed", "SubAppId", a.SubAppId, "failures", a.failures, "error", err)
		mends := errors.Is(err, vod.ErrRetry) || errors.Is(err, context.DeadlineExceeded)
		if (!mends || a.failures >= maxFailures) && e.Until != UntilStopped {
			a.stop(Failed, err, e.start)
		}
	}
}

// delivered takes note of what became of a batch.
func (e *engine) delivered(a *app, events []*event.Event, results []deliver.Result, size int, lease time.Time) {
	now := time.Now()
	a.slots--
	e.slots--
	e.held -= size
	down, through := false, false
	var after time.Duration
	safe := make([]bool, len(events)) // to be confirmed
	for i, r := range results {
		after = max(after, r.After)
		switch r.Fate {
		case deliver.Delivered:
			through = true
			a.Delivered++
		case deliver.Duplicate:
			a.Duplicates++
		case deliver.Parked:
			a.Parked++
		default:
			down = down || r.Down
			continue
		}
		if events[i].Handle != "" {
			safe[i] = true
		}
	}
	a.ready = append(a.ready, handles(events, safe, lease, now)...)
	if after > 0 {
		e.rest(now.Add(after))
	}
	if !down {
		if through { // a batch that met no sink says nothing about it
			e.down = 0
		}
		return
	}
	e.down++
	if e.down < maxDown {
		return
	}
	if e.Until == UntilStopped {
		e.rest(now.Add(pauseAfter(e.down)))
		return
	}
	e.stop(SinkDown)
}

// rest starts no pull before until, since a sink asked to be left alone. Where
// the invocation ends before, it ends now.
func (e *engine) rest(until time.Time) {
	if until.After(e.resting) {
		e.resting = until
	}
	if !e.end.IsZero() && e.end.Sub(until) <= e.reserve+time.Second && e.Until != UntilStopped {
		e.stop(SinkDown)
	}
}

// handles are those of a batch's safe events. One that stands for several
// events is there once, and only if all of them are safe: a confirm takes
// whatever it names out of the queue.
func handles(events []*event.Event, safe []bool, lease, now time.Time) []handle {
	ready := make([]handle, 0, len(events))
	for i, ev := range events {
		same := slices.IndexFunc(events, func(o *event.Event) bool { return o.Handle == ev.Handle })
		if !safe[i] || same < i {
			continue
		}
		h := handle{name: ev.Handle, lease: lease, since: now}
		all := true
		for j, other := range events[i:] {
			if other.Handle == ev.Handle {
				h.events++
				all = all && safe[i+j]
			}
		}
		if all {
			ready = append(ready, h)
		}
	}
	return ready
}

// startConfirms sends the confirms that wait no longer and returns when the next
// one is due; zero: none waits.
func (e *engine) startConfirms(now time.Time) (wake time.Time) {
	for _, a := range e.apps {
		for len(a.ready) > 0 {
			n := min(vod.MaxEvents, len(a.ready))
			due := a.ready[0].since.Add(flushAfter)
			lease := a.ready[0].lease
			for _, h := range a.ready[:n] {
				lease = earlier(lease, h.lease)
			}
			due = earlier(due, lease.Add(-flushLease))
			if n < vod.MaxEvents && e.slots > 0 && due.After(now) {
				wake = earlier(wake, due)
				break
			}
			group := a.ready[:n:n]
			a.ready = a.ready[n:]
			a.confirming++
			go e.confirmGroup(a, group, lease)
		}
		if len(a.ready) == 0 {
			a.ready = nil
		}
	}
	return wake
}

// before is t, or the invocation's end less spare where that is earlier.
func (e *engine) before(t time.Time, spare time.Duration) time.Time {
	if e.end.IsZero() {
		return t
	}
	return earlier(t, e.end.Add(-spare))
}

// pauseAfter is the pause after so many failures in a row, 0.2 s to 5 s.
func pauseAfter(failures int) time.Duration {
	return backoff.Pause(failures, 200*time.Millisecond, 5*time.Second)
}

// earlier is the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// startPulls starts the pulls that may start now, one in a call. It returns when
// to call it again. The zero time means: when there is news.
func (e *engine) startPulls(now time.Time) (wake time.Time) {
	if !e.end.IsZero() && e.end.Sub(now) <= e.reserve+time.Second {
		e.stop(Deadline)
	}
	slots := e.Concurrency
	if e.down > 0 {
		slots = 1 // a single batch finds out whether the sink is back
	}
	if e.slots >= slots || !e.roomForAnswer() {
		return time.Time{}
	}
	if e.restUntil.After(now) {
		return e.restUntil
	}
	for range e.apps {
		a := e.apps[e.next]
		switch {
		case a.Stopped != "" || a.polling >= a.width:
		case a.restUntil.After(now):
			wake = earlier(wake, a.restUntil)
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
			e.do(func() { e.pullBatch(a) })
			return now // there may be room for another one
		}
		e.next = (e.next + 1) % len(e.apps)
	}
	return wake
}

// roomForAnswer tells whether one more answer fits into maxHeld, judged by the
// size of recent ones. A function of 128 MB bears one answer of 16 MB, not
// sixteen. If nothing is held and no pull is in flight, there is always room:
// otherwise the pulling would stop for good.
func (e *engine) roomForAnswer() bool {
	return e.slots == 0 || e.held+(e.polling+1)*e.expected <= maxHeld
}

// pullBatch takes one batch from its pull to the end of its delivery. The lease
// counts from before the pull was sent: VOD holds a poll for up to 5 s and does
// not say when it leased the events, but it cannot have been earlier.
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

// pulled takes note of a pull's answer: n events of size bytes, or err, or both.
func (e *engine) pulled(a *app, n, size int, sent time.Time, err error) {
	now := time.Now()
	a.Pulled += n
	a.polling--
	e.polling--
	e.held += size
	if n > 0 {
		e.expected = max(size, e.expected-e.expected/8) // large events come in runs
	} else {
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
			e.stopApp(a, Empty, nil)
		} else if held := now.Sub(sent); held < time.Second {
			a.restUntil = sent.Add(time.Second) // VOD did not hold the poll: do not spin
		}
	case errors.Is(err, context.DeadlineExceeded) && !e.end.IsZero() && e.end.Sub(now) <= e.reserve+50*time.Millisecond:
		a.answered = true // not a failure: the invocation's end cut the poll
		e.stopApp(a, Deadline, nil)
	default:
		e.pullFailed(a, sent, now, err)
		e.Polled(n, err)
		return
	}
	e.Polled(n, nil)
}

// pullFailed slows the pulls of an application after a failure, and ends them
// if trying again is of no use.
func (e *engine) pullFailed(a *app, sent, now time.Time, err error) {
	if sent.After(a.failedAt) { // pulls that were in flight together count as one failure
		a.failures++
		a.failedAt = now
		a.width = max(1, a.width/2)
	}
	pause := pauseAfter(a.failures)
	if errors.Is(err, vod.ErrRateLimited) {
		e.pauseCalls(now.Add(pause))
	} else {
		a.restUntil = now.Add(pause)
	}
	slog.WarnContext(e.ctx, "PullEvents failed", "SubAppId", a.SubAppId, "failures", a.failures, "error", err)
	passing := errors.Is(err, vod.ErrRetry) || errors.Is(err, context.DeadlineExceeded)
	if (!passing || a.failures >= maxFailures) && e.Until != UntilStopped {
		e.stopApp(a, Failed, err)
	}
}

// deliver calls Deliver. If that panics, only its own batch is left.
func (e *engine) deliver(ctx context.Context, events []*event.Event) (results []deliver.Result) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "delivery panicked: its events are left", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			results = nil
		}
	}()
	return e.Deliver(ctx, events)
}

// delivered takes note of what became of a batch. No results: it was not
// delivered, and all of it is left.
func (e *engine) delivered(a *app, events []*event.Event, results []deliver.Result, size int, leaseEnds time.Time) {
	now := time.Now()
	a.slots--
	e.slots--
	e.held -= size
	down, through := false, false
	var after time.Duration
	safe := make([]bool, len(events)) // may be confirmed
	for i, r := range results {
		after = max(after, r.After)
		switch r.Fate {
		case deliver.Delivered:
			through = true
			a.Delivered++
		case deliver.Duplicate:
			a.Duplicates++
		case deliver.Unwanted:
			a.Unwanted++
		case deliver.Parked:
			a.Parked++
		default:
			down = down || r.Down
			continue
		}
		safe[i] = events[i].Handle != ""
	}
	a.ready = append(a.ready, handles(events, safe, leaseEnds, now)...)
	if after > 0 {
		e.rest(now.Add(after))
	}
	switch {
	case down:
		e.sinkDown(now)
	case through: // a batch without one met no sink and says nothing about it
		e.down = 0
	}
}

// sinkDown counts a batch that met a sink that is down. The third in a row ends
// the pulling, or in the loop slows it.
func (e *engine) sinkDown(now time.Time) {
	e.down++
	switch {
	case e.down < maxDown:
	case e.Until == UntilStopped:
		e.rest(now.Add(pauseAfter(e.down)))
	default:
		e.stop(SinkDown)
	}
}

// rest lets no pull start before until. If the invocation ends before that, the
// pulling ends now.
func (e *engine) rest(until time.Time) {
	if until.After(e.restUntil) {
		e.restUntil = until
	}
	if !e.end.IsZero() && e.end.Sub(until) <= e.reserve+time.Second && e.Until != UntilStopped {
		e.stop(SinkDown)
	}
}

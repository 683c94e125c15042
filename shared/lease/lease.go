package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// The rules of VOD's queue.
const (
	batchSize = 16               // most events of a pull and handles of a confirm (266/33433, 266/33434)
	leaseTime = 30 * time.Second // from the pull until an event comes back (266/33433)
	pullTime  = 10 * time.Second // "set the timeout to 10 s" (266/33433): a poll is held for 5 s
)

// Our own.
const (
	deliverFor   = leaseTime - 2*time.Second // from the pull, so that the confirm still arrives
	maxHeld      = 8 << 20                   // bytes of undelivered answers
	flushAfter   = 50 * time.Millisecond     // the most a confirm waits for others
	flushLease   = 5 * time.Second           // what is left of a lease when a confirm waits no longer
	confirmTry   = 3 * time.Second
	confirmSpare = 300 * time.Millisecond // kept at the invocation's end behind the last confirm
	answerSpare  = 150 * time.Millisecond // and for the answer itself
	maxReserve   = 5 * time.Second
	maxFailures  = 5 // pulls that failed in a row end an invocation
	maxDown      = 3 // batches in a row that met a sink that is down
	shortTimeout = 12 * time.Second
)

// Until says when to stop.
type Until int

const (
	// UntilEmpty stops at the first poll that brings nothing.
	UntilEmpty Until = iota

	// UntilDeadline goes on polling until the context's deadline nears.
	UntilDeadline

	// UntilStopped goes on until the context is cancelled, and then finishes
	// and confirms what it has. No failure ends it.
	UntilStopped
)

// Options of [Drain].
type Options struct {
	Client *vod.Client

	// SubAppIds are the applications to drain, side by side under one rate.
	// None is one queue without a SubAppId, as accounts from before 2023-12-25
	// have it.
	SubAppIds []uint64

	// Deliver takes a batch and says for each event what became of it, in the
	// vocabulary of the package event: nil, ErrDuplicate and ErrParked are
	// confirmed; everything else is left for redelivery; ErrUnavailable also
	// slows and ends the pulling. It must return before its context ends.
	Deliver func(context.Context, []*event.Event) []error

	Until Until

	// Rate is how many PullEvents calls a second to make at most, and
	// ConfirmEvents likewise; the API allows 100. 0 pauses.
	Rate float64

	// Concurrency is the most pulls in flight, over all applications.
	Concurrency int
}

// Why the pulling of an application ended.
const (
	Empty    = "empty"    // a poll brought nothing, or the loop was stopped
	Deadline = "deadline" // the invocation's time is nearly over
	SinkDown = "sink"     // three batches in a row met a sink that is down
	Failed   = "error"    // the API refuses, or failed too often
)

// Counts are figures of one application or of all.
type Counts struct {
	Pulled     int    `json:"pulled"`
	Delivered  int    `json:"delivered"`
	Duplicates int    `json:"duplicates"`
	Confirmed  int    `json:"confirmed"`
	Parked     int    `json:"parked"`
	Left       int    `json:"left"` // pulled and not confirmed: they come back
	Polls      int    `json:"polls"`
	Stopped    string `json:"stopped"`
	Error      string `json:"error,omitempty"` // the code alone: SCF logs the result
	ElapsedMs  int64  `json:"elapsed_ms"`
}

// App are the figures of one of several applications.
type App struct {
	SubAppId uint64 `json:"SubAppId"`
	Counts
}

// Result is what [Drain] did. Apps is there when there are several.
type Result struct {
	Counts
	Apps []App `json:"apps,omitempty"`
}

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
	held            int // bytes of answers that are not delivered
	down            int // batches in a row that met a sink that is down
	resting         time.Time
}

// app is one queue.
type app struct {
	SubAppId uint64
	Counts
	err error

	width    int // pulls it may have in flight
	slots    int
	failures int // pulls in a row that failed
	failed   time.Time
	resting  time.Time
	answered bool // a poll succeeded

	ready      []handle // delivered, to be confirmed
	confirming int      // groups under way
}

// handle is an event that may be confirmed, until its lease ends.
type handle struct {
	name  string
	lease time.Time
	since time.Time
}

// Drain pulls, delivers and confirms events until there is a reason to stop,
// and returns when nothing of its work runs any more.
//
// A deadline of ctx is the end of the invocation: the last part of it, 5 s or a
// quarter, is kept for deliveries and confirms. A pull that has been sent is
// never cancelled but by that end, since a cancelled one may have leased 16
// events to nobody. Cancelling ctx ends the pulling and nothing else.
//
// An empty queue is success. The error is not nil only when no application
// could be polled and nothing was delivered.
func Drain(ctx context.Context, o Options) (Result, error) {
	if len(o.SubAppIds) == 0 {
		o.SubAppIds = []uint64{0}
	}
	e := &engine{
		Options:  o,
		ctx:      context.WithoutCancel(ctx),
		start:    time.Now(),
		news:     make(chan func(), 64),
		quit:     make(chan struct{}),
		pulls:    newPacer(o.Rate),
		confirms: newPacer(o.Rate),
	}
	defer close(e.quit)
	if end, ok := ctx.Deadline(); ok {
		e.end = end
		e.reserve = min(maxReserve, time.Until(end)/4)
		if time.Until(end) < shortTimeout {
			warnShort.Do(func() {
				slog.WarnContext(ctx, "a poll alone may take 5 s: give the function a timeout of 12 s or more", "left", time.Until(end).String())
			})
		}
	}
	for _, id := range o.SubAppIds {
		e.apps = append(e.apps, &app{SubAppId: id, width: 1})
	}
	if o.Rate == 0 {
		slog.InfoContext(ctx, "PULL_RATE is 0: pulling is paused")
		if o.Until == UntilStopped {
			<-ctx.Done()
		}
		e.stop(Empty, nil)
	}
	e.run(ctx.Done())
	return e.result()
}

var warnShort sync.Once

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
		wake := earlier(e.pull(now), e.flush(now))
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
			e.stop(Empty, nil)
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
func (e *engine) stop(why string, err error) {
	for _, a := range e.apps {
		a.stop(why, err, e.start)
	}
}

func (a *app) stop(why string, err error, start time.Time) {
	if a.Stopped == "" {
		a.Stopped, a.err = why, err
		a.ElapsedMs = time.Since(start).Milliseconds()
	}
}

// pull starts the pulls that may start now and returns when to ask again; zero:
// when there is news.
func (e *engine) pull(now time.Time) (wake time.Time) {
	if !e.end.IsZero() && e.end.Sub(now) <= e.reserve+time.Second {
		e.stop(Deadline, nil)
	}
	if e.slots >= e.Concurrency || e.held > maxHeld {
		return time.Time{}
	}
	if e.resting.After(now) {
		return e.resting
	}
	for range e.apps {
		a := e.apps[e.next]
		if a.Stopped != "" || a.slots >= a.width {
			e.next = (e.next + 1) % len(e.apps)
			continue
		}
		if a.resting.After(now) {
			wake = earlier(wake, a.resting)
			e.next = (e.next + 1) % len(e.apps)
			continue
		}
		if at := e.pulls.take(now); at.After(now) {
			return earlier(wake, at)
		}
		e.next = (e.next + 1) % len(e.apps)
		e.slots++
		a.slots++
		a.Polls++
		go e.batch(a)
		return now // perhaps another one
	}
	return wake
}

// batch is the way of one pull: PullEvents, Parse, Deliver. It owns the time of
// its lease, which counts from before the pull was sent, for VOD cannot have
// leased the events earlier.
func (e *engine) batch(a *app) {
	sent := time.Now()
	ctx, cancel := context.WithDeadline(e.ctx, e.before(sent.Add(pullTime), e.reserve))
	raw, err := e.Client.PullEvents(ctx, a.SubAppId)
	cancel()
	size := 0
	for _, r := range raw {
		size += len(r)
	}
	e.tell(func() { e.pulled(a, len(raw), size, sent, err) })
	if len(raw) == 0 {
		return
	}

	events := make([]*event.Event, 0, len(raw))
	received := time.Now()
	for _, r := range raw {
		ev, err := event.Parse(r, event.Origin{Mode: event.Reliable, SubAppId: a.SubAppId, Received: received})
		if ev.Handle == "" {
			slog.ErrorContext(e.ctx, "PullEvents gave an element without EventHandle: it cannot be confirmed", "error", err, "bytes", len(r))
			continue
		}
		events = append(events, ev)
	}
	var errs []error
	if until := e.before(sent.Add(deliverFor), e.reserve/2); time.Until(until) > 0 && len(events) > 0 {
		ctx, cancel := context.WithDeadline(e.ctx, until)
		errs = e.deliver(ctx, events)
		cancel()
	}
	e.tell(func() { e.delivered(a, events, errs, size, sent.Add(leaseTime)) })
}

// deliver keeps a panic of the delivery to its own batch.
func (e *engine) deliver(ctx context.Context, events []*event.Event) (errs []error) {
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "delivery panicked: its events are left", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			errs = nil
		}
	}()
	return e.Deliver(ctx, events)
}

// pulled takes note of a pull's answer.
func (e *engine) pulled(a *app, n, size int, sent time.Time, err error) {
	now := time.Now()
	a.Pulled += n
	e.held += size
	if n == 0 {
		a.slots--
		e.slots--
	}
	switch {
	case err == nil && n > 0:
		a.answered, a.failures = true, 0
		if n == batchSize {
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
		pause := backoff(a.failures)
		if errors.Is(err, vod.ErrRateLimited) {
			e.pulls.pause(now.Add(pause))
			e.confirms.pause(now.Add(pause))
		} else {
			a.resting = now.Add(pause)
		}
		slog.WarnContext(e.ctx, "PullEvents failed", "SubAppId", a.SubAppId, "failures", a.failures, "error", err)
		final := errors.Is(err, vod.ErrAuth) || !errors.Is(err, vod.ErrRetry) || a.failures >= maxFailures
		if final && e.Until != UntilStopped {
			a.stop(Failed, err, e.start)
		}
	}
}

// delivered takes note of what became of a batch.
func (e *engine) delivered(a *app, events []*event.Event, errs []error, size int, lease time.Time) {
	now := time.Now()
	a.slots--
	e.slots--
	e.held -= size
	down := false
	for i, err := range errs {
		switch {
		case err == nil:
			a.Delivered++
		case errors.Is(err, event.ErrDuplicate):
			a.Duplicates++
		case errors.Is(err, event.ErrParked):
			a.Parked++
		default:
			down = down || errors.Is(err, event.ErrUnavailable)
			continue
		}
		a.ready = append(a.ready, handle{events[i].Handle, lease, now})
	}
	if !down {
		e.down = 0
		return
	}
	e.down++
	a.width = max(1, a.width/2)
	if e.down < maxDown {
		return
	}
	if e.Until == UntilStopped {
		e.resting = now.Add(backoff(e.down))
		return
	}
	e.stop(SinkDown, nil)
}

// flush sends the confirms that wait no longer and returns when the next one is
// due; zero: none waits.
func (e *engine) flush(now time.Time) (wake time.Time) {
	for _, a := range e.apps {
		for len(a.ready) > 0 {
			n := min(batchSize, len(a.ready))
			due := a.ready[0].since.Add(flushAfter)
			lease := a.ready[0].lease
			for _, h := range a.ready[:n] {
				lease = earlier(lease, h.lease)
			}
			due = earlier(due, lease.Add(-flushLease))
			if n < batchSize && e.slots > 0 && due.After(now) {
				wake = earlier(wake, due)
				break
			}
			group := a.ready[:n:n]
			a.ready = a.ready[n:]
			a.confirming++
			go e.confirm(a, group, lease)
		}
		if len(a.ready) == 0 {
			a.ready = nil
		}
	}
	return wake
}

// confirm confirms a group of at most 16 handles while its oldest lease lives.
// A group that is refused goes on handle by handle, so that one that is stale
// does not cost its neighbours.
func (e *engine) confirm(a *app, group []handle, lease time.Time) {
	ctx, cancel := context.WithDeadline(e.ctx, e.before(lease, confirmSpare))
	defer cancel()
	names := make([]string, len(group))
	for i, h := range group {
		names[i] = h.name
	}
	err := e.confirmNames(ctx, a, names)
	confirmed := 0
	switch {
	case err == nil:
		confirmed = len(names)
	case errors.Is(err, vod.ErrBadHandle) && len(names) > 1:
		alone := make([]error, len(names))
		var wg sync.WaitGroup
		for i := range names {
			wg.Go(func() { alone[i] = e.confirmNames(ctx, a, names[i:i+1]) })
		}
		wg.Wait()
		err = errors.Join(alone...)
		for _, one := range alone {
			if one == nil {
				confirmed++
			}
		}
	}
	if err != nil {
		slog.WarnContext(e.ctx, "ConfirmEvents failed: the events come back after their lease", "SubAppId", a.SubAppId,
			"events", len(names)-confirmed, "error", err)
	}
	e.tell(func() {
		a.confirming--
		a.Confirmed += confirmed
		if errors.Is(err, vod.ErrAuth) && e.Until != UntilStopped {
			a.stop(Failed, err, e.start)
		}
	})
}

// confirmNames asks until there is an answer that counts. After an answer that
// was lost the handles may be confirmed already and are then refused: they
// count as left, and if they come back meet the dedup store.
func (e *engine) confirmNames(ctx context.Context, a *app, names []string) error {
	for failures := 1; ; failures++ {
		if err := e.confirms.wait(ctx); err != nil {
			return fmt.Errorf("no time left to confirm: %w", err)
		}
		try, cancel := context.WithTimeout(ctx, confirmTry)
		err := e.Client.ConfirmEvents(try, a.SubAppId, names)
		cancel()
		if err == nil || errors.Is(err, vod.ErrBadHandle) || errors.Is(err, vod.ErrAuth) {
			return err
		}
		pause := backoff(failures)
		if errors.Is(err, vod.ErrRateLimited) {
			until := time.Now().Add(pause)
			e.pulls.pause(until)
			e.confirms.pause(until)
			continue
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// before is t, or the invocation's end less spare where that is earlier.
func (e *engine) before(t time.Time, spare time.Duration) time.Time {
	if e.end.IsZero() {
		return t
	}
	return earlier(t, e.end.Add(-spare))
}

// result adds up.
func (e *engine) result() (Result, error) {
	var r Result
	worst := map[string]int{Empty: 0, Deadline: 1, SinkDown: 2, Failed: 3}
	r.Stopped = Empty
	answered := false
	var errs []error
	for _, a := range e.apps {
		a.Left = a.Pulled - a.Confirmed
		r.Pulled += a.Pulled
		r.Delivered += a.Delivered
		r.Duplicates += a.Duplicates
		r.Confirmed += a.Confirmed
		r.Parked += a.Parked
		r.Left += a.Left
		r.Polls += a.Polls
		answered = answered || a.answered
		if a.err != nil {
			a.Error = code(a.err)
			errs = append(errs, fmt.Errorf("SubAppId %d: %w", a.SubAppId, a.err))
		}
		if worst[a.Stopped] >= worst[r.Stopped] {
			r.Stopped = a.Stopped
			r.Error = a.Error
		}
		r.Apps = append(r.Apps, App{a.SubAppId, a.Counts})
	}
	r.ElapsedMs = time.Since(e.start).Milliseconds()
	if len(r.Apps) == 1 {
		r.Apps = nil
	}
	if answered || r.Delivered > 0 || len(errs) == 0 {
		return r, nil
	}
	return r, errors.Join(errs...)
}

// code is the API's error code.
func code(err error) string {
	var v *vod.Error
	if errors.As(err, &v) {
		return v.Code
	}
	return "NetworkError"
}

// backoff is the pause after so many failures in a row: about 0.2 s, doubled
// each time up to 5 s, a half of it by chance so that functions do not march
// in step.
func backoff(failures int) time.Duration {
	d := min(200*time.Millisecond<<min(failures-1, 10), 5*time.Second)
	return d/2 + rand.N(d/2)
}

// earlier is the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

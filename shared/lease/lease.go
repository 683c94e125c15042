package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// Until says when a drain stops.
type Until string

const (
	// UntilEmpty stops at the first poll that brings nothing. It is the default.
	UntilEmpty Until = "empty"

	// UntilDeadline goes on polling until the context's deadline nears.
	UntilDeadline Until = "deadline"

	// UntilStopped goes on until the context is canceled, and then delivers and
	// confirms what it has. No failure ends it.
	UntilStopped Until = "stopped"
)

// Options of [Drain].
type Options struct {
	Client *vod.Client

	// SubAppIds are the applications to drain. They share one rate and take
	// turns. An empty list means one queue and no SubAppId in the calls, which
	// only accounts opened before 2023-12-25 may leave out (266/33433).
	SubAppIds []uint64

	// Deliver delivers a batch and says what became of each event. The engine
	// confirms those that were delivered, duplicates, unwanted or parked, and leaves the
	// others for redelivery. If they met a sink that is down, it also slows and
	// then ends the pulling. Deliver must return before its context ends.
	Deliver func(context.Context, []*event.Event) []deliver.Result

	Until Until

	// Rate is the most PullEvents calls a second, and the most ConfirmEvents
	// calls. The API allows 100 of each (266/33433). 0 pauses.
	Rate float64

	// Concurrency is the most pulls in flight, all applications together.
	Concurrency int

	// Polled and Confirmed are for whoever watches; nil: nobody. Polled is told of
	// each PullEvents call that ended, with the number of its events and its error. An
	// empty queue is no error. Not all of the events need to get to Deliver.
	// Confirmed is told of n events that VOD has confirmed, and how long that was
	// after their receipt.
	Polled    func(events int, err error)
	Confirmed func(n int, after time.Duration)
}

// Why the pulling of an application ended.
const (
	Empty    = "empty"    // a poll brought nothing, or the loop was stopped
	Deadline = "deadline" // the invocation's time is nearly over
	SinkDown = "sink"     // three batches in a row met a sink that is down
	Failed   = "error"    // the API refuses, or failed too often
)

// Counts are the figures of one application, or of all.
type Counts struct {
	Pulled     int    `json:"pulled"`
	Delivered  int    `json:"delivered"`
	Duplicates int    `json:"duplicates"`
	Unwanted   int    `json:"unwanted"` // no sink wants their EventType
	Confirmed  int    `json:"confirmed"`
	Parked     int    `json:"parked"`
	Left       int    `json:"left"` // pulled and not confirmed: they come back
	Polls      int    `json:"polls"`
	Stopped    string `json:"stopped"`
	Error      string `json:"error,omitempty"` // the code alone: SCF logs the result
	ElapsedMs  int64  `json:"elapsed_ms"`
}

// App is one of several applications with its figures.
type App struct {
	SubAppId uint64 `json:"SubAppId"`
	Counts
}

// Result is what [Drain] did. Apps is nil if there is only one.
type Result struct {
	Counts
	Apps []App `json:"apps,omitempty"`
}

// Figures are what the result adds to the log's line of the invocation.
func (r Result) Figures() []any { return []any{"stopped", r.Stopped} }

// Drain pulls, delivers and confirms events until there is a reason to stop. It
// returns when all of its work has ended.
//
// The deadline of ctx is the end of the invocation. The last 5 s before it, or
// the last quarter if that is shorter, are kept for deliveries and confirms. A
// pull that was sent is cut by that time alone: a canceled pull may have leased
// 16 events to nobody. Canceling ctx ends the pulling and nothing else.
//
// An empty queue is success. Drain returns an error only if no application
// could be polled and nothing was delivered.
func Drain(ctx context.Context, o Options) (Result, error) {
	if len(o.SubAppIds) == 0 {
		o.SubAppIds = []uint64{0}
	}
	o.Until = cmp.Or(o.Until, UntilEmpty)
	if o.Polled == nil {
		o.Polled = func(int, error) {}
	}
	if o.Confirmed == nil {
		o.Confirmed = func(int, time.Duration) {}
	}
	e := &engine{
		Options:  o,
		ctx:      context.WithoutCancel(ctx),
		start:    time.Now(),
		news:     make(chan func(), 64),
		quit:     make(chan struct{}),
		work:     make(chan func()),
		pulls:    newPacer(o.Rate),
		confirms: newPacer(o.Rate),
	}
	defer close(e.quit)
	if end, ok := ctx.Deadline(); ok {
		e.end = end
		e.reserve = min(maxReserve, time.Until(end)/4)
		// Some milliseconds are gone since the invocation began, so round.
		if time.Until(end).Round(time.Second) < shortTimeout {
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
		e.stop(Empty)
	}
	e.run(ctx.Done())
	return e.result()
}

var warnShort sync.Once

// result adds up the applications. The worst reason to stop is that of all.
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
		r.Unwanted += a.Unwanted
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

// code returns the API's error code, or a word where there is none.
func code(err error) string {
	var v *vod.Error
	switch {
	case errors.As(err, &v):
		return v.Code
	case errors.Is(err, context.DeadlineExceeded):
		return "Timeout"
	}
	return "NetworkError"
}

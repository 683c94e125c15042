package lease

import (
	"context"
	"time"

	"vodevents/shared/internal/backoff"
	"vodevents/shared/vod"
)

// The engine's own limits. VOD's limits are [vod.MaxEvents], [vod.Lease] and
// [vod.Timeout].
const (
	maxReserve   = 5 * time.Second        // the most that is kept at the invocation's end for deliveries and confirms
	confirmSpare = 300 * time.Millisecond // the last confirm ends this long before the invocation
	answerSpare  = 150 * time.Millisecond // and Drain returns this long before it
	shortTimeout = 12 * time.Second       // a shorter invocation gets a warning

	deliverFor  = vod.Lease - 2*time.Second // counted from the pull; the rest of the lease is for the confirm
	maxHeld     = 8 << 20                   // bytes of answers that are not delivered yet, expected answers included
	maxFailures = 5                         // failed pulls in a row that end an invocation
	maxDown     = 3                         // batches in a row that met a sink that is down, and end it

	confirmWait  = 50 * time.Millisecond // the longest that a handle waits for others to fill its group
	confirmLease = 5 * time.Second       // with less of its lease left, a handle does not wait
	confirmTry   = 3 * time.Second       // for one ConfirmEvents call
	maxAnswers   = 3                     // answers of VOD without success to a group, before each handle is confirmed alone
)

// engine owns all state of a drain. Only the goroutine of run reads or writes
// it. Pulls and confirms run in goroutines of their own; they report by sending
// a function to news, and run calls it.
type engine struct {
	Options
	ctx     context.Context // for its values only; it is never canceled
	start   time.Time
	end     time.Time     // of the invocation; zero if there is none
	reserve time.Duration // kept at the end for deliveries and confirms

	news chan func()
	quit chan struct{}
	work chan func() // for goroutines that have none

	pulls, confirms *pacer
	apps            []*app
	next            int       // index of the app whose turn it is
	slots           int       // pulls in flight, and batches in delivery
	polling         int       // pulls in flight
	held            int       // bytes of the batches in delivery
	expected        int       // bytes of the next answer, judged by recent ones
	down            int       // batches in a row that met a sink that is down
	restUntil       time.Time // no pull starts before
}

// app is one queue: an application of VOD.
type app struct {
	SubAppId uint64
	Counts
	err error

	width     int       // pulls it may have in flight
	slots     int       // its pulls in flight, and its batches in delivery
	polling   int       // its pulls in flight
	failures  int       // failed pulls in a row
	failedAt  time.Time // when the last of them failed
	restUntil time.Time // no pull starts before
	answered  bool      // at least one poll succeeded

	ready      []handle // delivered, to be confirmed
	confirming int      // groups being confirmed
}

// run is the engine's one loop: it starts what may start, then waits for news.
// When stop is closed, it pulls no more and finishes what it has.
func (e *engine) run(stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var giveUp <-chan time.Time
	if !e.end.IsZero() {
		giveUp = time.After(time.Until(e.end) - answerSpare)
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
		case report := <-e.news:
			report()
		case <-timer.C:
		case <-stop:
			stop = nil
			e.stop(Empty)
		case <-giveUp:
			return // a delivery has ignored its context; its events are left
		}
	}
}

// do has a goroutine do work: one that is done with other work, or else a new
// one. A goroutine that did a pull has the stack that the next one needs.
func (e *engine) do(work func()) {
	select {
	case e.work <- work:
	default:
		go func() {
			for {
				work()
				select {
				case work = <-e.work:
				case <-e.quit:
					return
				}
			}
		}()
	}
}

// tell has run call report. After run has returned it does nothing.
func (e *engine) tell(report func()) {
	select {
	case e.news <- report:
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

// stop ends the pulling of all applications.
func (e *engine) stop(why string) {
	for _, a := range e.apps {
		e.stopApp(a, why, nil)
	}
}

// stopApp ends the pulling of one application. The first reason counts.
func (e *engine) stopApp(a *app, why string, err error) {
	if a.Stopped == "" {
		a.Stopped, a.err = why, err
		a.ElapsedMs = time.Since(e.start).Milliseconds()
	}
}

// pauseCalls holds back the calls of both actions, since VOD answered
// RequestLimitExceeded.
func (e *engine) pauseCalls(until time.Time) {
	e.pulls.pause(until)
	e.confirms.pause(until)
}

// before returns t, or the invocation's end minus spare if that is earlier.
func (e *engine) before(t time.Time, spare time.Duration) time.Time {
	if e.end.IsZero() {
		return t
	}
	return earlier(t, e.end.Add(-spare))
}

// pauseAfter returns the pause after so many failures in a row. It doubles from
// 0.2 s to 5 s, and up to half of it is taken off at random.
func pauseAfter(failures int) time.Duration {
	return backoff.Pause(failures, 200*time.Millisecond, 5*time.Second)
}

// earlier returns the earlier of two times. The zero time means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

package deliver

import (
	"context"
	"time"

	"vodevents/shared/internal/backoff"
)

// budget is the time of one delivery. All of it follows from the deadline of
// the context that Deliver was given:
//
//	start                                              work           end
//	  |-- claim --|---- handle ----|------- send --------|-- park, settle --|
//	  |           |                |  try  try  try …    |                  |
//	  | store     |           handling ends              |  dead letters:   |
//	  | a quarter |           3 s or a quarter           |  half of it;     |
//	  | at most   |           before work                |  then the log    |
//	                                                     |                  |
//	                                                     2 s or an eighth
//
// A callback of 15 s whose database hangs and whose sink's connection is silent:
//
//	0 s          2 s          3.4 s  3.5 s        4.9 s  5 s
//	|   claim    |  first try  |  |   second try   |     |  VOD sends again
//
// Each step gets a context that ends where its part of the line does.
type budget struct {
	*guarantees
	work time.Time // the end of what may fail: claim, handle and send
	end  time.Time
}

const (
	// withoutDeadline is the time of a delivery whose context has no deadline:
	// what a lease leaves (266/33433).
	withoutDeadline = 28 * time.Second

	// claimLasts is how long a claim lasts after its last renewal. It is short
	// because of instances that are killed: VOD sends a callback again after
	// 5 s, and that send must not end before the claim that it waits for.
	claimLasts = 5 * time.Second

	// renewEvery is how often a claim is renewed while its delivery runs.
	renewEvery = 1500 * time.Millisecond

	// askEvery is how often somebody else's claim is looked at.
	askEvery = 200 * time.Millisecond

	// leastTry is the least time for a sink's first try. Less would be too short
	// for a server that is far away or has to be dialed first.
	leastTry = time.Second

	// mostAsked is the most of a Retry-After that a callback can wait: it must
	// answer within the 5 s that VOD waits, if that is possible at all.
	mostAsked = 2 * time.Second

	// lastTry is what is left for the last try of a sink that asked to be left
	// alone for longer than there is time.
	lastTry = 500 * time.Millisecond
)

func newBudget(ctx context.Context, way Way) budget {
	now := time.Now()
	end, ok := ctx.Deadline()
	if !ok {
		end = now.Add(withoutDeadline)
	}
	left := end.Sub(now)
	return budget{&ways[way], end.Add(-min(2*time.Second, left/8)), end}
}

// working is for everything before the parking.
func (b budget) working(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, b.work)
}

// claiming is for one call of the store. It leaves three quarters of the time to
// the handler and the sinks.
func (b budget) claiming(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(b.store, time.Until(b.work)/4))
}

// hurries tells whether claiming has less than a store may take.
func (b budget) hurries() bool { return time.Until(b.work)/4 < b.store }

// handling is for the user's code. It leaves time for the sinks, so that a
// handler that never returns costs only its own event. It is a share of what
// waiting for a claim has left.
func (b budget) handling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, b.work.Add(-min(3*time.Second, time.Until(b.work)/4)))
}

// trying is for one try of a sink, counted from 0. If there is enough time, the
// first try leaves some for a second one.
func (b budget) trying(ctx context.Context, try int) (context.Context, context.CancelFunc) {
	limit := b.tries[min(try, len(b.tries)-1)]
	if end, ok := ctx.Deadline(); ok && try == 0 {
		limit = min(limit, max(leastTry, time.Until(end)/2))
	}
	return context.WithTimeout(ctx, limit)
}

// burying is for the dead letters. If they hang, there is still time for the log.
func (b budget) burying(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Until(b.end)/2)
}

// settling is for telling the store how the claims ended.
func (b budget) settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, min(b.store, time.Until(b.end)))
}

// pause returns how long to wait before the next try; ok is false if there is none.
// asked is how long the sink wants to be left alone, spent is how long it has been
// tried, and patience is how long it may be tried.
func (b budget) pause(ctx context.Context, failures int, asked, spent, patience time.Duration) (wait time.Duration, ok bool) {
	left := toTheEnd
	if end, bounded := ctx.Deadline(); bounded {
		left = time.Until(end)
	}
	if patience != toTheEnd {
		wait = max(asked, pauseWithin(left, failures))
		return wait, spent+wait <= patience && wait < left
	}
	if asked == 0 {
		wait = pauseWithin(left, failures)
		return wait, wait < left
	}
	// Nobody else will bring the event. So the sink gets one more try near the
	// end, however long it wants to be left alone.
	wait = min(asked, mostAsked, left-lastTry)
	return wait, wait > 0
}

// pauseWithin returns the pause after so many failures, 0.1 s to 3 s. It gets
// shorter near the end, so that the last try comes as late as possible.
func pauseWithin(left time.Duration, failures int) time.Duration {
	most := max(50*time.Millisecond, min(3*time.Second, left/2))
	return backoff.Pause(failures, min(100*time.Millisecond, most), most)
}

// BeforeAnswer returns the context of a callback's delivery. It ends before ctx, to
// leave time for the answer: half a second, or a twentieth of what is left.
func BeforeAnswer(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(500*time.Millisecond, time.Until(deadline)/20)))
}

package lease

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// margin is the part of the allowed rate that is used. Calls do not arrive as
// evenly as they are sent; at 98 % no second holds more than the API allows.
const margin = 0.98

// pacer spaces calls of one API action evenly, and holds them back for a while
// when the API says that they are too many.
type pacer struct {
	limiter *rate.Limiter

	mu     sync.Mutex
	paused time.Time // until then

	reserved time.Time // by take, not yet used; for its one caller
}

func newPacer(perSecond float64) *pacer {
	// Burst 1: a burst of 16 after a pause would put more than the allowed
	// calls into the second around it.
	return &pacer{limiter: rate.NewLimiter(rate.Limit(margin*perSecond), 1)}
}

// take returns when the next call may be made. If that is not after now the
// call is taken. A turn that was not yet reached is kept, so that waking up
// late for one call does not delay all that follow; but a turn that was left
// for longer than one call takes is lost, or two calls would go out at once.
func (p *pacer) take(now time.Time) time.Time {
	turn := time.Duration(float64(time.Second) / float64(p.limiter.Limit()))
	if p.reserved.IsZero() || now.Sub(p.reserved) > turn {
		p.reserved = now.Add(p.limiter.ReserveN(now, 1).DelayFrom(now))
	}
	at := p.reserved
	p.mu.Lock()
	if p.paused.After(at) {
		at = p.paused
	}
	p.mu.Unlock()
	if !at.After(now) {
		p.reserved = time.Time{}
	}
	return at
}

// wait returns when a call may be made, or an error if ctx ends before.
func (p *pacer) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		paused := time.Until(p.paused)
		p.mu.Unlock()
		if paused <= 0 {
			return p.limiter.Wait(ctx)
		}
		select {
		case <-time.After(paused):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause holds back all calls until then.
func (p *pacer) pause(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.paused) {
		p.paused = until
	}
}

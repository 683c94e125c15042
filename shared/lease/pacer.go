package lease

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// margin is the part of the allowed rate that is used. Calls arrive less evenly
// than they are sent. At 98 % no second holds more than the API allows.
const margin = 0.98

// pacer spaces the calls of one API action evenly. It holds them back for a
// while when the API says that there are too many.
type pacer struct {
	limiter *rate.Limiter

	mu          sync.Mutex
	pausedUntil time.Time

	reserved time.Time // the turn that take has reserved; take has one caller
}

func newPacer(perSecond float64) *pacer {
	// Burst 1: after a pause, a burst of 16 would put more calls into one second
	// than the API allows.
	return &pacer{limiter: rate.NewLimiter(rate.Limit(margin*perSecond), 1)}
}

// take returns when the next call may be made. If that is now or earlier, the
// caller has the turn and must call. Otherwise the turn stays reserved for the
// next take: waking up late for one call must not delay all that follow. A turn
// that is late by more than the time between two calls is given up, or two calls
// would go out at once.
func (p *pacer) take(now time.Time) time.Time {
	between := time.Duration(float64(time.Second) / float64(p.limiter.Limit()))
	if p.reserved.IsZero() || now.Sub(p.reserved) > between {
		p.reserved = now.Add(p.limiter.ReserveN(now, 1).DelayFrom(now))
	}
	at := p.reserved
	p.mu.Lock()
	if p.pausedUntil.After(at) {
		at = p.pausedUntil
	}
	p.mu.Unlock()
	if !at.After(now) {
		p.reserved = time.Time{}
	}
	return at
}

// wait waits until a call may be made. It returns an error if ctx ends first.
func (p *pacer) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		paused := time.Until(p.pausedUntil)
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

// pause holds back all calls until the given time.
func (p *pacer) pause(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until.After(p.pausedUntil) {
		p.pausedUntil = until
	}
}

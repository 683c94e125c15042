package vod

import (
	"cmp"
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Pace spaces the calls of each action, because VOD's limits are per action. Make
// one for the process and share it among clients. The lease engine does not use
// it; it has its own limiters.
type Pace struct {
	perSecond float64

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

// NewPace allows so many calls of each action a second, evenly spaced. 2 % are kept
// for jitter on the way.
func NewPace(perSecond float64) *Pace {
	return &Pace{perSecond: 0.98 * perSecond, limiters: map[string]*rate.Limiter{}}
}

// wait returns when a call of the action may go out. Its error says that ctx ended,
// or that it would end first.
func (p *Pace) wait(ctx context.Context, action string) error {
	p.mu.Lock()
	l := p.limiters[action]
	if l == nil {
		l = rate.NewLimiter(rate.Limit(p.perSecond), 1)
		p.limiters[action] = l
	}
	p.mu.Unlock()
	if l.Wait(ctx) == nil {
		return nil
	}
	return cmp.Or(ctx.Err(), context.DeadlineExceeded)
}

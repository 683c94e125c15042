package vodfake

import (
	"context"
	"fmt"
	"time"
)

// DescribeEventsState counts the events that wait to be pulled. VOD's count is
// approximate and, since 2026-04, about 3 minutes late. Do not use it to decide
// whether to pull.
func (s *Server) describeEventsState(_ context.Context, c *Call, _ *struct{ target }, dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return fmt.Appendf(dst, `"CountOfEventsToPull":%d`, s.app(c.SubAppId).waitingAt(s.now().Add(-s.opt.StateLag))), nil
}

// sample is how many events waited at a time.
type sample struct {
	at      time.Time
	waiting int
}

// note keeps a sample a second, as many as the lag needs.
func (a *app) note(now time.Time, lag time.Duration) {
	if n := len(a.samples); n > 0 && now.Sub(a.samples[n-1].at) < time.Second {
		a.samples[n-1].waiting = a.waiting()
		return
	}
	for len(a.samples) > 1 && now.Sub(a.samples[1].at) >= lag {
		a.samples = a.samples[1:]
	}
	a.samples = append(a.samples, sample{now, a.waiting()})
}

func (a *app) waiting() int { return a.again.Len() + a.fresh.Len() }

func (a *app) waitingAt(t time.Time) int {
	for i := len(a.samples) - 1; i >= 0; i-- {
		if !a.samples[i].at.After(t) {
			return a.samples[i].waiting
		}
	}
	return 0
}

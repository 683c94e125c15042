package main

import (
	"context"
	"sync"
	"time"

	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

const (
	timers      = 3 // invocations of pull that overlap
	pullTimeout = 20 * time.Second
	mostWaiting = 1024 // in the queue
	mostLeases  = 200  // that run out in one round; a dozen are usual
)

// queueAll puts events into VOD's queue until there are no more, and closes queued.
func (s *run) queueAll(ctx context.Context, from <-chan planned, queued chan<- struct{}) {
	s.work.Go(func() {
		defer close(queued)
		for p := range from {
			for s.vod.App(subAppId).Waiting > mostWaiting && ctx.Err() == nil {
				wait(ctx, pollEvery)
			}
			s.ledger.send(p, s.vod.Now())
			s.ledger.link(s.vod.Queue(subAppId, p.body), p.n)
		}
	})
}

// pollEvery is how often the soak looks at the queue.
const pollEvery = 10 * time.Millisecond

// pullAll fires the timers while there are events, lets leases of killed instances
// run out, and closes drained when all events were queued and none is left. It gives
// up on events that never get through.
func (s *run) pullAll(ctx context.Context, queued <-chan struct{}, drained chan<- struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for range timers {
		all.Go(func() {
			for ctx.Err() == nil {
				s.timer(ctx)
			}
		})
	}
	s.work.Go(func() {
		<-queued
		for leases := 0; s.vod.Pending(subAppId) > 0 && leases < mostLeases && ctx.Err() == nil; {
			if s.letLeasesEnd() {
				leases++
			}
			wait(ctx, pollEvery)
		}
		cancel()
		all.Wait()
		close(drained)
	})
}

// timer is one invocation of pull, if an event waits.
func (s *run) timer(ctx context.Context) {
	s.pulls.Add(1)
	waits := s.vod.App(subAppId).Waiting > 0
	if waits {
		// What it answers is in the log. An instance that was killed answers nothing.
		_, _ = s.pull.Invoke(context.WithoutCancel(ctx), local.TimerEvent(s.vod.Now()), pullTimeout, nil)
	}
	s.pulls.Add(-1)
	if !waits {
		wait(ctx, pollEvery)
	}
}

// claimLasts is how long a claim of a killed instance lasts in DEDUP, by the clock of
// the database, which does not jump. Outside a soak, VOD's lease of 30 s outlasts it.
const claimLasts = 5 * time.Second

// letLeasesEnd moves the clock over a lease when no running instance has one: all
// events in the queue are leased, and no invocation runs.
func (s *run) letLeasesEnd() bool {
	if s.pulls.Load() > 0 || s.pulling.sinceDeath() < claimLasts {
		return false
	}
	if app := s.vod.App(subAppId); app.Waiting > 0 || app.Leased == 0 {
		return false
	}
	s.vod.FastForward(vodfake.Lease)
	return true
}

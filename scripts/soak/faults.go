package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"vodevents/shared/vodfake"
)

// apiFaults are what goes wrong with calls of the API by chance.
var apiFaults = []vodfake.Chance{
	{Action: "PullEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Limit}},
	{Action: "PullEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Fail}},
	{Action: "PullEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Status}},
	{Action: "PullEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Drop}},
	{Action: "PullEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Lost}},
	{Action: "PullEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Cut}},
	{Action: "PullEvents", Probability: 0.02, Fault: vodfake.Fault{Kind: vodfake.Delay, DelayMs: 100}},
	{Action: "PullEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Duplicate}},
	{Action: "PullEvents", Probability: 0.05, Fault: vodfake.Fault{Kind: vodfake.Reorder}},
	{Action: "ConfirmEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Limit}},
	{Action: "ConfirmEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Fail}},
	{Action: "ConfirmEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Drop}},
	{Action: "ConfirmEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Lost}},
	{Action: "ConfirmEvents", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Cut}},
	{Action: "ConfirmEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Delay, DelayMs: 200}},
	{Action: "ConfirmEvents", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Stale}},
	{Action: "ConfirmEvents", Probability: 0.001, Fault: vodfake.Fault{Kind: vodfake.Hang}},
}

// trouble is a failure of a part that the functions need. It is over when do returns.
type trouble struct {
	name string
	do   func(context.Context, *run) error
}

// lasts is how long a trouble lasts that does not end by itself. Any time will do.
const lasts = 500 * time.Millisecond

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// troubles returns all kinds of trouble.
func troubles() []trouble {
	all := []trouble{
		{"restart", func(_ context.Context, s *run) error { return errors.Join(s.db.Stop(), s.db.Start()) }},
		{"crash", func(_ context.Context, s *run) error { return errors.Join(s.db.Kill(), s.db.Start()) }},
		{"read-only", func(ctx context.Context, s *run) error {
			err := s.db.run(ctx, s.db.readOnly(true)...)
			wait(ctx, lasts)
			return errors.Join(err, s.db.run(context.WithoutCancel(ctx), s.db.readOnly(false)...))
		}},
		{"no connection free", func(ctx context.Context, s *run) error {
			leave := s.db.crowd(ctx)
			defer leave()
			wait(ctx, lasts)
			return nil
		}},
		{"webhook down", func(ctx context.Context, s *run) error {
			s.receiver.setDown(true)
			defer s.receiver.setDown(false)
			wait(ctx, lasts)
			return nil
		}},
	}
	if runtime.GOOS == "linux" {
		all = append(all, trouble{"frozen", func(ctx context.Context, s *run) error {
			err := s.db.Hang()
			wait(ctx, lasts)
			return errors.Join(err, s.db.Release())
		}})
	}
	return all
}

// mishaps are what goes wrong in one round: a trouble once a number of its events are
// through, and deaths of instances.
type mishaps struct {
	trouble trouble
	at      int // events of the round
	deaths  []int
}

// mishapsOf draws the mishaps of a round. The troubles take turns.
func (p *plan) mishapsOf(round int) mishaps {
	all := troubles()
	first := rand.New(rand.NewPCG(p.seed, 2<<32)).IntN(len(all))
	r := rand.New(rand.NewPCG(p.seed, 2<<32+1+uint64(round)))
	from, to := p.round(round)
	n := to - from
	m := mishaps{trouble: all[(first+round)%len(all)], at: n/5 + r.IntN(n/3+1)}
	// After a death the soak waits for claims to run out. In a short week instances
	// die on two days only: the first, and one that comes after other troubles.
	every := 2
	if p.events < 10_000 {
		every = 4
	}
	if round%every == 0 {
		for range 2 + r.IntN(4) {
			m.deaths = append(m.deaths, r.IntN(n*4/5+1))
		}
		slices.Sort(m.deaths)
	}
	return m
}

// strike makes the mishaps of a round happen, each once enough of its events are
// through. It returns when all are over.
func (s *run) strike(ctx context.Context, m mishaps, through func() int, over <-chan struct{}) error {
	reached := func(n int) bool {
		for through() < n {
			select {
			case <-over:
				return false
			case <-ctx.Done():
				return false
			case <-time.After(pollEvery):
			}
		}
		return true
	}
	s.work.Go(func() {
		for i, at := range m.deaths {
			if !reached(at) {
				return
			}
			victims := s.pulling
			if i%2 == 1 {
				victims = s.pushing
			}
			if victims.kill() {
				s.ledger.count(func(n *counts) { n.killed++ })
			}
		}
	})
	if !reached(m.at) {
		return nil
	}
	s.ledger.count(func(n *counts) { n.troubles++ })
	if err := m.trouble.do(ctx, s); err != nil {
		return fmt.Errorf("%s: %w", m.trouble.name, err)
	}
	return s.notary.catchUp(ctx)
}

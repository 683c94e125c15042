package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vodevents/scripts/internal/cron"
)

const (
	everyOff  = "off"
	everyCron = "cron"
	minEvery  = 100 * time.Millisecond
)

// period tells when a timer fires next after t; zero: never.
type period func(t time.Time) time.Time

// parseEvery reads -every; expression is what "cron" means.
func parseEvery(text, expression string) (period, error) {
	switch text {
	case everyOff:
		return func(time.Time) time.Time { return time.Time{} }, nil
	case everyCron:
		s, err := cron.Parse(expression)
		return s.Next, err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < minEvery {
		return nil, fmt.Errorf("%q: give a time of %v or more such as 10s, or %s, or %s", text, minEvery, everyCron, everyOff)
	}
	return func(t time.Time) time.Time { return t.Add(d) }, nil
}

// timer fires pull, as SCF's timer trigger does: it does not wait for the run
// before.
type timer struct {
	expression string // of serverless.yml
	changed    chan struct{}

	mu    sync.Mutex
	every string
	next  time.Time
	after period
}

func newTimer(every, expression string) (*timer, error) {
	t := &timer{expression: expression, changed: make(chan struct{}, 1)}
	return t, t.set(every)
}

func (t *timer) set(every string) error {
	after, err := parseEvery(every, t.expression)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.every, t.after = every, after
	t.next = after(time.Now())
	select {
	case t.changed <- struct{}{}:
	default:
	}
	return nil
}

// state is what -every says now, and when the timer fires next.
func (t *timer) state() (every string, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.every, t.next
}

// run calls fire, which must return at once, at each time that is due.
func (t *timer) run(ctx context.Context, fire func()) {
	for {
		_, next := t.state()
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.changed:
		case <-due:
			t.mu.Lock()
			if t.next.Equal(next) { // not changed in the meantime
				t.next = t.after(next)
				if now := time.Now(); !t.next.IsZero() && t.next.Before(now) { // this machine slept
					t.next = t.after(now)
				}
			}
			t.mu.Unlock()
			fire()
		}
	}
}

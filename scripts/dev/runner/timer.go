package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vodevents/scripts/internal/cron"
)

// What -every can be beside a time.
const (
	Off  = "off"  // the timer never fires
	Cron = "cron" // as the timer of serverless.yml
)

const minEvery = 100 * time.Millisecond

// period tells when a timer fires next after t; zero: never.
type period func(t time.Time) time.Time

// CheckEvery says what is wrong with a value of -every, as far as that can be
// said without serverless.yml.
func CheckEvery(text string) error {
	if text == Cron {
		return nil
	}
	_, err := parseEvery(text, "")
	return err
}

// parseEvery reads -every; expression is what "cron" means.
func parseEvery(text, expression string) (period, error) {
	switch text {
	case Off:
		return func(time.Time) time.Time { return time.Time{} }, nil
	case Cron:
		s, err := cron.Parse(expression)
		return s.Next, err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < minEvery {
		return nil, fmt.Errorf("%q: give a time of %v or more such as 10s, or %s, or %s", text, minEvery, Cron, Off)
	}
	return func(t time.Time) time.Time { return t.Add(d) }, nil
}

// Timer fires pull, as SCF's timer trigger does: it does not wait for the run
// before.
type Timer struct {
	Expression string // of serverless.yml
	changed    chan struct{}

	mu    sync.Mutex
	every string
	next  time.Time
	after period
}

func newTimer(every, expression string) (*Timer, error) {
	t := &Timer{Expression: expression, changed: make(chan struct{}, 1)}
	return t, t.Set(every)
}

// Check says what is wrong with a value of -every.
func (t *Timer) Check(every string) error {
	_, err := parseEvery(every, t.Expression)
	return err
}

// Set changes how often the timer fires.
func (t *Timer) Set(every string) error {
	after, err := parseEvery(every, t.Expression)
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

// State is what -every says now, and when the timer fires next.
func (t *Timer) State() (every string, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.every, t.next
}

// Run calls fire, which must return at once, at each time that is due.
func (t *Timer) Run(ctx context.Context, fire func()) {
	for {
		_, next := t.State()
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

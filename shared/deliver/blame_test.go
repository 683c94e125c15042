package deliver

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// answers makes a sink that fails the events of these subjects with err.
func answers(err error, subjects ...string) *script {
	return &script{fail: func(_ int, e *event.Event) error {
		for _, s := range subjects {
			if e.Subject == s {
				return err
			}
		}
		return nil
	}}
}

var (
	err500  = Answered(500, errors.New("answers 500"), 0)
	refused = Unavailable(errors.New("connection refused"), 0)
)

func TestAFailureBesideSuccessesIsAnAttempt(t *testing.T) {
	for name, err := range map[string]error{"500": err500, "503": Answered(503, errOwn, 0), "no answer": refused, "plain": errOwn} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store, dead := NewMemory(), &script{}
				p := &Pipeline{Sinks: []Sink{answers(err, "2")}, Store: store, DeadLetter: dead, MaxAttempts: 3}
				for attempt := 1; attempt <= 3; attempt++ {
					events := append([]*event.Event{upload(2)}, upload(10*attempt), upload(10*attempt+1))
					got := p.Deliver(t.Context(), events)
					want := Left
					if attempt == 3 {
						want = Parked
					}
					if got[0].Fate != want || got[0].Down || got[1].Fate != Delivered || got[2].Fate != Delivered {
						t.Errorf("attempt %d: got %+v", attempt, got)
					}
					if n := attempts(t, store, upload(2)); n != attempt {
						t.Errorf("%d attempts, want %d", n, attempt)
					}
				}
				if len(dead.all) != 1 || dead.all[0].Parking.Reason != "attempts" || dead.all[0].Parking.Attempts != 3 {
					t.Errorf("dead letters %+v", dead.all)
				}
			})
		})
	}
}

func TestASinkIsDownOnlyIfNothingGotThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		p := &Pipeline{Sinks: []Sink{answers(err500, "0", "1", "2", "3")}, Store: store, MaxAttempts: 3}
		for _, r := range p.Deliver(t.Context(), uploads(4)) {
			if r.Fate != Left || !r.Down {
				t.Errorf("nothing got through: %+v", r)
			}
		}
		if n := attempts(t, store, upload(0)); n != 0 {
			t.Errorf("a sink that is down cost %d attempts", n)
		}
		for i, r := range p.Deliver(t.Context(), uploads(5)) {
			if r.Down || r.Fate == Delivered != (i == 4) {
				t.Errorf("one got through: event %d %+v", i, r)
			}
		}
	})
}

// An event that failed beside others is suspect: a status that may be about it
// counts against it, also when nothing got through; other failures do not.
func TestASuspectsAnswerCountsAgainstIt(t *testing.T) {
	counts := map[int]int{0: 0, 401: 0, 403: 0, 404: 0, 429: 0, 502: 0, 503: 0, 504: 0, 405: 1, 407: 1, 408: 1, 410: 1, 421: 1, 425: 1, 500: 1, 501: 1, 505: 1, 507: 1}
	for status, more := range counts {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				store := NewMemory()
				p := &Pipeline{Sinks: []Sink{answers(err500, "0")}, Store: store, MaxAttempts: 9}
				p.Deliver(t.Context(), uploads(2))
				p.Sinks = []Sink{answers(Answered(status, errOwn, 0), "0", "2", "3")}
				got := p.Deliver(t.Context(), []*event.Event{upload(0), upload(2), upload(3)})
				if n := attempts(t, store, upload(0)); n != 1+more {
					t.Errorf("the suspect has %d attempts, want %d", n, 1+more)
				}
				for i, r := range got {
					if !r.Down {
						t.Errorf("event %d: others that are not suspect failed as well: %+v", i, r)
					}
				}
				if n := attempts(t, store, upload(2)); n != 0 {
					t.Errorf("one that is not suspect has %d attempts", n)
				}
			})
		})
	}
}

func TestABatchOfSuspectsSaysNothingOfTheSink(t *testing.T) {
	for name, err := range map[string]error{"500": err500, "503": Answered(503, errOwn, 0), "refused": refused} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			p := &Pipeline{Sinks: []Sink{answers(err, "0", "1")}, Store: NewMemory(), MaxAttempts: 9}
			p.Deliver(t.Context(), uploads(3))
			for _, r := range p.Deliver(t.Context(), uploads(2)) {
				if r.Fate != Left || r.Down {
					t.Errorf("%s: got %+v", name, r)
				}
			}
		})
	}
}

func TestAnUntriedEventIsNotToBlame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		store := NewMemory()
		s := &script{fail: func(_ int, e *event.Event) error {
			switch e.Subject {
			case "1":
				return err500
			case "2":
				return Untried(err500)
			}
			return nil
		}}
		p := &Pipeline{Sinks: []Sink{s}, Store: store, MaxAttempts: 9}
		got := p.Deliver(t.Context(), uploads(3))
		if got[1].Fate != Left || got[2].Fate != Left || got[2].Down {
			t.Errorf("got %+v", got)
		}
		if a, b := attempts(t, store, upload(1)), attempts(t, store, upload(2)); a != 1 || b != 0 {
			t.Errorf("%d attempts of the one that failed, %d of the one behind it", a, b)
		}
	})
}

// A pulled batch waits only for a moment for those that failed beside others.
func TestABadEventDoesNotHoldItsBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		p := &Pipeline{Sinks: []Sink{answers(err500, "2")}, Store: NewMemory(), MaxAttempts: 9}
		start := time.Now()
		p.Deliver(t.Context(), uploads(16))
		if took := time.Since(start); took > 1100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

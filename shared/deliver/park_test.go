package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

func TestAPulledEventIsParkedAfterMaxAttempts(t *testing.T) {
	for name, store := range map[string]Store{"memory": NewMemory(), "off": new(Off)} {
		t.Run(name, func(t *testing.T) {
			captureLog(t)
			calls := 0
			dead := &script{}
			p := &Pipeline{
				Handler: func(context.Context, *event.Event) error { calls++; return fmt.Errorf("call %d", calls) },
				Store:   store, DeadLetter: dead, MaxAttempts: 3,
			}
			for range 2 {
				if got := fate(t, p, t.Context(), upload(0)); got != Left {
					t.Fatalf("got %v", got)
				}
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Parked {
				t.Fatalf("got %v at the last attempt", got)
			}
			want := event.Parking{Reason: "attempts", Attempts: 3, FirstError: "call 1", LastError: "call 3"}
			if len(dead.all) != 1 || *dead.all[0].Parking != want {
				t.Errorf("dead letters %+v", dead.all)
			}
			if name == "off" {
				return
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Parked || calls != 3 {
				t.Errorf("a parked event that comes back: %v after %d calls", got, calls)
			}
			replay := &Pipeline{Way: Replayed, Store: store}
			if got := fate(t, replay, t.Context(), upload(0)); got != Delivered {
				t.Errorf("replay of a parked event: %v", got)
			}
			if got := fate(t, p, t.Context(), upload(0)); got != Duplicate {
				t.Errorf("an event that was replayed: %v", got)
			}
		})
	}
}

// If two events can have the same payload, the ID includes the handle, and VOD may give
// another handle each time. Such an event is still parked, and the count of the next
// equal event starts at 0.
func TestAnEventWithAnotherHandleEachTimeIsParkedAfterMaxAttempts(t *testing.T) {
	for name, store := range map[string]Store{"memory": NewMemory(), "off": new(Off)} {
		t.Run(name, func(t *testing.T) {
			captureLog(t)
			pulled := func(n int) *event.Event {
				raw := fmt.Sprintf(`{"EventHandle":"h%d","EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"7"}}`, n)
				e, err := event.Parse([]byte(raw), event.Origin{Mode: event.Reliable, Received: time.Now()})
				if err != nil {
					t.Fatal(err)
				}
				return e
			}
			works := false
			dead := &script{}
			p := &Pipeline{
				Handler: func(context.Context, *event.Event) error {
					if works {
						return nil
					}
					return errOwn
				},
				Store: store, DeadLetter: dead, MaxAttempts: 3,
			}
			handle := 0
			next := func() Fate { handle++; return fate(t, p, t.Context(), pulled(handle)) }
			for _, want := range []Fate{Left, Left, Parked, Left} {
				if got := next(); got != want {
					t.Fatalf("delivery %d: got %v, want %v", handle, got, want)
				}
			}
			if len(dead.all) != 1 || dead.all[0].Parking.Attempts != 3 {
				t.Errorf("dead letters %+v", dead.all)
			}
			works = true
			if got := next(); got != Delivered {
				t.Errorf("got %v once the handler works", got)
			}
			works = false
			for _, want := range []Fate{Left, Left, Parked} {
				if got := next(); got != want {
					t.Fatalf("delivery %d, after one that worked: got %v, want %v", handle, got, want)
				}
			}
			both := p.Deliver(t.Context(), []*event.Event{pulled(101), pulled(102)})
			if both[0].Fate != Left || both[1].Fate != Left {
				t.Errorf("two of one batch: %+v", both)
			}
			if got := attempts(t, store, &event.Event{ID: pulled(0).PayloadID}); got != 1 {
				t.Errorf("%d attempts after a batch with both, want 1", got)
			}
		})
	}
}

// What is no event is parked in both ways. A replay delivers it, for whoever
// replays it has read it.
func TestNoEventIsParkedAsUnparsed(t *testing.T) {
	captureLog(t)
	for way, parks := range map[Way]bool{Pulled: true, Pushed: true, Replayed: false} {
		e, _ := event.Parse([]byte(`{"EventHandle":"h","odd":1}`), event.Origin{Mode: event.Reliable, Received: time.Now()})
		s, dead := &script{}, &script{}
		p := &Pipeline{Way: way, Sinks: []Sink{s}, Store: NewMemory(), DeadLetter: dead, MaxAttempts: 5,
			Handler: func(context.Context, *event.Event) error {
				if parks {
					t.Errorf("way %d: the handler was called", way)
				}
				return nil
			}}
		got := p.Deliver(t.Context(), []*event.Event{e})[0]
		if !parks {
			if got.Fate != Delivered || len(s.took) != 1 {
				t.Errorf("way %d: got %+v", way, got)
			}
			continue
		}
		if got.Fate != Parked || got.Reason != ReasonUnparsed || !errors.Is(got.Cause, event.ErrNotEvent) {
			t.Errorf("way %d: got %+v", way, got)
		}
		if len(s.took) != 0 || len(dead.all) != 1 || dead.all[0].Parking.Reason != "unparsed" {
			t.Errorf("way %d: sink has %d, dead letters %+v", way, len(s.took), dead.all)
		}
	}
}

func TestDeadLettersThatAreDownLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := captureLog(t)
		dead := &script{fail: func(int, *event.Event) error { return Unavailable(errors.New("down"), 0) }}
		p := &Pipeline{
			Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) },
			Store:   NewMemory(), DeadLetter: dead, MaxAttempts: 5,
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if got := p.Deliver(ctx, uploads(1))[0]; got.Fate != Left || !got.Down || got.Reason != "" {
			t.Errorf("pulled: %+v, but VOD's queue must keep it, and the pulling end", got)
		}
		p.Way = Pushed
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		if got := fate(t, p, ctx, upload(2)); got != Parked {
			t.Errorf("pushed: %v", got)
		}
		if whole := parkedInLog(t, log.Bytes()); len(whole) != 1 || !strings.Contains(whole[0], `"FileId":"2"`) || time.Since(start) >= 10*time.Second {
			t.Errorf("the log must have the event before time is up (%v): %s", time.Since(start), log.Bytes())
		}
	})
}

// Neither a sink nor dead letters that hang to the end cost the event.
func TestWhatHangsLeavesTimeToPark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, timeout := range []time.Duration{time.Second, 3 * time.Second, 12 * time.Second} {
			log := captureLog(t)
			hung, dead := &script{delay: time.Hour}, &script{}
			p := &Pipeline{Way: Pushed, Sinks: []Sink{hung}, DeadLetter: dead, Store: NewMemory()}
			for _, deadLetter := range []Sink{dead, hung} {
				p.DeadLetter = deadLetter
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				if got := fate(t, p, ctx, upload(0)); got != Parked || ctx.Err() != nil {
					t.Errorf("%v: got %v, context %v", timeout, got, ctx.Err())
				}
				cancel()
			}
			if len(dead.all) != 1 || len(parkedInLog(t, log.Bytes())) != 1 {
				t.Errorf("%v: %d dead letters; log %s", timeout, len(dead.all), log)
			}
		}
	})
}

// full is the log of a process whose disk is full.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		return 0, errors.New("no space left on device")
	}
	f.room -= len(b)
	return len(b), nil
}

// An event is parked in the log only if the log took all of it.
func TestWhatTheLogDidNotTakeIsNotParked(t *testing.T) {
	for name, room := range map[string]int{"nothing": 0, "the first part": 7000} {
		for _, way := range []Way{Pulled, Pushed} {
			synctest.Test(t, func(t *testing.T) {
				before := slog.Default()
				defer slog.SetDefault(before)
				slog.SetDefault(slog.New(slog.NewJSONHandler(&full{room}, &slog.HandlerOptions{Level: slog.LevelError})))
				raw := `{"EventHandle":"h","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","Name":"` + strings.Repeat("x", 20_000) + `"}}`
				e, err := event.Parse([]byte(raw), event.Origin{Mode: event.Reliable, Received: time.Now()})
				if err != nil {
					t.Fatal(err)
				}
				store := NewMemory()
				p := &Pipeline{Way: way, Store: store, Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) }}
				got := p.Deliver(t.Context(), []*event.Event{e})[0]
				if got.Fate != Left || got.Reason != "" || !errors.Is(got.Cause, errOwn) || !strings.Contains(got.Cause.Error(), "no space left") {
					t.Errorf("%s, way %v: got %+v", name, way, got)
				}
				r, err := store.Claim(t.Context(), "look", []string{e.ID}, time.Second, false)
				if err != nil || r[0].State != StateFree {
					t.Errorf("%s, way %v: the store has %+v", name, way, r)
				}
			})
		}
	}
}

func TestAParkedEventIsWrittenWhateverTheLevel(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelError + 4})))
	p := &Pipeline{Store: NewMemory(), Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) }}
	if got := fate(t, p, t.Context(), upload(7)); got != Parked {
		t.Errorf("got %v", got)
	}
	whole := parkedInLog(t, log.Bytes())
	if len(whole) != 1 || !strings.Contains(whole[0], `"FileId":"7"`) || !strings.Contains(whole[0], `"parkreason":"permanent"`) {
		t.Errorf("the log holds %q", whole)
	}
}

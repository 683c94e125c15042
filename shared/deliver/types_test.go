package deliver

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
)

// typesOf reads a types= of a test.
func typesOf(t *testing.T, list string) event.Types {
	t.Helper()
	types, err := event.ParseTypes(list)
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// ofType is an event of any type about a file of this number.
func ofType(t *testing.T, eventType string, n int) *event.Event {
	t.Helper()
	e, err := event.Parse(fmt.Appendf(nil, `{"EventType":%q,"AnyEvent":{"FileId":"%d"}}`, eventType, n), event.Origin{Mode: event.Reliable, Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An event goes to the sinks that want its type and to no other. The handler
// sees every one, and one that no sink wants is settled without being sent.
func TestEventsGoWhereTheyAreWanted(t *testing.T) {
	for way, name := range map[Way]string{Pushed: "pushed", Pulled: "pulled", Replayed: "replayed"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				before := slog.Default()
				defer slog.SetDefault(before)
				slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
				seen := make(chan string, 16)
				only, others := &script{}, &script{}
				p := &Pipeline{
					Way: way, Store: NewMemory(), MaxAttempts: 5, Sinks: []Sink{only, others},
					Types: map[Sink]event.Types{only: typesOf(t, "A,B"), others: typesOf(t, "!A,C")},
					Handler: func(_ context.Context, e *event.Event) error {
						seen <- e.Type
						return nil
					},
				}
				batch := []*event.Event{ofType(t, "A", 1), ofType(t, "B", 2), ofType(t, "C", 3), ofType(t, "D", 4), ofType(t, "C", 3)}
				var fates []Fate
				for _, r := range p.Deliver(t.Context(), batch) {
					if fates = append(fates, r.Fate); r.Cause != nil || r.Down || r.Reason != "" {
						t.Errorf("got %+v", r)
					}
				}
				if want := []Fate{Delivered, Delivered, Unwanted, Delivered, Duplicate}; !slices.Equal(fates, want) {
					t.Errorf("got %v, want %v", fates, want)
				}
				if len(seen) != 4 {
					t.Errorf("the handler saw %d events", len(seen))
				}
				if want := []string{batch[0].ID, batch[1].ID}; !slices.Equal(sorted(only.took), sorted(want)) {
					t.Errorf("A,B has %v, want %v", only.took, want)
				}
				if want := []string{batch[1].ID, batch[3].ID}; !slices.Equal(sorted(others.took), sorted(want)) {
					t.Errorf("!A,C has %v, want %v", others.took, want)
				}
				if got := fate(t, p, t.Context(), batch[2]); got != Duplicate {
					t.Errorf("the unwanted one comes again and is %s", got)
				}
				if n := bytes.Count(log.Bytes(), []byte(`"level":"DEBUG","msg":"event unwanted"`)); n != 1 {
					t.Errorf("%d lines tell of it:\n%s", n, &log)
				}
			})
		})
	}
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

// A sink that wants nothing of a batch is not asked, so its being down is
// nobody's concern; and one that is down holds only what it wants.
func TestASinkThatIsDownHoldsWhatItWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &script{fail: func(int, *event.Event) error { return Unavailable(errOwn, 0) }}
		fine := &script{}
		p := &Pipeline{Store: NewMemory(), Sinks: []Sink{down, fine}, Types: map[Sink]event.Types{down: typesOf(t, "A")}}
		got := p.Deliver(t.Context(), []*event.Event{ofType(t, "A", 1), ofType(t, "B", 2)})
		if got[0].Fate != Left || !got[0].Down || got[1].Fate != Delivered || got[1].Down {
			t.Errorf("got %+v", got)
		}
		sends := down.sends
		if got := p.Deliver(t.Context(), []*event.Event{ofType(t, "B", 3)}); got[0].Fate != Delivered || down.sends != sends {
			t.Errorf("got %+v, and the sink that is down was asked %d times", got, down.sends-sends)
		}
	})
}

// What can never be delivered is parked whatever it is: dead letters take all.
func TestTypesDoNotSortWhatIsParked(t *testing.T) {
	for _, way := range []Way{Pushed, Pulled} {
		dead, s := &script{}, &script{}
		p := &Pipeline{Way: way, Store: NewMemory(), Sinks: []Sink{s}, DeadLetter: dead, MaxAttempts: 5,
			Types:   map[Sink]event.Types{s: typesOf(t, "A"), dead: typesOf(t, "A")},
			Handler: func(context.Context, *event.Event) error { return Permanent(errOwn) }}
		broken, err := event.Parse([]byte(`7`), event.Origin{Received: time.Now()})
		if err == nil {
			t.Fatal("7 is an event")
		}
		for _, e := range []*event.Event{ofType(t, "B", 1), broken} {
			if got := fate(t, p, t.Context(), e); got != Parked {
				t.Errorf("%s is %s", e.Type, got)
			}
		}
		if len(dead.took) != 2 || len(s.took) != 0 {
			t.Errorf("%d dead letters, %d sent", len(dead.took), len(s.took))
		}
	}
}

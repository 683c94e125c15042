package storedtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// ParkedTable is a table whose parked rows can be given up.
type ParkedTable interface {
	Table
	Unpark(context.Context, []string) ([]string, error)
	Discard(context.Context, []string) ([]string, error)
}

// TestUnpark checks that a delivered row is parked no longer and stays, and that only
// those that were parked are told. The table has four events, the third one parked.
func TestUnpark(t *testing.T, table ParkedTable, events []*event.Event) {
	t.Helper()
	asked := []string{events[1].ID, events[2].ID, "nobody"}
	for _, want := range [][]string{{events[2].ID}, nil} {
		got, err := table.Unpark(t.Context(), asked)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("unparked %q, %v, want %q", got, err, want)
		}
	}
	page, err := table.Page(t.Context(), stored.Filter{}, 10)
	if err != nil || len(page) != 4 || slices.ContainsFunc(page, func(r stored.Row) bool { return r.Parking != nil }) {
		t.Errorf("left: %+v, %v", page, err)
	}
}

// TestDiscard checks that a dead letter that is discarded is deleted, and that a row
// that the table took as SINK loses its mark alone. The table has four events, the
// third one parked, and sink writes to it.
func TestDiscard(t *testing.T, sink deliver.Sink, table ParkedTable, events []*event.Event) {
	t.Helper()
	sunk, err := event.Parse([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430546"]}}`),
		event.Origin{Mode: event.Reliable, Received: events[3].Received.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	// Another sink refused it: the table is DEAD_LETTER as well.
	parked := *sunk
	parked.Parking = &event.Parking{Reason: "permanent", Attempts: 2, FirstError: "400", LastError: "422"}
	for _, one := range []*event.Event{sunk, &parked} {
		if err := sink.Send(t.Context(), []*event.Event{one})[0]; err != nil {
			t.Fatal(err)
		}
	}
	asked := []string{sunk.ID, events[0].ID, events[2].ID}
	got, err := table.Discard(t.Context(), asked)
	slices.Sort(got)
	if want := slices.Sorted(slices.Values([]string{sunk.ID, events[2].ID})); err != nil || !slices.Equal(got, want) {
		t.Errorf("discarded %q, %v, want %q", got, err, want)
	}
	if got, err := table.Discard(t.Context(), asked); err != nil || len(got) != 0 {
		t.Errorf("discarded again: %q, %v", got, err)
	}
	page, err := table.Page(t.Context(), stored.Filter{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, r := range page {
		left = append(left, r.ID)
	}
	if want := []string{events[0].ID, events[1].ID, events[3].ID, sunk.ID}; !slices.Equal(left, want) || page[3].Parking != nil {
		t.Errorf("left: %+v", page)
	}
}

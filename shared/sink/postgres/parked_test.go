package postgres

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// parkedToo writes an event that the table took as SINK and that another sink
// refused: the table is DEAD_LETTER as well.
func parkedToo(t testing.TB, s *Sink, e *event.Event) {
	t.Helper()
	again := *e
	again.Parking = &event.Parking{Reason: "permanent", Attempts: 2, FirstError: "400", LastError: "422"}
	for _, one := range []*event.Event{e, &again} {
		must(t, s.Send(t.Context(), []*event.Event{one})[0])
	}
}

// A delivered row is parked no longer and stays, and only those that were parked
// are told.
func TestUnpark(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	table := openTable(t, u)
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

// A dead letter that is discarded is deleted; a row that the table took as SINK loses
// its mark alone.
func TestDiscard(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	sunk := at(t, 4, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430546"]}}`)
	parkedToo(t, openSink(t, u), sunk)
	table := openTable(t, u)
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
	if want := []string{events[0].ID, events[1].ID, events[3].ID, sunk.ID}; err != nil || !slices.Equal(ids(page), want) || page[3].Parking != nil {
		t.Errorf("left: %+v, %v", page, err)
	}
}

// A row that is delivered while Discard waits for it stays.
func TestDiscardSparesWhatIsDeliveredMeanwhile(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	events := sample(t, u)
	c, err := pgx.Connect(t.Context(), server(t).URL)
	must(t, err)
	defer c.Close(context.WithoutCancel(t.Context()))
	tx, err := c.Begin(t.Context())
	must(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE "+name+" SET parkreason = NULL, sunk_at = $1 WHERE id = $2", time.Now(), events[2].ID)
	must(t, err)
	table := openTable(t, u)
	discarded := make(chan []string, 1)
	go func() {
		got, err := table.Discard(t.Context(), []string{events[2].ID})
		if err != nil {
			got = []string{err.Error()}
		}
		discarded <- got
	}()
	waitFor(t, "Discard to wait for the row", func() bool {
		return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DELETE FROM %'||$1||'%'`, strings.Trim(name, `"`))[0] == "1"
	})
	must(t, tx.Commit(t.Context()))
	if got := <-discarded; len(got) != 0 {
		t.Errorf("discarded %q", got)
	}
	if page, err := table.Page(t.Context(), stored.Filter{IDs: []string{events[2].ID}}, 1); err != nil || len(page) != 1 {
		t.Errorf("left: %+v, %v", page, err)
	}
}

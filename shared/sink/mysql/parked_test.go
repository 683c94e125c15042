package mysql

import (
	"slices"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

func ids(rows []stored.Row) (ids []string) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

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
	u, _ := newTable(t)
	events := sample(t, u)
	sunk, err := event.Parse([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430546"]}}`), event.Origin{Mode: event.Reliable, Received: day.Add(4 * time.Hour)})
	must(t, err)
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
	u, name := newTable(t)
	events := sample(t, u)
	table := openTable(t, u)
	held := openTable(t, u)
	id := events[2].ID
	discarded := make(chan []string, 1)
	must(t, held.pool.Use(t.Context(), nil, func(c *conn) error {
		return c.transaction(t.Context(), func() error {
			if err := c.exec(t.Context(), "UPDATE "+held.name+" SET parkreason = NULL, sunk_at = UTC_TIMESTAMP(6) WHERE id = ?", id); err != nil {
				return err
			}
			go func() {
				got, err := table.Discard(t.Context(), []string{id})
				if err != nil {
					got = []string{err.Error()}
				}
				discarded <- got
			}()
			// The server looks at its transactions anew only when nobody asked for 0.1 s.
			waitEach(t, 200*time.Millisecond, "Discard to wait for the row", func() bool {
				return sql(t, "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND trx_query LIKE '%"+name+"%'")[0] != "0"
			})
			return nil
		})
	}))
	if got := <-discarded; len(got) != 0 {
		t.Errorf("discarded %q", got)
	}
	if page, err := table.Page(t.Context(), stored.Filter{IDs: []string{id}}, 1); err != nil || len(page) != 1 {
		t.Errorf("left: %+v, %v", page, err)
	}
}

package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/stored"
	"vodevents/shared/sink/stored/storedtest"
)

func TestUnpark(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	storedtest.TestUnpark(t, openTable(t, u), events)
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	storedtest.TestDiscard(t, openSink(t, u), openTable(t, u), events)
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

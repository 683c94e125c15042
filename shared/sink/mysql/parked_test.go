package mysql

import (
	"testing"
	"time"

	"vodevents/shared/sink/stored"
	"vodevents/shared/sink/stored/storedtest"
)

func TestUnpark(t *testing.T) {
	u, _ := newTable(t)
	events := sample(t, u)
	storedtest.TestUnpark(t, openTable(t, u), events)
}

func TestDiscard(t *testing.T) {
	u, _ := newTable(t)
	events := sample(t, u)
	storedtest.TestDiscard(t, openSink(t, u), openTable(t, u), events)
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
			// The server looks at its transactions again only when nobody asked for 0.1 s.
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

package postgres

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// Where serializable is the default, instances that meet in a row wait for each
// other and do not fail.
func TestReadCommittedIsOurs(t *testing.T) {
	for _, level := range []string{"serializable", "repeatable read"} {
		t.Run(level, func(t *testing.T) {
			u, _ := newTable(t)
			q := u.Query()
			q.Set("default_transaction_isolation", level)
			u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
			instancesMeet(t, u)
		})
	}
}

// The media of a batch are written in the transaction that the pool has begun then, and
// a batch that says nothing new ends it too.
func TestMediaWhereSerializableIsTheDefault(t *testing.T) {
	u, m := withMedia(t)
	q := u.Query()
	q.Set("default_transaction_isolation", "serializable")
	u.RawQuery = q.Encode()
	s := openSink(t, u)
	for range 2 {
		taken(t, s.Send(t.Context(), []*event.Event{transcodedTwelve(t, 1), transcodedTwelve(t, 2)}))
		if rows := mediaRows(t, m); len(rows) != 2 || rows[1].State != media.Ready {
			t.Errorf("got %+v", rows)
		}
	}
}

// TestReadCommittedIsOurs behind PgBouncer in transaction mode, which gives each transaction
// another session and takes no parameter at the start.
func TestReadCommittedBehindPgBouncer(t *testing.T) {
	_, table := newTable(t)
	psql(t, `CREATE ROLE `+table+` LOGIN`)
	psql(t, `GRANT ALL ON SCHEMA public TO `+table)
	psql(t, `ALTER ROLE `+table+` SET default_transaction_isolation = 'serializable'`)
	b := servertest.RunT(t, func() (*servertest.Server, error) { return pgtest.RunPgBouncer(server(t)) })
	through, err := url.Parse(b.URL)
	must(t, err)
	through.User = url.User(table)
	instancesMeet(t, with(through, sqltable.TableParam, table))
}

// A pooler can lead to a session with another default than the first one had.
func TestReadCommittedIsFoundLate(t *testing.T) {
	u, _ := newTable(t)
	a, b := openSink(t, u), openSink(t, u)
	change := func(s *Sink) {
		must(t, s.pool.Use(t.Context(), nil, func(c *conn) error {
			_, err := c.Exec(t.Context(), `SET default_transaction_isolation = 'serializable'`)
			return err
		}))
	}
	events := delivertest.Events(t, 1)
	taken(t, a.Send(t.Context(), events))
	change(a)
	change(b)
	// Two transactions update one row: with the old default the second one fails
	// when the first one commits.
	psql(t, `UPDATE `+a.table.Name+` SET parkreason = 'test'`)
	hold := openSink(t, u)
	var all sync.WaitGroup
	must(t, hold.pool.Use(t.Context(), nil, func(c *conn) error {
		tx, err := c.Begin(t.Context())
		if err != nil {
			return err
		}
		defer tx.Rollback(t.Context())
		if _, err := tx.Exec(t.Context(), `UPDATE `+a.table.Name+` SET parkreason = 'again'`); err != nil {
			return err
		}
		for _, s := range []*Sink{a, b} {
			all.Go(func() { taken(t, s.Send(t.Context(), events)) })
		}
		waitFor(t, "both to wait for the row", func() bool {
			return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%'||$1||'%'`, strings.Trim(a.table.Name, `"`))[0] == "2"
		})
		return tx.Commit(t.Context())
	}))
	all.Wait()
}

// instancesMeet has 8 instances send the same 10 events at once, parked and
// not, which makes each of them update the others' rows.
func instancesMeet(t *testing.T, u *url.URL) {
	t.Helper()
	events := delivertest.Events(t, 10)
	var all sync.WaitGroup
	for range 8 {
		s := openSink(t, u)
		all.Go(func() {
			for n := range 30 {
				batch := make([]*event.Event, len(events))
				for i, e := range events {
					copied := *e
					if n%2 == 0 {
						copied.Parking = &event.Parking{Reason: "test", Attempts: n}
					}
					batch[i] = &copied
				}
				if err := errors.Join(s.Send(t.Context(), batch)...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

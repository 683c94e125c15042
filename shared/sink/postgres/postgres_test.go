package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// One server serves all tests, each with tables of its own.
var shared = servertest.NewShared(func() (*servertest.Server, error) { return pgtest.Run() })

func TestMain(m *testing.M) { os.Exit(servertest.RunAll(m, bouncer, shared)) }

func server(t testing.TB) *servertest.Server {
	t.Helper()
	return shared.Server(t)
}

var tables atomic.Int64

// newTable is the URL of a table that is not there yet, and its name.
func newTable(t testing.TB) (u *url.URL, table string) {
	t.Helper()
	u, err := url.Parse(address(t))
	if err != nil {
		t.Fatal(err)
	}
	table = fmt.Sprint("events_", tables.Add(1))
	q := u.Query()
	q.Set(sqltable.TableParam, table)
	q.Set(sqltable.DedupTableParam, table)
	u.RawQuery = q.Encode()
	return u, table
}

func openSink(t testing.TB, u *url.URL) *Sink {
	t.Helper()
	s, err := Open(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// dialled is a sink whose dialer was changed before its first use.
func dialled(t testing.TB, u *url.URL, change func(*dialer)) *Sink {
	t.Helper()
	d, a, _, err := parseURL(u, sqltable.TableParam, DefaultTable)
	must(t, err)
	change(d)
	s := newSink(new(Pools).Join(d.key, a.Conns, d.database), a.Table, a.Media)
	t.Cleanup(func() { s.Close() })
	return s
}

// dialledStore is the same for a store.
func dialledStore(t testing.TB, u *url.URL, change func(*dialer)) *Store {
	t.Helper()
	d, a, commit, err := parseURL(u, sqltable.DedupTableParam, DefaultDedupTable)
	must(t, err)
	change(d)
	s := newStore(new(Pools).Join(d.key, a.Conns, d.database), a.Table, commit)
	t.Cleanup(func() { s.Close() })
	return s
}

// psql runs one statement on a connection of its own and returns the rows, each
// as one text.
func psql(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, server(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// makeTable makes a sink's table before the sink does.
func makeTable(t testing.TB, u *url.URL) {
	t.Helper()
	s := openSink(t, u)
	must(t, s.pool.Use(context.Background(), nil, func(c *conn) error {
		_, err := c.Exec(context.Background(), s.table.Create)
		return err
	}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSink(t *testing.T) {
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		u, table := newTable(t)
		return delivertest.Place{
			Open: func(t testing.TB) deliver.Sink {
				s, err := Open(u)
				must(t, err)
				return s
			},
			Received: func(t testing.TB) (out [][]byte) {
				if psql(t, `SELECT to_regclass($1) IS NOT NULL || ''`, table)[0] != "true" {
					return nil
				}
				for _, row := range psql(t, `SELECT json_build_object('id', id, 'type', type, 'subject', subject, 'data', data)::text
					FROM `+table+` ORDER BY received_at, id`) {
					out = append(out, []byte(row))
				}
				return out
			},
			Unordered:   true,
			ExactlyOnce: true,
			Stop:        func(t testing.TB) { must(t, server(t).Kill()) },
			Start:       func(t testing.TB) { must(t, server(t).Start()); await(t) },
			Hang: func(t testing.TB) func() {
				must(t, server(t).Hang())
				return func() { must(t, server(t).Release()); await(t) }
			},
			Refused: func(t testing.TB) *event.Event {
				makeTable(t, u)
				psql(t, `ALTER TABLE `+table+` ADD CHECK (subject <> 'refused')`)
				return delivertest.Event(t, "refused", 500)
			},
		}
	})
}

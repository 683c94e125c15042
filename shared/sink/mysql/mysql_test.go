package mysql

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/servertest"
)

// One server serves all tests, each with tables of its own.
var shared = servertest.NewShared(func() (*servertest.Server, error) { return mytest.Run() })

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

func server(t testing.TB) *servertest.Server {
	t.Helper()
	return shared.Server(t)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var tables atomic.Int64

// newTable is the URL of a table that is not there yet, and its name.
func newTable(t testing.TB) (u *url.URL, table string) {
	t.Helper()
	u, err := url.Parse(server(t).URL)
	must(t, err)
	table = fmt.Sprint("events_", tables.Add(1))
	return with(with(u, sqltable.TableParam, table), sqltable.DedupTableParam, table), table
}

// with is u with another value of a parameter.
func with(u *url.URL, name, value string) *url.URL {
	v := *u
	q := v.Query()
	q.Set(name, value)
	v.RawQuery = q.Encode()
	return &v
}

func openSink(t testing.TB, u *url.URL) *Sink {
	t.Helper()
	s, err := Open(u)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func openStore(t testing.TB, u *url.URL) *Store {
	t.Helper()
	s, err := OpenStore(u)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// sql runs statements on a connection of root's own and returns the rows of the
// last one, each as one text.
func sql(t testing.TB, statements ...string) (rows []string) {
	t.Helper()
	u, err := url.Parse(server(t).URL)
	must(t, err)
	d, _, err := parseURL(u, sqltable.TableParam, DefaultTable)
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := d.connect(ctx)
	must(t, err)
	defer c.Close()
	for i, statement := range statements {
		if i < len(statements)-1 {
			err = c.exec(ctx, statement)
		} else {
			err = c.query(ctx, func(row []driver.Value) error {
				cells := make([]string, len(row))
				for i, v := range row {
					if cells[i] = "NULL"; v != nil {
						cells[i] = show(v)
					}
				}
				rows = append(rows, strings.Join(cells, " | "))
				return nil
			}, statement)
		}
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return rows
}

func show(v driver.Value) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case time.Time:
		return v.Format("2006-01-02 15:04:05.000000")
	}
	return fmt.Sprint(v)
}

func taken(t testing.TB, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	waitEach(t, 10*time.Millisecond, what, done)
}

// waitEach waits like waitFor, and looks once in this time.
func waitEach(t testing.TB, pause time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); {
		if done() {
			return
		}
		<-tick.C
	}
	t.Errorf("waited in vain for %s", what)
}

// parse makes an event of a payload.
func parse(t testing.TB, payload string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":`+payload+`}`), event.Origin{
		Mode: event.Normal, SubAppId: 1500000001, Received: time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC),
	})
	must(t, err)
	return e
}

// makeTable makes a sink's table before the sink does.
func makeTable(t testing.TB, u *url.URL) {
	t.Helper()
	sql(t, openSink(t, u).table.Create)
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
				if len(sql(t, `SHOW TABLES LIKE '`+table+`'`)) == 0 {
					return nil
				}
				// The JSON, which must hold all that the bytes hold.
				for _, row := range sql(t, "SELECT id, type, coalesce(subject, ''), data, raw = data FROM "+table+" ORDER BY received_at, id") {
					cells := strings.Split(row, " | ")
					if cells[4] != "1" {
						t.Errorf("data and raw differ")
					}
					b, err := json.Marshal(map[string]any{"id": cells[0], "type": cells[1], "subject": cells[2], "data": json.RawMessage(cells[3])})
					must(t, err)
					out = append(out, b)
				}
				return out
			},
			Unordered:   true,
			ExactlyOnce: true,
			Stop:        func(t testing.TB) { must(t, server(t).Kill()) },
			Start:       func(t testing.TB) { must(t, server(t).Start()) },
			Hang: func(t testing.TB) func() {
				must(t, server(t).Hang())
				return func() { must(t, server(t).Release()) }
			},
			Refused: func(t testing.TB) *event.Event {
				makeTable(t, u)
				sql(t, `ALTER TABLE `+table+` ADD CHECK (subject <> 'refused')`)
				return delivertest.Event(t, "refused", 500)
			},
		}
	})
}

func TestStore(t *testing.T) {
	delivertest.TestStore(t, func(t testing.TB) (a, b deliver.Store, pass func(time.Duration)) {
		u, table := newTable(t)
		now := time.Now()
		open := func() *Store {
			s := openStore(t, u)
			s.now = func() time.Time { return now } // of the tidying
			return s
		}
		return open(), open(), func(d time.Duration) {
			now = now.Add(d)
			sql(t, fmt.Sprintf("UPDATE %s SET until = until - INTERVAL %[2]d MICROSECOND, changed_at = changed_at - INTERVAL %[2]d MICROSECOND", table, d.Microseconds()))
		}
	})
}

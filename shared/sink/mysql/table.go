package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"slices"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// Table reads the table of a [Sink]. It makes none where there is none. Only
// [Table.Prune], [Table.Unpark] and [Table.Discard] change it: SELECT is the one right
// that the other methods need.
type Table struct {
	pool *sqltable.Share[*conn]
	name string // quoted
	host string
}

// OpenTable returns the table of a sink's URL. Like [Open] it does not connect.
// The URL may be as SINK has it: types and media say nothing about reading.
func OpenTable(u *url.URL) (*Table, error) {
	reading := *u
	reading.RawQuery = sqltable.Without(u.RawQuery, "types", "media")
	d, a, err := parseURL(&reading, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	return &Table{pool: new(Pools).Join(d.key, a.Conns, d.database), name: quote(a.Table), host: a.Where}, nil
}

// String names server and table, and nothing that is secret.
func (t *Table) String() string { return t.host + ", table " + t.name }

// Summary counts the rows that the filter asks for.
func (t *Table) Summary(ctx context.Context, f stored.Filter) (stored.Summary, error) {
	where, args := dialect.Where(f)
	one, err := query(ctx, t, func(row []driver.Value) (s stored.Summary) {
		s.Events, s.Parked = integer(row[0]), integer(row[1])
		s.First, _ = row[2].(time.Time) // null: zero
		s.Last, _ = row[3].(time.Time)
		return s
	}, "SELECT count(*), count(parkreason), min(received_at), max(received_at) FROM "+t.name+where, args...)
	if err != nil {
		return stored.Summary{}, err
	}
	return one[0], nil
}

// Page returns the first rows that the filter asks for, in the order of their
// places: at most so many, and fewer where they reach [stored.PageBytes]. The
// next page is after the place of the last row; after the last page comes an
// empty one.
//
// It asks for the sizes first: the driver would read to the end what is asked
// for, and MySQL cannot stop in the midst of it.
func (t *Table) Page(ctx context.Context, f stored.Filter, most int) ([]stored.Row, error) {
	where, args := dialect.Where(f)
	type sized struct {
		id   string
		size int
	}
	found, err := query(ctx, t, func(row []driver.Value) sized { return sized{text(row[0]), integer(row[1])} }, fmt.Sprintf("SELECT id, coalesce(length(raw), 0) + coalesce(length(data), 0) FROM %s%s ORDER BY received_at, id LIMIT %d", t.name, where, most), args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var ids []any
	for size, i := 0, 0; i < len(found) && size < stored.PageBytes; i++ {
		ids = append(ids, found[i].id)
		size += found[i].size
	}
	return query(ctx, t, scan,
		`SELECT id, type, subject, source, mode, received_at, data, raw, parkreason, parkattempts, parkfirsterror, parklasterror
FROM `+t.name+" WHERE id IN ("+list(len(ids), "?")+") ORDER BY received_at, id", ids...)
}

// scan copies a row out of the driver's buffer.
func scan(row []driver.Value) stored.Row {
	r := stored.Row{ID: text(row[0]), Type: text(row[1]), Subject: text(row[2]), Source: text(row[3]), Mode: text(row[4])}
	r.Received, _ = row[5].(time.Time)
	data, _ := row[6].([]byte)
	raw, _ := row[7].([]byte)
	r.Data, r.Raw = slices.Clone(data), slices.Clone(raw)
	if row[8] != nil {
		r.Parking = &event.Parking{Reason: text(row[8]), Attempts: integer(row[9]), FirstError: text(row[10]), LastError: text(row[11])}
	}
	return r
}

// Prune deletes at most so many rows of events that were received before a time,
// never those that are parked, and returns how many it deleted. Each call is a
// transaction of its own, so that sinks wait for it only briefly. It needs the
// rights SELECT and DELETE.
func (t *Table) Prune(ctx context.Context, before time.Time, most int) (int, error) {
	ids, err := query(ctx, t, func(row []driver.Value) string { return text(row[0]) },
		fmt.Sprintf("SELECT id FROM %s WHERE received_at < ? AND parkreason IS NULL ORDER BY received_at LIMIT %d", t.name, most), before.UTC())
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	// Sinks lock rows in the order of their ids, too. A dead letter may have set
	// its mark meanwhile.
	slices.Sort(ids)
	var deleted int64
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		deleted, err = c.execCount(ctx, "DELETE FROM "+t.name+" WHERE parkreason IS NULL AND id IN ("+list(len(ids), "?")+")", anys(ids)...)
		return err
	})
	return int(deleted), t.wrap(err)
}

// Close closes the connections.
func (t *Table) Close() { t.pool.Close() }

// query makes a T of each row.
func query[T any](ctx context.Context, t *Table, each func([]driver.Value) T, sql string, args ...any) (all []T, err error) {
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		all = nil // it may run twice
		return c.query(ctx, func(row []driver.Value) error {
			all = append(all, each(row))
			return nil
		}, sql, args...)
	})
	return all, t.wrap(err)
}

func (t *Table) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case number(err) == 1146:
		return fmt.Errorf("mysql: table %s: %w (it is made when SINK first writes there; name another one with table= in the URL)", t.name, err)
	}
	return inTable(t.name, err)
}

var dialect = sqltable.Dialect{Mark: func(int, string) string { return "?" }, PadsTexts: true}

package postgres

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

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
	d, a, _, err := parseURL(&reading, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	return &Table{
		pool: new(Pools).Join(d.key, a.Conns, d.database),
		name: pgx.Identifier(a.Table).Sanitize(),
		host: a.Where,
	}, nil
}

// String names server and table, and nothing that is secret.
func (t *Table) String() string { return t.host + ", table " + t.name }

// Summary counts the rows that the filter asks for.
func (t *Table) Summary(ctx context.Context, f stored.Filter) (stored.Summary, error) {
	var s stored.Summary
	var first, last *time.Time
	where, args := dialect.Where(f)
	query := fmt.Sprintf("SELECT count(*), count(parkreason), min(received_at), max(received_at) FROM %s%s", t.name, where)
	err := t.pool.Use(ctx, nil, func(c *conn) error {
		return c.QueryRow(ctx, query, args...).Scan(&s.Events, &s.Parked, &first, &last)
	})
	if err != nil {
		return stored.Summary{}, t.wrap(err)
	}
	if first != nil && last != nil {
		s.First, s.Last = *first, *last
	}
	return s, nil
}

// selectPage finds the rows first and then fetches them: otherwise PostgreSQL
// unpacks data before it sorts, of all rows of one time at least. It must not be a
// prepared statement either. After five calls its plan no longer depends on the
// arguments; two bounds of the time then look as if few rows were between them,
// and each page reads and sorts all the rest of the table.
const selectPage = `SELECT t.id, t.type, coalesce(t.subject, ''), t.source, t.mode, t.received_at, t.data::text, t.raw,
	t.parkreason, coalesce(t.parkattempts, 0), coalesce(t.parkfirsterror, ''), coalesce(t.parklasterror, '')
FROM %[1]s AS t JOIN (SELECT id, received_at FROM %[1]s%[2]s ORDER BY received_at, id LIMIT %[3]d) AS page ON t.id = page.id
ORDER BY page.received_at, page.id`

// Page returns the first rows that the filter asks for, in the order of their
// places: at most so many, and fewer where they reach [stored.PageBytes]. The
// next page is after the place of the last row; after the last page comes an
// empty one.
func (t *Table) Page(ctx context.Context, f stored.Filter, most int) ([]stored.Row, error) {
	where, args := dialect.Where(f)
	query := fmt.Sprintf(selectPage, t.name, where, most)
	var page []stored.Row
	err := t.pool.Use(ctx, nil, func(c *conn) error {
		page = nil // it may run twice
		with := args
		if c.Config().DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
			with = append([]any{pgx.QueryExecModeExec}, args...) // see selectPage
		}
		rows, err := c.Query(ctx, query, with...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for size := 0; size < stored.PageBytes && rows.Next(); {
			row, err := scan(rows)
			if err != nil {
				return err
			}
			size += row.Size()
			page = append(page, row)
		}
		rows.Close()
		return rows.Err()
	})
	if err != nil {
		return nil, t.wrap(err)
	}
	return page, nil
}

func scan(rows pgx.Rows) (stored.Row, error) {
	var r stored.Row
	var data, reason *string
	var p event.Parking
	err := rows.Scan(&r.ID, &r.Type, &r.Subject, &r.Source, &r.Mode, &r.Received, &data, &r.Raw,
		&reason, &p.Attempts, &p.FirstError, &p.LastError)
	if data != nil {
		r.Data = []byte(*data)
	}
	if reason != nil {
		p.Reason = *reason
		r.Parking = &p
	}
	return r, err
}

// Prune deletes at most so many rows of events that were received before a time,
// never those that are parked, and returns how many it deleted. Each call is a
// transaction of its own, so that sinks wait for it only briefly. It needs the
// rights SELECT and DELETE.
func (t *Table) Prune(ctx context.Context, before time.Time, most int) (int, error) {
	// The second look at parkreason is at the row as it is when it is locked:
	// a dead letter may have set its mark meanwhile.
	query := fmt.Sprintf(`DELETE FROM %[1]s WHERE parkreason IS NULL AND id IN (
	SELECT id FROM %[1]s WHERE received_at < $1::timestamptz AND parkreason IS NULL ORDER BY received_at LIMIT %[2]d)`, t.name, most)
	var deleted int64
	err := t.pool.Use(ctx, nil, func(c *conn) error {
		done, err := c.Exec(ctx, query, before)
		deleted = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, t.wrap(err)
	}
	return int(deleted), nil
}

// Close closes the connections.
func (t *Table) Close() { t.pool.Close() }

func (t *Table) wrap(err error) error {
	if err == nil {
		return nil
	}
	if isMissing(err) {
		return fmt.Errorf("postgres: table %s: %w (it is made when SINK first writes there; name another one with table= in the URL)", t.name, err)
	}
	return inTable(t.name, err)
}

// dialect has placeholders with their types: without a prepared statement pgx sends
// the argument as text.
var dialect = sqltable.Dialect{Mark: func(number int, of string) string { return fmt.Sprintf("$%d::%s", number, of) }}

package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"

	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// Prepare makes the tables that are not there, and adds sunk_at to a table of an
// earlier version.
func (t *MediaTable) Prepare(ctx context.Context) error {
	return t.wrap(t.pool.Use(ctx, t.sink, func(c *conn) error {
		return c.query(ctx, func([]driver.Value) error { return nil },
			fmt.Sprintf("SELECT sunk_at FROM %s, %s, %s LIMIT 0", t.name, t.tables.media, t.tables.event))
	}))
}

// Index lists which media a page of events tells of: those behind a place, at most
// so many. It returns the place of the last one, and how many there were.
func (t *MediaTable) Index(ctx context.Context, after stored.Place, most int) (stored.Place, int, error) {
	page, err := t.Page(ctx, stored.Filter{After: after, Sunk: true}, most)
	if err != nil || len(page) == 0 {
		return after, 0, err
	}
	var values []any
	for _, e := range sqltable.TouchesOf(page) {
		values = append(values, e.Source, e.FileId, e.EventID)
	}
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		return upsert(ctx, c, t.tables.event, []string{"source", "file_id", "event_id"}, nil, "", values)
	})
	return page[len(page)-1].Place(), len(page), t.wrap(err)
}

// Fold folds the media after a key again, at most so many, in a transaction that
// locks their rows. It returns the key of the last one, and how many there were.
func (t *MediaTable) Fold(ctx context.Context, after stored.MediaKey, most int) (stored.MediaKey, int, error) {
	last, n := after, 0
	err := t.pool.Use(ctx, nil, func(c *conn) error {
		return c.transaction(ctx, func() error {
			keys, err := t.next(ctx, c, after, most)
			if err != nil || len(keys) == 0 {
				return err
			}
			n, last = len(keys), keys[len(keys)-1]
			return t.refold(ctx, c, keys)
		})
	})
	return last, n, t.wrap(err)
}

func (t *MediaTable) next(ctx context.Context, c *conn, after stored.MediaKey, most int) (keys []stored.MediaKey, err error) {
	err = c.query(ctx, func(row []driver.Value) error {
		keys = append(keys, stored.MediaKey{Source: text(row[0]), FileId: text(row[1])})
		return nil
	}, fmt.Sprintf("SELECT DISTINCT source, file_id FROM %s WHERE source > ? OR source = ? AND file_id > ? ORDER BY source, file_id LIMIT %d", t.tables.event, most),
		after.Source, after.Source, after.FileId)
	return keys, err
}

func (t *MediaTable) refold(ctx context.Context, c *conn, keys []stored.MediaKey) error {
	if err := t.tables.lock(ctx, c, keys); err != nil {
		return err
	}
	docs := map[stored.MediaKey][]byte{}
	in, args := "(source, file_id) IN ("+list(len(keys), "(?, ?)")+")", []any(nil)
	for _, k := range keys {
		args = append(args, k.Source, k.FileId)
	}
	err := c.query(ctx, func(row []driver.Value) error {
		docs[stored.MediaKey{Source: text(row[0]), FileId: text(row[1])}] = []byte(text(row[2]))
		return nil
	}, "SELECT source, file_id, doc FROM "+t.tables.media+" WHERE "+in, args...)
	if err != nil {
		return err
	}
	refold := sqltable.NewRefold(docs)
	err = c.query(ctx, func(row []driver.Value) error {
		refold.List(stored.MediaKey{Source: text(row[0]), FileId: text(row[1])}, text(row[2]))
		return nil
	}, "SELECT source, file_id, event_id FROM "+t.tables.event+" WHERE "+in, args...)
	if err != nil {
		return err
	}
	if err := readEvents(ctx, c, t.name, refold.Events(), refold.Add); err != nil {
		return err
	}
	rows := refold.Rows()
	if err := t.tables.write(ctx, c, rows, false); err != nil {
		return err
	}
	return t.clear(ctx, c, rows, docs)
}

// readEvents reads rows of events by their ids.
func readEvents(ctx context.Context, c *conn, table string, ids []string, add func(stored.Row)) error {
	for some := range slices.Chunk(ids, 64) {
		err := c.query(ctx, func(row []driver.Value) error {
			add(scan(row))
			return nil
		}, "SELECT id, type, subject, source, mode, received_at, data, raw, parkreason, parkattempts, parkfirsterror, parklasterror FROM "+
			table+" WHERE id IN ("+list(len(some), "?")+")", anys(some)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// clear removes outputs that the fold does not have any more, and the rows that
// lock made for media of which no event is left.
func (t *MediaTable) clear(ctx context.Context, c *conn, rows sqltable.MediaRows, docs map[stored.MediaKey][]byte) error {
	var args []any
	for i := range rows.Media {
		args = append(args, rows.Media[i].Source, rows.Media[i].FileId)
	}
	if len(args) > 0 {
		sql := "DELETE FROM " + t.tables.output + " WHERE (source, file_id) IN (" + list(len(args)/2, "(?, ?)") + ")"
		if len(rows.Outputs) > 0 {
			sql += " AND (source, file_id, kind, definition) NOT IN (" + list(len(rows.Outputs), "(?, ?, ?, ?)") + ")"
		}
		for i := range rows.Outputs {
			o := &rows.Outputs[i]
			args = append(args, o.Source, o.FileId, string(o.Kind), o.Definition)
		}
		if err := c.exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	return t.tables.unlock(ctx, c, maps.Clone(docs), rows)
}

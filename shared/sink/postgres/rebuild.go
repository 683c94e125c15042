package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// Prepare makes the tables that are not there, and adds sunk_at to a table of an
// earlier version.
func (t *MediaTable) Prepare(ctx context.Context) error {
	return t.wrap(t.pool.Use(ctx, t.sink, func(c *conn) error {
		_, err := c.Exec(ctx, fmt.Sprintf("SELECT sunk_at FROM %s, %s, %s LIMIT 0", t.name, t.tables.media, t.tables.event))
		return err
	}))
}

// Index lists which media a page of events tells of: those behind a place, at most
// so many. It returns the place of the last one, and how many there were.
func (t *MediaTable) Index(ctx context.Context, after stored.Place, most int) (stored.Place, int, error) {
	page, err := t.Page(ctx, stored.Filter{After: after, Sunk: true}, most)
	if err != nil || len(page) == 0 {
		return after, 0, err
	}
	touches := sqltable.TouchesOf(page)
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		return c.execArrays(ctx, "INSERT INTO "+t.tables.event+` (source, file_id, event_id)
SELECT source, file_id, event_id FROM `+unnest(1, eventKey...)+`
ON CONFLICT DO NOTHING`, func(r *room) []any { return appendEvents(nil, touches, r) }, "")
	})
	return page[len(page)-1].Place(), len(page), t.wrap(err)
}

// Fold folds the media behind a key anew, at most so many, in a transaction that
// holds their rows. It returns the key of the last one, and how many there were.
func (t *MediaTable) Fold(ctx context.Context, after stored.MediaKey, most int) (stored.MediaKey, int, error) {
	last, n := after, 0
	err := t.pool.Use(ctx, nil, func(c *conn) error {
		return c.transaction(ctx, func() error {
			docs, sources, fileIDs, err := t.lock(ctx, c, after, most)
			if err != nil || len(docs) == 0 {
				return err
			}
			n, last = len(docs), stored.MediaKey{Source: sources[len(sources)-1], FileId: fileIDs[len(fileIDs)-1]}
			refold := sqltable.NewRefold(docs)
			if err := t.addEvents(ctx, c, refold, sources, fileIDs); err != nil {
				return err
			}
			rows := refold.Rows()
			if err := t.folder.writeRows(ctx, c, rows, false, ""); err != nil {
				return err
			}
			return t.clear(ctx, c, rows, sources, fileIDs)
		})
	})
	return last, n, t.wrap(err)
}

// lock makes and locks the rows of the next media.
func (t *MediaTable) lock(ctx context.Context, c *conn, after stored.MediaKey, most int) (docs map[stored.MediaKey][]byte, sources, fileIDs []string, err error) {
	rows, err := c.Query(ctx, fmt.Sprintf(`INSERT INTO %[1]s AS m (source, file_id)
SELECT DISTINCT source, file_id FROM %[2]s WHERE (source, file_id) > ($1::text, $2::text) ORDER BY source, file_id LIMIT %[3]d
ON CONFLICT (source, file_id) DO UPDATE SET file_id = excluded.file_id
RETURNING source, file_id, doc::text`, t.tables.media, t.tables.event, most), after.Source, after.FileId)
	if err != nil {
		return nil, nil, nil, err
	}
	defer rows.Close()
	docs = map[stored.MediaKey][]byte{}
	for rows.Next() {
		var key stored.MediaKey
		var doc *string
		if err := rows.Scan(&key.Source, &key.FileId, &doc); err != nil {
			return nil, nil, nil, err
		}
		docs[key] = nil
		if doc != nil {
			docs[key] = []byte(*doc)
		}
		sources, fileIDs = append(sources, key.Source), append(fileIDs, key.FileId)
	}
	return docs, sources, fileIDs, rows.Err()
}

// addEvents folds the events of the media.
func (t *MediaTable) addEvents(ctx context.Context, c *conn, refold *sqltable.Refold, sources, fileIDs []string) error {
	rows, err := c.Query(ctx, `SELECT source, file_id, event_id FROM `+t.tables.event+` JOIN unnest($1::text[], $2::text[]) AS k (source, file_id) USING (source, file_id)`, sources, fileIDs)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key stored.MediaKey
		var id string
		if err := rows.Scan(&key.Source, &key.FileId, &id); err != nil {
			return err
		}
		refold.List(key, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return readEvents(ctx, c, t.name, refold.Events(), refold.Add)
}

// readEvents reads rows of events by their ids.
func readEvents(ctx context.Context, c *conn, table string, ids []string, add func(stored.Row)) error {
	events, err := c.Query(ctx, `SELECT id, type, coalesce(subject, ''), source, mode, received_at, data::text, raw,
	parkreason, coalesce(parkattempts, 0), coalesce(parkfirsterror, ''), coalesce(parklasterror, '')
FROM `+table+` WHERE id = ANY($1::text[])`, ids)
	if err != nil {
		return err
	}
	defer events.Close()
	for events.Next() {
		row, err := scan(events)
		if err != nil {
			return err
		}
		add(row)
	}
	return events.Err()
}

// clear removes outputs that the fold does not have any more, and the rows that
// lock made for media of which no event is left.
func (t *MediaTable) clear(ctx context.Context, c *conn, rows sqltable.MediaRows, sources, fileIDs []string) error {
	folded := map[stored.MediaKey]bool{}
	for i := range rows.Media {
		folded[stored.MediaKey{Source: rows.Media[i].Source, FileId: rows.Media[i].FileId}] = true
	}
	var ours [2][]string
	for i := range sources {
		if folded[stored.MediaKey{Source: sources[i], FileId: fileIDs[i]}] {
			ours[0], ours[1] = append(ours[0], sources[i]), append(ours[1], fileIDs[i])
		}
	}
	batch := new(pgx.Batch)
	batch.Queue(`DELETE FROM `+t.tables.output+` AS o USING unnest($1::text[], $2::text[]) AS k (source, file_id)
WHERE o.source = k.source AND o.file_id = k.file_id AND NOT EXISTS (
	SELECT FROM `+unnest(3, outputKey...)+`
	WHERE u.source = o.source AND u.file_id = o.file_id AND u.kind = o.kind AND u.definition = o.definition)`,
		appendOutputKeys([]any{ours[0], ours[1]}, rows.Outputs, new(room))...)
	batch.Queue(`DELETE FROM `+t.tables.media+` AS m USING unnest($1::text[], $2::text[]) AS k (source, file_id)
WHERE m.source = k.source AND m.file_id = k.file_id AND m.doc IS NULL`, sources, fileIDs)
	return c.SendBatch(ctx, batch).Close()
}

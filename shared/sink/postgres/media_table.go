package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// MediaTable reads the tables of media=, and folds them anew.
type MediaTable struct {
	*Table
	tables mediaTables
	folder *folder
	sink   *sqltable.Table // how the tables come to be
}

// OpenMedia returns the tables of media= of a sink's URL, or [stored.ErrNoMedia]. Like
// [Open] it does not connect.
func OpenMedia(u *url.URL) (*MediaTable, error) {
	reading := *u
	reading.RawQuery = sqltable.Without(u.RawQuery, "types")
	d, a, _, err := parseURL(&reading, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	if a.Media == nil {
		return nil, a.Error(stored.ErrNoMedia)
	}
	pool := new(Pools).Join(d.key, a.Conns, d.database)
	tables := mediaNames(a.Media)
	events := &Table{pool: pool, name: pgx.Identifier(a.Table).Sanitize(), host: a.Where}
	sink := newSink(pool, a.Table, a.Media)
	return &MediaTable{events, tables, sink.media, sink.table}, nil
}

// Media returns the first media that the filter asks for, in the order of their
// keys, at most so many.
func (t *MediaTable) Media(ctx context.Context, f stored.MediaFilter, most int) ([]stored.Media, error) {
	var where []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if len(f.FileIds) > 0 {
		add("file_id = ANY($%d::text[])", f.FileIds)
	}
	if f.State != "" {
		add("state = $%d::text", string(f.State))
	}
	if f.NotDeleted {
		where = append(where, "state <> 'deleted'")
	}
	if f.OfVOD {
		// doc leaves out a rank of 2.
		where = append(where, `(coalesce(doc -> 'media_url' ->> 'rank', '2') = '2' AND doc -> 'media_url' IS NOT NULL OR doc -> 'exists' IS NOT NULL
	OR file_id ~ '^[0-9]{16,}$' AND strpos(coalesce(media_url, play_url, ''), file_id) > 0)`)
	}
	if !f.Since.IsZero() {
		add("updated_at >= $%d::timestamptz", f.Since)
	}
	if f.After != (stored.MediaKey{}) {
		args = append(args, f.After.Source, f.After.FileId)
		where = append(where, fmt.Sprintf("(source, file_id) > ($%d::text, $%d::text)", len(args)-1, len(args)))
	}
	condition := ""
	if len(where) > 0 {
		condition = " WHERE " + strings.Join(where, " AND ")
	}
	query := fmt.Sprintf(`SELECT (jsonb_strip_nulls(to_jsonb(m) - 'doc') || jsonb_build_object('outputs', (
	SELECT jsonb_agg(jsonb_strip_nulls(to_jsonb(o) - 'data') || CASE WHEN o.data IS NULL THEN '{}' ELSE jsonb_build_object('data', o.data) END ORDER BY o.kind, o.definition)
	FROM %[2]s AS o WHERE o.source = m.source AND o.file_id = m.file_id)))::text
FROM (SELECT * FROM %[1]s%[3]s ORDER BY source, file_id LIMIT %[4]d) AS m ORDER BY m.source, m.file_id`, t.tables.media, t.tables.output, condition, most)
	texts, err := queryTexts(ctx, t, query, args...)
	if err != nil {
		return nil, err
	}
	all := make([]stored.Media, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &all[i]); err != nil {
			return nil, fmt.Errorf("postgres: a row of table %s: %w", t.tables.media, err)
		}
		all[i].UTC()
	}
	return all, nil
}

// EventsOf are the ids of the events that a media is made from.
func (t *MediaTable) EventsOf(ctx context.Context, key stored.MediaKey) ([]string, error) {
	return queryTexts(ctx, t, "SELECT event_id FROM "+t.tables.event+" WHERE source = $1::text AND file_id = $2::text ORDER BY event_id", key.Source, key.FileId)
}

func queryTexts(ctx context.Context, t *MediaTable, query string, args ...any) (texts []string, err error) {
	err = t.pool.Use(ctx, nil, func(c *conn) error {
		rows, err := c.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, t.wrap(err)
	}
	return texts, nil
}

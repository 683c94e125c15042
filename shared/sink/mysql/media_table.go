package mysql

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"vodevents/shared/media"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// MediaTable reads the tables of media=, and folds events into them again.
type MediaTable struct {
	*Table
	tables mediaTables
	sink   *sqltable.Table // how the tables come to be
}

// OpenMedia returns the tables of media= of a sink's URL, or [stored.ErrNoMedia]. Like
// [Open] it does not connect.
func OpenMedia(u *url.URL) (*MediaTable, error) {
	reading := *u
	reading.RawQuery = sqltable.Without(u.RawQuery, "types")
	d, a, err := parseURL(&reading, sqltable.TableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	if a.Media == nil {
		return nil, a.Error(stored.ErrNoMedia)
	}
	pool := new(Pools).Join(d.key, a.Conns, d.database)
	events := &Table{pool: pool, name: quote(a.Table), host: a.Where}
	return &MediaTable{events, mediaNames(a.Media), newSink(pool, events.name, a.Media).table}, nil
}

// Media returns the first media that the filter asks for, in the order of their
// keys, at most so many.
func (t *MediaTable) Media(ctx context.Context, f stored.MediaFilter, most int) ([]stored.Media, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if len(f.FileIds) > 0 {
		add("file_id IN ("+list(len(f.FileIds), "?")+")", anys(f.FileIds)...)
	}
	if f.State != "" {
		add("state = ?", string(f.State))
	}
	if f.NotDeleted {
		add("state <> 'deleted'")
	}
	if f.OfVOD {
		// doc leaves out a rank of 2.
		add(`(COALESCE(JSON_EXTRACT(doc, '$.media_url.rank'), 2) = 2 AND JSON_EXTRACT(doc, '$.media_url') IS NOT NULL OR JSON_EXTRACT(doc, '$.exists') IS NOT NULL
	OR file_id REGEXP '^[0-9]{16,}$' AND INSTR(COALESCE(media_url, play_url, ''), file_id) > 0)`)
	}
	if !f.Since.IsZero() {
		add("updated_at >= ?", f.Since.UTC())
	}
	if f.After != (stored.MediaKey{}) {
		add("(source > ? OR source = ? AND file_id > ?)", f.After.Source, f.After.Source, f.After.FileId)
	}
	condition := ""
	if len(where) > 0 {
		condition = " WHERE " + strings.Join(where, " AND ")
	}
	columns := slices.DeleteFunc(append([]string{"source", "file_id", "updated_at"}, sqltable.MediaColumns...), func(c string) bool { return c == "doc" })
	all, err := jsonRows(ctx, t, func(m stored.Media) stored.Media { m.UTC(); return m },
		"SELECT "+object(columns)+" FROM "+t.tables.media+condition+fmt.Sprintf(" ORDER BY source, file_id LIMIT %d", most), args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	args = nil
	for i := range all {
		args = append(args, all[i].Source, all[i].FileId)
	}
	type output struct {
		stored.MediaKey
		media.Output
	}
	outputs, err := jsonRows(ctx, t, func(o output) output { o.FinishedAt = o.FinishedAt.UTC(); return o },
		"SELECT "+object(append([]string{"source", "file_id", "kind", "definition", "data"}, sqltable.OutputColumns...))+" FROM "+t.tables.output+
			" WHERE (source, file_id) IN ("+list(len(all), "(?, ?)")+") ORDER BY source, file_id, kind, definition", args...)
	for _, o := range outputs {
		i := slices.IndexFunc(all, func(m stored.Media) bool { return m.Key() == o.MediaKey })
		all[i].Outputs = append(all[i].Outputs, o.Output)
	}
	return all, err
}

// object is a row as a JSON object, its times as RFC 3339 has them.
func object(columns []string) string {
	var pairs []string
	for _, c := range columns {
		value := c
		switch {
		case strings.HasSuffix(c, "_at"):
			value = "DATE_FORMAT(" + c + ", '%Y-%m-%dT%H:%i:%s.%fZ')"
		case c == "data":
			value = "JSON_EXTRACT(data, '$')" // MariaDB has JSON as text
		}
		pairs = append(pairs, "'"+c+"', "+value)
	}
	return "JSON_OBJECT(" + strings.Join(pairs, ", ") + ")"
}

func jsonRows[T any](ctx context.Context, t *MediaTable, change func(T) T, sql string, args ...any) ([]T, error) {
	var bad error
	all, err := query(ctx, t.Table, func(row []driver.Value) T {
		var one T
		if err := json.Unmarshal([]byte(text(row[0])), &one); err != nil {
			bad = fmt.Errorf("mysql: a row of table %s: %w", t.tables.media, err)
		}
		return change(one)
	}, sql, args...)
	return all, errors.Join(err, bad)
}

// EventsOf are the ids of the events that a media is made from.
func (t *MediaTable) EventsOf(ctx context.Context, key stored.MediaKey) ([]string, error) {
	return query(ctx, t.Table, func(row []driver.Value) string { return text(row[0]) },
		"SELECT event_id FROM "+t.tables.event+" WHERE source = ? AND file_id = ? ORDER BY event_id", key.Source, key.FileId)
}

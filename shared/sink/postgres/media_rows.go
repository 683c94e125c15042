package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/internal/slab"
	"vodevents/shared/sink/internal/sqltable"
)

// Keys of the tables of media=.
var (
	mediaKey  = []string{"source", "file_id"}
	outputKey = []string{"source", "file_id", "kind", "definition"}
	eventKey  = []string{"source", "file_id", "event_id"}
)

// typeOf is the type of a column of these tables.
func typeOf(column string) string {
	switch column {
	case "size", "width", "height", "bitrate", "definition":
		return "bigint"
	case "duration":
		return "double precision"
	case "created_at", "expires_at", "deleted_at", "finished_at":
		return "timestamptz"
	case "doc", "data":
		return "jsonb"
	default:
		return "text"
	}
}

// unnest is a table of rows that come as arguments, from the first on: an array
// for each column. Both ends have less to do with these than with rows of JSON.
func unnest(first int, columns ...string) string {
	var arrays []string
	for i, c := range columns {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", first+i, typeOf(c)))
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") AS u (" + strings.Join(columns, ", ") + ")"
}

// valueOf is a column of such a row as the table has it: nothing is NULL there.
func valueOf(column string) string {
	switch typeOf(column) {
	case "text":
		return "nullif(u." + column + ", '')"
	case "timestamptz", "jsonb":
		return "u." + column
	default:
		return "nullif(u." + column + ", 0)"
	}
}

// writeMedia writes what a fold gave. The rows of media are there, but an UPDATE with a
// join would read all of them as long as the server takes the table for a small one:
// in a new table until the first ANALYZE, which may be 100,000 media later.
const writeMedia = `WITH media AS (
	INSERT INTO %[1]s (source, file_id, updated_at, %[2]s)
	SELECT source, file_id, now(), %[3]s
	FROM %[4]s
	ON CONFLICT (source, file_id) DO UPDATE SET updated_at = excluded.updated_at, %[5]s),
outputs AS (
	INSERT INTO %[6]s AS t (source, file_id, kind, definition, data, %[7]s)
	SELECT source, file_id, kind, definition, %[8]s
	FROM %[9]s
	ON CONFLICT (source, file_id, kind, definition) DO UPDATE SET data = coalesce(excluded.data, t.data), %[10]s)
INSERT INTO %[11]s (source, file_id, event_id)
SELECT source, file_id, event_id FROM %[12]s
ON CONFLICT DO NOTHING`

func (m mediaTables) writeSQL() string {
	media := slices.Concat(mediaKey, sqltable.MediaColumns)
	outputs := slices.Concat(outputKey, []string{"data"}, sqltable.OutputColumns)
	return fmt.Sprintf(writeMedia,
		m.media, strings.Join(sqltable.MediaColumns, ", "), list(sqltable.MediaColumns, valueOf), unnest(1, media...), list(sqltable.MediaColumns, excluded),
		m.output, strings.Join(sqltable.OutputColumns, ", "), list(outputs[len(outputKey):], valueOf), unnest(1+len(media), outputs...), list(sqltable.OutputColumns, excluded),
		m.event, unnest(1+len(media)+len(outputs), eventKey...))
}

// list is what one makes of each column, separated by commas.
func list(columns []string, one func(column string) string) string {
	var all []string
	for _, c := range columns {
		all = append(all, one(c))
	}
	return strings.Join(all, ", ")
}

// excluded sets a column to what the INSERT brings.
func excluded(column string) string { return column + " = excluded." + column }

// writeArgs are the arguments of writeSQL, in a room.
func writeArgs(rows sqltable.MediaRows, in *room) []any {
	args := make([]any, 0, len(mediaKey)+len(sqltable.MediaColumns)+len(outputKey)+1+len(sqltable.OutputColumns)+len(eventKey))
	args = appendMedia(args, rows.Media, in)
	args = appendOutputs(args, rows.Outputs, in)
	return appendEvents(args, rows.Events, in)
}

// each is a column: a value of each row.
func each[R, T any](in *slab.Slab[T], rows []R, value func(*R) T) []T {
	all := in.Take(len(rows))
	for i := range rows {
		all[i] = value(&rows[i])
	}
	return all
}

// appendMedia appends mediaKey and [sqltable.MediaColumns].
func appendMedia(args []any, rows []sqltable.MediaRow, in *room) []any {
	type row = sqltable.MediaRow
	text := func(value func(*row) string) texts { return each(&in.texts, rows, value) }
	number := func(value func(*row) int64) integers { return each(&in.integers, rows, value) }
	moment := func(value func(*row) time.Time) moments { return each(&in.moments, rows, value) }
	return append(args,
		text(func(r *row) string { return r.Source }),
		text(func(r *row) string { return r.FileId }),
		text(func(r *row) string { return string(r.State) }),
		text(func(r *row) string { return r.Name }),
		text(func(r *row) string { return r.Category }),
		text(func(r *row) string { return r.Type }),
		text(func(r *row) string { return r.MediaUrl }),
		text(func(r *row) string { return r.PlayUrl }),
		text(func(r *row) string { return r.CoverUrl }),
		number(func(r *row) int64 { return r.Size }),
		floats(each(&in.floats, rows, func(r *row) float64 { return r.Duration })),
		number(func(r *row) int64 { return r.Width }),
		number(func(r *row) int64 { return r.Height }),
		text(func(r *row) string { return string(r.Review) }),
		text(func(r *row) string { return r.ReviewLabel }),
		text(func(r *row) string { return r.Error }),
		text(func(r *row) string { return r.SourceContext }),
		text(func(r *row) string { return r.SessionContext }),
		text(func(r *row) string { return r.ProcedureTaskId }),
		text(func(r *row) string { return r.ProcedureStatus }),
		text(func(r *row) string { return r.StorageClass }),
		moment(func(r *row) time.Time { return r.CreatedAt }),
		moment(func(r *row) time.Time { return r.ExpiresAt }),
		moment(func(r *row) time.Time { return r.DeletedAt }),
		text(func(r *row) string { return r.LastEvent }),
		documents(each(&in.documents, rows, func(r *row) json.RawMessage { return r.Doc })),
	)
}

// appendOutputs appends outputKey, data and [sqltable.OutputColumns].
func appendOutputs(args []any, rows []sqltable.OutputRow, in *room) []any {
	type row = sqltable.OutputRow
	text := func(value func(*row) string) texts { return each(&in.texts, rows, value) }
	number := func(value func(*row) int64) integers { return each(&in.integers, rows, value) }
	return append(appendOutputKeys(args, rows, in),
		documents(each(&in.documents, rows, func(r *row) json.RawMessage { return r.Data })),
		text(func(r *row) string { return string(r.Status) }),
		text(func(r *row) string { return r.Url }),
		number(func(r *row) int64 { return r.Width }),
		number(func(r *row) int64 { return r.Height }),
		number(func(r *row) int64 { return r.Size }),
		number(func(r *row) int64 { return r.Bitrate }),
		floats(each(&in.floats, rows, func(r *row) float64 { return r.Duration })),
		text(func(r *row) string { return r.Container }),
		text(func(r *row) string { return r.Error }),
		text(func(r *row) string { return r.TaskId }),
		moments(each(&in.moments, rows, func(r *row) time.Time { return r.FinishedAt })),
	)
}

func appendOutputKeys(args []any, rows []sqltable.OutputRow, in *room) []any {
	type row = sqltable.OutputRow
	return append(args,
		texts(each(&in.texts, rows, func(r *row) string { return r.Source })),
		texts(each(&in.texts, rows, func(r *row) string { return r.FileId })),
		texts(each(&in.texts, rows, func(r *row) string { return string(r.Kind) })),
		integers(each(&in.integers, rows, func(r *row) int64 { return r.Definition })),
	)
}

func appendEvents(args []any, rows []sqltable.EventRow, in *room) []any {
	return append(args,
		texts(each(&in.texts, rows, func(r *sqltable.EventRow) string { return r.Source })),
		texts(each(&in.texts, rows, func(r *sqltable.EventRow) string { return r.FileId })),
		texts(each(&in.texts, rows, func(r *sqltable.EventRow) string { return r.EventID })),
	)
}

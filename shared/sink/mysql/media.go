package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/internal/jsonscan"
	"vodevents/shared/media"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// mediaTables are the tables of media=, as they stand in SQL.
type mediaTables struct{ media, output, event string }

func mediaNames(table []string) mediaTables {
	name := func(suffix string) string {
		named := append([]string(nil), table...)
		named[len(named)-1] += suffix
		return quote(named)
	}
	return mediaTables{name(""), name("_output"), name("_event")}
}

const (
	createMedia = `
CREATE TABLE IF NOT EXISTS %s (
	source            VARCHAR(255) NOT NULL,
	file_id           VARCHAR(255) NOT NULL,
	state             VARCHAR(16) NOT NULL DEFAULT 'known',
	name              MEDIUMTEXT,
	category          MEDIUMTEXT,
	type              MEDIUMTEXT,
	media_url         MEDIUMTEXT,
	play_url          MEDIUMTEXT,
	cover_url         MEDIUMTEXT,
	size              BIGINT,
	duration          DOUBLE,
	width             BIGINT,
	height            BIGINT,
	review            VARCHAR(16),
	review_label      MEDIUMTEXT,
	error             MEDIUMTEXT,
	source_context    MEDIUMTEXT,
	session_context   MEDIUMTEXT,
	procedure_task_id MEDIUMTEXT,
	procedure_status  MEDIUMTEXT,
	storage_class     MEDIUMTEXT,
	created_at        DATETIME(6),
	expires_at        DATETIME(6),
	deleted_at        DATETIME(6),
	updated_at        DATETIME(6) NOT NULL,
	last_event        CHAR(32) CHARACTER SET ascii COLLATE ascii_bin,
	doc               JSON,
	PRIMARY KEY (source, file_id),
	KEY state_idx (state)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

	createOutput = `
CREATE TABLE IF NOT EXISTS %s (
	source      VARCHAR(255) NOT NULL,
	file_id     VARCHAR(255) NOT NULL,
	kind        VARCHAR(64) NOT NULL,
	definition  BIGINT NOT NULL,
	status      MEDIUMTEXT NOT NULL,
	url         MEDIUMTEXT,
	width       BIGINT,
	height      BIGINT,
	size        BIGINT,
	bitrate     BIGINT,
	duration    DOUBLE,
	container   MEDIUMTEXT,
	error       MEDIUMTEXT,
	task_id     MEDIUMTEXT,
	finished_at DATETIME(6),
	data        JSON,
	PRIMARY KEY (source, file_id, kind, definition)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

	createTouched = `
CREATE TABLE IF NOT EXISTS %s (
	source   VARCHAR(255) NOT NULL,
	file_id  VARCHAR(255) NOT NULL,
	event_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	PRIMARY KEY (source, file_id, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`
)

// beside makes the tables of media=.
func (m mediaTables) beside() []string {
	return []string{fmt.Sprintf(createMedia, m.media), fmt.Sprintf(createOutput, m.output), fmt.Sprintf(createTouched, m.event)}
}

// startTransaction goes before the text of a transaction's first statement.
const startTransaction = "START TRANSACTION; "

// transaction runs f in one.
func (c *conn) transaction(ctx context.Context, f func() error) error {
	if err := c.exec(ctx, "START TRANSACTION"); err != nil {
		return err
	}
	return c.commit(ctx, f)
}

// commit runs f, which has begun a transaction, and ends it.
func (c *conn) commit(ctx context.Context, f func() error) error {
	if err := f(); err != nil {
		if c.IsBroken() || ctx.Err() != nil {
			c.invalid = true // the server undoes what a lost connection began
			return err
		}
		if undone := c.exec(context.WithoutCancel(ctx), "ROLLBACK"); undone != nil {
			c.invalid = true
		}
		return err
	}
	return c.exec(ctx, "COMMIT")
}

// lock makes and locks the rows of the media that the events touch, in the order
// of their keys.
func (m mediaTables) lock(ctx context.Context, c *conn, keys []sqltable.MediaKey) error {
	var args []any
	for _, k := range keys {
		args = append(args, k.Source, k.FileId)
	}
	return c.exec(ctx, "INSERT INTO "+m.media+" (source, file_id, updated_at) VALUES "+list(len(keys), "(?, ?, UTC_TIMESTAMP(6))")+
		" ON DUPLICATE KEY UPDATE file_id = VALUES(file_id)", args...)
}

// read returns which of the events the table took as SINK by this stamp, with the
// time of receipt that stands in their rows, and the media's docs.
func (m mediaTables) read(ctx context.Context, c *conn, events string, stamp time.Time, touches []sqltable.Touch, keys []sqltable.MediaKey) (fresh map[string]time.Time, docs map[sqltable.MediaKey][]byte, err error) {
	fresh, docs = map[string]time.Time{}, map[sqltable.MediaKey][]byte{}
	args := []any{stamp}
	for _, t := range touches {
		args = append(args, t.Event)
	}
	for _, k := range keys {
		args = append(args, k.Source, k.FileId)
	}
	sql := "SELECT id, received_at, NULL, NULL, NULL FROM " + events + " WHERE sunk_at = ? AND id IN (" + list(len(touches), "?") + ")" +
		" UNION ALL SELECT NULL, NULL, source, file_id, doc FROM " + m.media + " WHERE (source, file_id) IN (" + list(len(keys), "(?, ?)") + ")"
	err = c.query(ctx, func(row []driver.Value) error {
		if row[0] == nil {
			docs[sqltable.MediaKey{Source: text(row[2]), FileId: text(row[3])}] = []byte(text(row[4]))
			return nil
		}
		received, err := moment(row[1])
		fresh[text(row[0])] = received
		return err
	}, sql, args...)
	return fresh, docs, err
}

// moment is a value of a column with a time, which the driver gives as text where
// a UNION has made it text.
func moment(v driver.Value) (time.Time, error) {
	if t, ok := v.(time.Time); ok {
		return t, nil
	}
	return time.ParseInLocation("2006-01-02 15:04:05.999999", text(v), time.UTC)
}

// fold writes what the events that the table took by this stamp say of media.
func (m mediaTables) fold(ctx context.Context, c *conn, events string, stamp time.Time, telling *sqltable.Telling, touches []sqltable.Touch, rawOnly bool) error {
	keys := sqltable.Keys(touches)
	if err := m.lock(ctx, c, keys); err != nil {
		return err
	}
	fresh, docs, err := m.read(ctx, c, events, stamp, touches, keys)
	if err != nil {
		return err
	}
	rows, err := telling.Fold(fresh, docs, func(ids []string, add func(stored.Row)) error { return readEvents(ctx, c, events, ids, add) })
	if err != nil {
		return err
	}
	if err := m.unlock(ctx, c, docs, rows); err != nil {
		return err
	}
	return m.write(ctx, c, rows, rawOnly)
}

// unlock removes rows that lock has made for events that were there already: they
// say nothing new.
func (m mediaTables) unlock(ctx context.Context, c *conn, docs map[sqltable.MediaKey][]byte, rows sqltable.MediaRows) error {
	var args []any
	for key, doc := range docs {
		folded := slices.ContainsFunc(rows.Media, func(r sqltable.MediaRow) bool { return r.Source == key.Source && r.FileId == key.FileId })
		if len(doc) == 0 && !folded {
			args = append(args, key.Source, key.FileId)
		}
	}
	if len(args) == 0 {
		return nil
	}
	return c.exec(ctx, "DELETE FROM "+m.media+" WHERE doc IS NULL AND (source, file_id) IN ("+list(len(args)/2, "(?, ?)")+")", args...)
}

func (m mediaTables) write(ctx context.Context, c *conn, rows sqltable.MediaRows, rawOnly bool) error {
	var values []any
	for i := range rows.Media {
		values = append(append(values, rows.Media[i].Source, rows.Media[i].FileId), mediaValues(&rows.Media[i])...)
	}
	if err := upsert(ctx, c, m.media, []string{"source", "file_id"}, sqltable.MediaColumns, "UTC_TIMESTAMP(6)", values); err != nil {
		return err
	}
	values = nil
	for i := range rows.Outputs {
		o := &rows.Outputs[i]
		if rawOnly {
			o.Data = nil
		}
		values = append(append(values, o.Source, o.FileId, string(o.Kind), o.Definition), outputValues(o.Output)...)
	}
	if err := upsert(ctx, c, m.output, []string{"source", "file_id", "kind", "definition"}, append([]string{"data"}, sqltable.OutputColumns...), "", values); err != nil {
		return err
	}
	values = nil
	for _, e := range rows.Events {
		values = append(values, e.Source, e.FileId, e.EventID)
	}
	return upsert(ctx, c, m.event, []string{"source", "file_id", "event_id"}, nil, "", values)
}

// upsert writes rows, in statements that are not too long. A data of NULL leaves
// that of the row. updated, if it is set, is the value of updated_at.
func upsert(ctx context.Context, c *conn, table string, keys, columns []string, updated string, values []any) error {
	names := append(append([]string(nil), keys...), columns...)
	one := list(len(names), "?")
	sets := []string{keys[0] + " = VALUES(" + keys[0] + ")"}
	for _, name := range columns {
		set := "VALUES(" + name + ")"
		if name == "data" {
			set = "coalesce(VALUES(data), data)"
		}
		sets = append(sets, name+" = "+set)
	}
	width := len(names)
	if updated != "" {
		names, one = append(names, "updated_at"), one+", "+updated
		sets = append(sets, "updated_at = VALUES(updated_at)")
	}
	for len(values) > 0 {
		n, size := 0, 0
		for n < len(values) && size < statementBytes {
			for _, v := range values[n : n+width] {
				if s, ok := v.(string); ok {
					size += len(s)
				}
			}
			n += width
		}
		sql := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES " + list(n/width, "("+one+")") +
			" ON DUPLICATE KEY UPDATE " + strings.Join(sets, ", ")
		if err := c.exec(ctx, sql, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// null is v, or NULL for nothing.
func null[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}

// mediaValues are in the order of [sqltable.MediaColumns].
func mediaValues(m *sqltable.MediaRow) []any {
	return []any{string(m.State), null(m.Name), null(m.Category), null(m.Type), null(m.MediaUrl), null(m.PlayUrl), null(m.CoverUrl),
		null(m.Size), null(m.Duration), null(m.Width), null(m.Height), null(string(m.Review)), null(m.ReviewLabel), null(m.Error),
		null(m.SourceContext), null(m.SessionContext), null(m.ProcedureTaskId), null(m.ProcedureStatus), null(m.StorageClass),
		null(m.CreatedAt), null(m.ExpiresAt), null(m.DeletedAt), null(m.LastEvent), string(m.Doc)}
}

// outputValues are data, and then in the order of [sqltable.OutputColumns].
func outputValues(o *media.Output) []any {
	var data any
	if o.Data != nil {
		data = string(jsonscan.ToUTF8(o.Data))
	}
	return []any{data, string(o.Status), null(o.Url), null(o.Width), null(o.Height), null(o.Size), null(o.Bitrate), null(o.Duration),
		null(o.Container), null(o.Error), null(o.TaskId), null(o.FinishedAt)}
}

package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// mediaTables are the tables of media=, as they stand in SQL.
type mediaTables struct{ media, output, event string }

func mediaNames(table pgx.Identifier) mediaTables {
	name := func(suffix string) string {
		named := append(pgx.Identifier(nil), table...)
		named[len(named)-1] += suffix
		return named.Sanitize()
	}
	return mediaTables{name(""), name("_output"), name("_event")}
}

// createMedia makes them. doc and data are jsonb, which keeps every number.
const createMedia = `
SELECT pg_advisory_xact_lock(%[1]d);
CREATE TABLE IF NOT EXISTS %[2]s (
	source            text COLLATE "C" NOT NULL,
	file_id           text COLLATE "C" NOT NULL,
	state             text NOT NULL DEFAULT 'known',
	name              text,
	category          text,
	type              text,
	media_url         text,
	play_url          text,
	cover_url         text,
	size              bigint,
	duration          double precision,
	width             bigint,
	height            bigint,
	review            text,
	review_label      text,
	error             text,
	source_context    text,
	session_context   text,
	procedure_task_id text,
	procedure_status  text,
	storage_class     text,
	created_at        timestamptz,
	expires_at        timestamptz,
	deleted_at        timestamptz,
	updated_at        timestamptz NOT NULL DEFAULT now(),
	last_event        text,
	doc               jsonb,
	PRIMARY KEY (source, file_id)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS %[5]s ON %[2]s (state);
CREATE TABLE IF NOT EXISTS %[3]s (
	source      text COLLATE "C" NOT NULL,
	file_id     text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	definition  bigint NOT NULL,
	status      text NOT NULL,
	url         text,
	width       bigint,
	height      bigint,
	size        bigint,
	bitrate     bigint,
	duration    double precision,
	container   text,
	error       text,
	task_id     text,
	finished_at timestamptz,
	data        jsonb,
	PRIMARY KEY (source, file_id, kind, definition)
);
CREATE TABLE IF NOT EXISTS %[4]s (
	source   text COLLATE "C" NOT NULL,
	file_id  text COLLATE "C" NOT NULL,
	event_id text COLLATE "C" NOT NULL,
	PRIMARY KEY (source, file_id, event_id)
);
`

// takeEvents writes the events and, in the same statement, makes and locks the
// rows of the media that the new ones touch, in the order of their keys, as a rebuild
// does. Its rows are the events that the table took as SINK just now, and the media's
// docs.
const takeEvents = `WITH taken AS (%[1]s
RETURNING id, received_at, sunk_at),
locked AS (
	INSERT INTO %[2]s AS m (source, file_id)
	SELECT DISTINCT source COLLATE "C" AS source, file_id COLLATE "C" AS file_id
	FROM unnest($13::text[], $14::text[], $15::text[]) AS touch (source, file_id, event_id)
	JOIN taken ON taken.id = touch.event_id AND taken.sunk_at IS NOT NULL
	ORDER BY 1, 2
	ON CONFLICT (source, file_id) DO UPDATE SET file_id = excluded.file_id
	RETURNING source, file_id, doc)
SELECT id, received_at, NULL, NULL, NULL FROM taken WHERE sunk_at IS NOT NULL
UNION ALL
SELECT NULL, NULL, source, file_id, doc::text FROM locked`

// folder keeps the tables of media=.
type folder struct {
	events      string // the table
	take, write string
	folds       chan struct{} // holds one for each that is going on, at most sqltable.MaxFolds
}

func newFolder(events, insert string, tables mediaTables) *folder {
	return &folder{events: events, take: fmt.Sprintf(takeEvents, insert, tables.media), write: tables.writeSQL(), folds: make(chan struct{}, sqltable.MaxFolds)}
}

// begin waits until there is room for one more fold, which must end.
func (f *folder) begin(ctx context.Context) error {
	select {
	case f.folds <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *folder) end() { <-f.folds }

// transaction runs f in one, also where the pool has begun it.
func (c *conn) transaction(ctx context.Context, f func() error) error {
	if c.explicit {
		return f()
	}
	return pgx.BeginTxFunc(ctx, c.Conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(pgx.Tx) error { return f() })
}

// quickTransaction is transaction for an f that sends begin with its first statement and
// commit with its last: these two cost no round trip then. An f that ends before its last
// statement leaves commit out. Both are empty where the pool has begun it.
func (c *conn) quickTransaction(ctx context.Context, f func(begin, commit string) error) error {
	if c.explicit {
		return f("", "")
	}
	const commit = "COMMIT"
	open := func() bool { return !c.IsClosed() && c.PgConn().TxStatus() != 'I' }
	err := f("BEGIN ISOLATION LEVEL READ COMMITTED", commit)
	if err == nil && open() {
		_, err = c.Exec(ctx, commit)
	}
	if err != nil && open() {
		if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
			c.Close() // the server rolls back then
		}
	}
	return err
}

// writeEvents writes the events and folds those that the table did not have as SINK.
func (f *folder) writeEvents(ctx context.Context, c *conn, telling *sqltable.Telling, touches []sqltable.Touch, events []*event.Event, rawOnly bool) error {
	args := func(r *room) []any { return takeArgs(events, touches, rawOnly, r) }
	return c.quickTransaction(ctx, func(begin, commit string) error {
		fresh, docs, err := f.takeEvents(ctx, c, begin, len(events), args)
		if err != nil {
			return err
		}
		rows, err := telling.Fold(fresh, docs, func(ids []string, add func(stored.Row)) error { return readEvents(ctx, c, f.events, ids, add) })
		if err != nil || len(rows.Media) == 0 {
			return err
		}
		return f.writeRows(ctx, c, rows, rawOnly, commit)
	})
}

// takeArgs are the arguments of takeEvents.
func takeArgs(events []*event.Event, touches []sqltable.Touch, rawOnly bool, in *room) []any {
	touch := func(value func(*sqltable.Touch) string) texts { return each(&in.texts, touches, value) }
	return append(rows(events, rawOnly, in),
		touch(func(t *sqltable.Touch) string { return t.Source }),
		touch(func(t *sqltable.Touch) string { return t.FileId }),
		touch(func(t *sqltable.Touch) string { return t.Event }),
	)
}

// takeEvents returns the events that the table took, out of so many, and the docs of
// their media. A media that is new has none.
func (f *folder) takeEvents(ctx context.Context, c *conn, begin string, events int, args func(*room) []any) (fresh map[string]time.Time, docs map[sqltable.MediaKey][]byte, _ error) {
	fresh, docs = make(map[string]time.Time, events), map[sqltable.MediaKey][]byte{}
	var received time.Time
	var scan pgtype.ScanPlan // of received
	err := c.queryArrays(ctx, begin, f.take, args, func(rows pgx.Rows) error {
		row := rows.RawValues() // Scan would take ten times as long
		switch id, doc := row[0], row[4]; {
		case id != nil:
			if scan == nil {
				field := rows.FieldDescriptions()[1]
				scan = c.TypeMap().PlanScan(field.DataTypeOID, field.Format, &received)
			}
			err := scan.Scan(row[1], &received)
			fresh[string(id)] = received
			return err
		case doc != nil:
			docs[sqltable.MediaKey{Source: string(row[2]), FileId: string(row[3])}] = slices.Clone(doc)
		}
		return nil
	})
	return fresh, docs, err
}

// writeRows ends with the statement commit, if there is any.
func (f *folder) writeRows(ctx context.Context, c *conn, rows sqltable.MediaRows, rawOnly bool, commit string) error {
	for i := range rows.Outputs {
		o := &rows.Outputs[i]
		if o.Data = holdable(o.Data, rows.Powers); rawOnly {
			o.Data = nil
		}
	}
	return c.execArrays(ctx, f.write, func(r *room) []any { return writeArgs(rows, r) }, commit)
}

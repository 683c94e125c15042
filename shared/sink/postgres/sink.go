package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
)

// DefaultTable is the table of a [Sink] whose URL names none.
const DefaultTable = sqltable.DefaultTable

var _ deliver.Sink = (*Sink)(nil)

// Sink writes events into a table, each once. It implements [deliver.Sink].
type Sink struct {
	pool  *sqltable.Share[*conn]
	table *sqltable.Table

	insert    string  // of several events
	insertOne string  // of one
	media     *folder // nil: no media= in the URL
}

// Open returns the sink of a URL such as
//
//	postgres://user:password@host/database?table=vod_events
//
// which may hold what pgx and libpq know, and as parameters of our own: table,
// TABLE or SCHEMA.TABLE, by default [DefaultTable], spelled as it is to be; media,
// a table such as vod_media that keeps the state of each media; and
// pool_max_conns, the most connections at a time, by default 8.
// Open does not connect; its errors are about the URL and never show more of it
// than the host.
func Open(u *url.URL) (*Sink, error) {
	return new(Pools).Open(u)
}

func newSink(pool *sqltable.Share[*conn], table, media pgx.Identifier) *Sink {
	name := table.Sanitize()
	s := &Sink{
		pool: pool,
		table: &sqltable.Table{
			Name: name,
			Create: fmt.Sprintf(createEvents, createLock, name,
				index(table, "_received_idx"), index(table, "_type_idx"), index(table, "_subject_idx")),
			Upgrade: []string{fmt.Sprintf(upgradeEvents, name)},
		},
		insert:    fmt.Sprintf(insertEvents, name),
		insertOne: fmt.Sprintf(insertEvent, name),
	}
	if media != nil {
		tables := mediaNames(media)
		s.media = newFolder(name, s.insert, tables)
		s.table.Beside = []string{fmt.Sprintf(createMedia, createLock, tables.media, tables.output, tables.event, index(media, "_state_idx"))}
	}
	return s
}

// createLock serializes the instances that make a table: CREATE TABLE IF NOT
// EXISTS fails when two do so at once. It is an arbitrary number.
const createLock = 7166101318051117

const createEvents = `
SELECT pg_advisory_xact_lock(%[1]d);
CREATE TABLE IF NOT EXISTS %[2]s (
	id             text COLLATE "C" PRIMARY KEY,
	type           text NOT NULL,
	subject        text,
	source         text NOT NULL,
	mode           text NOT NULL,
	received_at    timestamptz NOT NULL,
	data           jsonb,
	raw            bytea,
	parkreason     text,
	parkattempts   integer,
	parkfirsterror text,
	parklasterror  text,
	sunk_at        timestamptz
);
CREATE INDEX IF NOT EXISTS %[3]s ON %[2]s (received_at);
CREATE INDEX IF NOT EXISTS %[4]s ON %[2]s (type, received_at);
CREATE INDEX IF NOT EXISTS %[5]s ON %[2]s (subject) WHERE subject IS NOT NULL;
`

// upgradeEvents adds what a table of an earlier version may lack: the columns
// that may be null. Where another one is missing the table is not ours.
const upgradeEvents = `ALTER TABLE %[1]s ADD COLUMN IF NOT EXISTS subject text, ADD COLUMN IF NOT EXISTS data jsonb, ADD COLUMN IF NOT EXISTS raw bytea, ` +
	`ADD COLUMN IF NOT EXISTS parkreason text, ADD COLUMN IF NOT EXISTS parkattempts integer, ` +
	`ADD COLUMN IF NOT EXISTS parkfirsterror text, ADD COLUMN IF NOT EXISTS parklasterror text, ` +
	`ADD COLUMN IF NOT EXISTS sunk_at timestamptz`

// A parked event that is delivered after all, by a replay, is parked no longer.
// A dead letter sets its mark whoever wrote the row: where the table is SINK as
// well, it may have taken the event before another sink refused it. sunk_at is when
// the table took the event as SINK for the first time. Every other row stays as it
// is.
//
// data comes as jsonb: the server takes 30 µs more for 5 kB that come as text and
// are cast.
const (
	insertEvents = `
INSERT INTO %[1]s AS t (` + eventColumns + `, sunk_at)
SELECT id, type, subject, source, mode, received_at, data, raw,
	parkreason, parkattempts, parkfirsterror, parklasterror, CASE WHEN parkreason IS NULL THEN now() END
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[], $8::bytea[],
	$9::text[], $10::integer[], $11::text[], $12::text[])
	AS e (` + eventColumns + `)` + onConflict

	// insertEvent is insertEvents for one event: without arrays, both ends have
	// less to do.
	insertEvent = `
INSERT INTO %[1]s AS t (` + eventColumns + `, sunk_at)
VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::jsonb, $8::bytea,
	$9::text, $10::integer, $11::text, $12::text, CASE WHEN $9::text IS NULL THEN now() END)` + onConflict

	eventColumns = `id, type, subject, source, mode, received_at, data, raw,
	parkreason, parkattempts, parkfirsterror, parklasterror`

	onConflict = `
ON CONFLICT (id) DO UPDATE SET
	parkreason = excluded.parkreason, parkattempts = excluded.parkattempts,
	parkfirsterror = excluded.parkfirsterror, parklasterror = excluded.parklasterror,
	sunk_at = coalesce(t.sunk_at, excluded.sunk_at)
WHERE t.parkreason IS NOT NULL OR excluded.parkreason IS NOT NULL OR t.sunk_at IS NULL`
)

// Send writes the batch in one statement, and makes the table if there is none.
// Events that are there already are delivered.
//
// Only where the server refuses an event of the batch are they sent one by one,
// and that event gets an error of its own: [deliver.Permanent] for data that
// PostgreSQL cannot hold and for a CHECK, and a plain one for a trigger or a
// constraint that somebody added. Everything else is [deliver.Unavailable].
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	w := sqltable.Writer{Write: s.write, FaultOf: faultOf}
	return w.Send(ctx, events)
}

// write inserts the events, with their data as bytes only when rawOnly is set.
func (s *Sink) write(ctx context.Context, events []*event.Event, rawOnly bool) error {
	if s.media != nil {
		if err := s.media.begin(ctx); err != nil {
			return err
		}
		defer s.media.end()
	}
	return s.pool.Use(ctx, s.table, func(c *conn) error {
		// Made here, so that a batch which waits for a connection holds no more
		// memory than its events.
		if s.media != nil {
			telling := sqltable.Tell(events)
			defer telling.Release()
			if touches := telling.Touches(); len(touches) > 0 {
				return s.media.writeEvents(ctx, c, telling, touches, events, rawOnly)
			}
		}
		if len(events) > 1 {
			return c.execArrays(ctx, s.insert, func(r *room) []any { return rows(events, rawOnly, r) }, "")
		}
		_, err := c.Exec(ctx, s.insertOne, newRow(events[0], rawOnly, new(room)).args()...)
		return err
	})
}

// row is an event as the table holds it. nil is null.
type row struct {
	id, kind, source, mode    string
	received                  time.Time
	subject                   *string
	data                      json.RawMessage // plain bytes would reach some of pgx's modes as a bytea
	raw                       []byte
	reason, firstErr, lastErr *string
	attempts                  *int32
}

func newRow(e *event.Event, rawOnly bool, in *room) row {
	r := row{
		id: e.ID, kind: sqltable.Indexable(e.CloudEventType(), indexable),
		source: e.Source(), mode: string(e.Mode), received: e.Received,
	}
	if e.Subject != "" {
		r.subject = new(sqltable.Indexable(e.Subject, indexable))
	}
	exact := in.append(e)
	held := holdable(exact, e.HasPowers())
	if !rawOnly && held != nil {
		r.data = held
	}
	if bytes := e.RawData(); bytes != nil {
		r.raw = bytes
	} else if rawOnly || held == nil || &held[0] != &exact[0] {
		r.raw = exact
	}
	if p := e.Parking; p != nil {
		r.reason, r.attempts = new(sqltable.Text(p.Reason)), new(int32(p.Attempts))
		r.firstErr, r.lastErr = new(sqltable.Text(p.FirstError)), new(sqltable.Text(p.LastError))
	}
	return r
}

// args are the arguments of insertEvent.
func (r row) args() []any {
	return []any{r.id, r.kind, r.subject, r.source, r.mode, r.received, r.data, r.raw, r.reason, r.attempts, r.firstErr, r.lastErr}
}

// rows makes the arguments of insertEvents, one array for each column, in a room.
func rows(events []*event.Event, rawOnly bool, in *room) []any {
	sorted := sqltable.Sorted(events)
	n := len(sorted)
	size := 0
	for _, e := range sorted {
		size += len(e.Payload) + 256
	}
	in.data = slices.Grow(in.data[:0], size)
	var (
		ids, types, sources, modes   = make(texts, n), make(texts, n), make(texts, n), make(texts, n)
		subjects, data               = make([]*string, n), make(documents, n)
		received                     = make([]time.Time, n)
		raw                          = make([][]byte, n)
		reasons, firstErrs, lastErrs = make([]*string, n), make([]*string, n), make([]*string, n)
		attempts                     = make([]*int32, n)
	)
	for i, e := range sorted {
		r := newRow(e, rawOnly, in)
		ids[i], types[i], subjects[i], sources[i], modes[i] = r.id, r.kind, r.subject, r.source, r.mode
		received[i], data[i], raw[i] = r.received, r.data, r.raw
		reasons[i], attempts[i], firstErrs[i], lastErrs[i] = r.reason, r.attempts, r.firstErr, r.lastErr
	}
	return []any{ids, types, subjects, sources, modes, received, data, raw, reasons, attempts, firstErrs, lastErrs}
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.pool.CloseStale() }

// Close implements [deliver.Sink].
func (s *Sink) Close() error { return s.pool.Close() }

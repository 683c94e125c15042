package postgres

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// DefaultTable is the table of a [Sink] whose URL names none.
const DefaultTable = "vod_events"

// Sink writes events into a table, each once. It implements [deliver.Sink].
type Sink struct {
	pool   *share
	table  string // quoted
	create string
	insert string
}

// Open returns the sink of a URL such as
//
//	postgres://user:password@host/database?table=vod_events
//
// which may hold what pgx and libpq know, and as parameters of our own: table,
// TABLE or SCHEMA.TABLE, by default [DefaultTable], spelled as it is to be, and
// pool_max_conns, the most connections at a time, by default 8.
// Open does not connect; its errors are about the URL and never show more of it
// than the host.
func Open(u *url.URL) (*Sink, error) {
	return new(Pools).Open(u)
}

func newSink(pool *share, table pgx.Identifier) *Sink {
	name := table.Sanitize()
	return &Sink{
		pool:  pool,
		table: name,
		create: fmt.Sprintf(createEvents, createLock, name,
			index(table, "_received_idx"), index(table, "_type_idx"), index(table, "_subject_idx")),
		insert: fmt.Sprintf(insertEvents, name),
	}
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
	parklasterror  text
);
CREATE INDEX IF NOT EXISTS %[3]s ON %[2]s (received_at);
CREATE INDEX IF NOT EXISTS %[4]s ON %[2]s (type, received_at);
CREATE INDEX IF NOT EXISTS %[5]s ON %[2]s (subject) WHERE subject IS NOT NULL;
`

// A parked event that is delivered after all, by a replay, is parked no longer.
// A dead letter sets its mark whoever wrote the row: where the table is SINK as
// well, it may have taken the event before another sink refused it. Every other
// row stays as it is.
const insertEvents = `
INSERT INTO %[1]s AS t (id, type, subject, source, mode, received_at, data, raw,
	parkreason, parkattempts, parkfirsterror, parklasterror)
SELECT id, type, subject, source, mode, received_at, data::jsonb, raw,
	parkreason, parkattempts, parkfirsterror, parklasterror
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::bytea[],
	$9::text[], $10::integer[], $11::text[], $12::text[])
	AS e (id, type, subject, source, mode, received_at, data, raw,
	parkreason, parkattempts, parkfirsterror, parklasterror)
ON CONFLICT (id) DO UPDATE SET
	parkreason = excluded.parkreason, parkattempts = excluded.parkattempts,
	parkfirsterror = excluded.parkfirsterror, parklasterror = excluded.parklasterror
WHERE t.parkreason IS NOT NULL OR excluded.parkreason IS NOT NULL`

// Send writes the batch in one statement, and makes the table if there is none.
// Events that are there already are delivered.
//
// Only where the server refuses an event of the batch are they sent one by one,
// and that event gets an error of its own: [deliver.Permanent] for data that
// PostgreSQL cannot hold and for a CHECK, and a plain one for a trigger or a
// constraint that somebody added. Everything else is [deliver.Unavailable].
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	if len(events) == 0 {
		return errs
	}
	err := s.write(ctx, events, false)
	if err == nil {
		return errs
	}
	if faultOf(err) == ofServer {
		return deliver.FailAll(len(events), deliver.Unavailable(inTable(s.table, err), 0))
	}
	for i := range events {
		errs[i] = s.sendOne(ctx, events[i:i+1])
	}
	return errs
}

func (s *Sink) sendOne(ctx context.Context, one []*event.Event) error {
	err := s.write(ctx, one, false)
	if err != nil && faultOf(err) == ofData {
		err = s.write(ctx, one, true) // jsonb cannot hold it, bytea can
	}
	if err == nil {
		return nil
	}
	wrapped := inTable(s.table, err)
	switch faultOf(err) {
	case ofData:
		return deliver.Permanent(wrapped)
	case ofEvent:
		return wrapped
	default:
		return deliver.Unavailable(wrapped, 0)
	}
}

// write inserts the events, with their data as bytes only when rawOnly is set.
func (s *Sink) write(ctx context.Context, events []*event.Event, rawOnly bool) error {
	args := rows(events, rawOnly)
	return s.pool.use(ctx, s.create, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, s.insert, args...)
		return err
	})
}

// rows makes the arguments of insertEvents, one array for each column. The rows
// are in the order of their ids, so that batches that share events wait for
// each other instead of dying in a deadlock, and each id is there once.
func rows(events []*event.Event, rawOnly bool) []any {
	sorted := slices.SortedStableFunc(slices.Values(events), func(a, b *event.Event) int {
		return strings.Compare(a.ID, b.ID)
	})
	sorted = slices.CompactFunc(sorted, func(a, b *event.Event) bool { return a.ID == b.ID })

	n := len(sorted)
	var (
		ids, types, sources, modes   = make([]string, n), make([]string, n), make([]string, n), make([]string, n)
		subjects, data               = make([]*string, n), make([]*string, n)
		received                     = make([]time.Time, n)
		raw                          = make([][]byte, n)
		reasons, firstErrs, lastErrs = make([]*string, n), make([]*string, n), make([]*string, n)
		attempts                     = make([]*int32, n)
	)
	for i, e := range sorted {
		ids[i], types[i], sources[i], modes[i] = e.ID, indexable(e.CloudEventType()), e.Source(), string(e.Mode)
		if e.Subject != "" {
			subjects[i] = new(indexable(e.Subject))
		}
		received[i] = e.Received
		exact := e.AppendData(make([]byte, 0, len(e.Payload)+256))
		held := holdable(exact)
		if !rawOnly && held != nil {
			data[i] = new(string(held)) // bytes would reach some of pgx's modes as a bytea
		}
		if bytes := e.RawData(); bytes != nil {
			raw[i] = bytes
		} else if rawOnly || held == nil || &held[0] != &exact[0] {
			raw[i] = exact
		}
		if p := e.Parking; p != nil {
			reasons[i], attempts[i] = new(text(p.Reason)), new(int32(p.Attempts))
			firstErrs[i], lastErrs[i] = new(text(p.FirstError)), new(text(p.LastError))
		}
	}
	return []any{ids, types, subjects, sources, modes, received, data, raw, reasons, attempts, firstErrs, lastErrs}
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.pool.closeStale() }

// Close implements [deliver.Sink].
func (s *Sink) Close() error {
	s.pool.close()
	return nil
}

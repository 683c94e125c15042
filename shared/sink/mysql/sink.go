package mysql

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

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
	media *mediaTables // nil: no media= in the URL
}

// Open returns the sink of a URL such as
//
//	mysql://user:password@host:3306/database?table=vod_events
//
// whose parameters the package comment lists. Open does not connect; its errors
// are about the URL and never show more of it than the host.
func Open(u *url.URL) (*Sink, error) { return new(Pools).Open(u) }

func newSink(pool *sqltable.Share[*conn], table string, media []string) *Sink {
	s := &Sink{pool: pool, table: &sqltable.Table{
		Name:    table,
		Create:  fmt.Sprintf(createEvents, table),
		Upgrade: upgrade(table, upgradeEvents),
	}}
	if media != nil {
		names := mediaNames(media)
		s.media, s.table.Beside = &names, names.beside()
	}
	return s
}

// createEvents names engine, character set and collation: servers have others as
// their default, MariaDB of Debian latin1.
const createEvents = `
CREATE TABLE IF NOT EXISTS %s (
	id             CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
	type           VARCHAR(512) NOT NULL,
	subject        VARCHAR(512),
	source         VARCHAR(255) NOT NULL,
	mode           VARCHAR(32) NOT NULL,
	received_at    DATETIME(6) NOT NULL,
	data           JSON,
	raw            LONGBLOB,
	parkreason     VARCHAR(255),
	parkattempts   INT,
	parkfirsterror MEDIUMTEXT,
	parklasterror  MEDIUMTEXT,
	sunk_at        DATETIME(6),
	KEY received_idx (received_at),
	KEY type_idx (type, received_at),
	KEY subject_idx (subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`

// upgradeEvents are the columns that a table of an earlier version may lack:
// those that may be null. Where another one is missing the table is not ours.
var upgradeEvents = []string{
	"subject VARCHAR(512)", "data JSON", "raw LONGBLOB",
	"parkreason VARCHAR(255)", "parkattempts INT", "parkfirsterror MEDIUMTEXT", "parklasterror MEDIUMTEXT",
	"sunk_at DATETIME(6)",
}

// upgrade adds each column on its own: MySQL knows no ADD COLUMN IF NOT EXISTS.
func upgrade(table string, columns []string) (sql []string) {
	for _, c := range columns {
		sql = append(sql, "ALTER TABLE "+table+" ADD COLUMN "+c)
	}
	return sql
}

// insertEvents takes the JSON of most rows from the bytes in raw, which come
// before it, so that they go over the network once.
//
// A parked event that is delivered after all, by a replay, is parked no longer. A
// dead letter sets its mark whoever wrote the row: where the table is SINK as
// well, it may have taken the event before another sink refused it. sunk_at is when
// the table took the event as SINK for the first time. Every other row stays as it
// is, for then both sides of each assignment are the same.
//
// MySQL updates whatever row is in the way of any unique key. Where that is
// another event, by a key that somebody added, id would become null, which is
// error 1048, instead of this event being lost in silence.
const (
	insertEvents = "INSERT INTO %s (id, type, subject, source, mode, received_at, raw, data, parkreason, parkattempts, parkfirsterror, parklasterror, sunk_at) VALUES "
	fromRaw      = "(?, ?, ?, ?, ?, ?, ?, CONVERT(raw USING utf8mb4), ?, ?, ?, ?, ?)"
	withData     = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	onDuplicate  = ` ON DUPLICATE KEY UPDATE id = IF(id = VALUES(id), id, NULL),
	parkreason = VALUES(parkreason), parkattempts = VALUES(parkattempts),
	parkfirsterror = VALUES(parkfirsterror), parklasterror = VALUES(parklasterror),
	sunk_at = coalesce(sunk_at, VALUES(sunk_at))`
)

// Send writes the batch in one statement, or in several where it is large, and
// makes the table if there is none. Events that are there already are delivered.
//
// Only where the server refuses an event of the batch are they sent one by one,
// and that event gets an error of its own: [deliver.Permanent] for data that
// no column can hold and for a CHECK, and a plain one for a trigger or a
// constraint that somebody added. Everything else is [deliver.Unavailable].
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	w := sqltable.Writer{Write: s.write, FaultOf: faultOf}
	return w.Send(ctx, events)
}

// statementBytes is how many bytes of events go into one statement. MariaDB
// takes 16 MiB (max_allowed_packet), and escaping makes them at most twice as
// long.
const statementBytes = 4 << 20

// write inserts the events, with their data as bytes only when rawOnly is set.
func (s *Sink) write(ctx context.Context, events []*event.Event, rawOnly bool) error {
	sorted := sqltable.Sorted(events)
	return s.pool.Use(ctx, s.table, func(c *conn) error {
		var telling *sqltable.Telling
		var touches []sqltable.Touch
		if s.media != nil { // here, so that a batch which waits for a connection holds only its events
			telling = sqltable.Tell(sorted)
			defer telling.Release()
			touches = telling.Touches()
		}
		stamp := time.Now().UTC().Truncate(time.Microsecond)
		if len(touches) == 0 {
			return s.insert(ctx, c, "", sorted, stamp, rawOnly)
		}
		return c.commit(ctx, func() error {
			if err := s.insert(ctx, c, startTransaction, sorted, stamp, rawOnly); err != nil {
				return err
			}
			return s.media.fold(ctx, c, s.table.Name, stamp, telling, touches, rawOnly)
		})
	})
}

// insert writes the rows of events, with a statement before the first. The stamp is their sunk_at where the table
// takes them as SINK now.
func (s *Sink) insert(ctx context.Context, c *conn, before string, sorted []*event.Event, stamp time.Time, rawOnly bool) error {
	for from := 0; from < len(sorted); {
		sql, args := new(strings.Builder), []any{}
		fmt.Fprintf(sql, insertEvents, s.table.Name)
		size := 0
		for first := from; from < len(sorted) && (from == first || size+len(sorted[from].Payload) < statementBytes); from++ {
			if from > first {
				sql.WriteString(", ")
			}
			values, row := values(sorted[from], stamp, rawOnly)
			sql.WriteString(values)
			args = append(args, row...)
			size += len(sorted[from].Payload)
		}
		sql.WriteString(onDuplicate)
		if err := c.exec(ctx, before+sql.String(), args...); err != nil {
			return err
		}
		before = ""
	}
	return nil
}

// indexable is the most bytes of type and subject. An index takes 3,072 bytes, at
// four for each character.
const indexable = 512

// values is the row of an event, and the text that takes it.
func values(e *event.Event, stamp time.Time, rawOnly bool) (sql string, row []any) {
	sql = fromRaw
	exact := e.AppendData(make([]byte, 0, len(e.Payload)+256))
	raw, data := exact, any(nil)
	if b := e.RawData(); b != nil {
		raw, data, sql = b, string(exact), withData
	}
	if rawOnly {
		data, sql = nil, withData
	}
	var subject any
	if e.Subject != "" {
		subject = sqltable.Indexable(e.Subject, indexable)
	}
	row = []any{e.ID, sqltable.Indexable(e.CloudEventType(), indexable), subject, e.Source(), string(e.Mode),
		e.Received.UTC().Truncate(time.Microsecond), raw} // MariaDB cuts what is finer, MySQL rounds
	if sql == withData {
		row = append(row, data)
	}
	if p := e.Parking; p != nil {
		return sql, append(row, sqltable.Text(p.Reason), int64(p.Attempts), sqltable.Text(p.FirstError), sqltable.Text(p.LastError), nil)
	}
	return sql, append(row, nil, nil, nil, nil, stamp)
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.pool.CloseStale() }

// Close implements [deliver.Sink].
func (s *Sink) Close() error { return s.pool.Close() }

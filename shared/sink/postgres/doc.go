// Package postgres keeps events in PostgreSQL: [Sink] is a table of events,
// [Store] a table of what became of each, for dedup across instances.
//
// # The table of events
//
// It is made on first use. Whoever wants it otherwise makes it first: further
// columns with defaults, indexes, constraints and triggers are all right as long
// as these columns are there and id is unique. Rights needed are
// INSERT, SELECT and UPDATE, and CREATE in the schema to have it made.
//
//	id             text primary key      32 hex digits, the same for the same event
//	type           text                  com.tencent.cloud.vod.<EventType>
//	subject        text                  FileId, TaskId or null
//	source         text                  /tencentcloud/vod/<SubAppId>
//	mode           text                  normal, reliable, or reconciled: made by vodctl reconcile
//	received_at    timestamptz           when it was received first
//	data           jsonb                 the event as VOD sent it
//	raw            bytea                 its exact bytes, where data cannot hold them
//	parkreason     text                  why it was given up; null: it was delivered
//	parkattempts   integer
//	parkfirsterror text
//	parklasterror  text
//	sunk_at        timestamptz           when the table took it as SINK; null: not yet, or by an earlier version
//
// Indexes are on received_at, on type with received_at, and on subject. For
// example, the newest upload of a file and what its workflow said:
//
//	SELECT type, received_at, data FROM vod_events
//	WHERE subject = '5285890784246869930' ORDER BY received_at;
//
// The primary key makes the table exactly-once: an event that comes again, by
// the other mode, after a lost answer or from a replay, changes nothing. Events
// whose payload can repeat truthfully have the time of receipt in their id.
//
// The table may be SINK and DEAD_LETTER at once. A parked event that is
// delivered later is parked no longer.
//
// [Table] reads it: it needs SELECT alone, makes no table and changes nothing,
// but for [Table.Prune], which needs DELETE, too. vodctl is made of it.
//
// # The tables of media
//
// With media=vod_media in the URL the sink also keeps the state of each media, by
// the rules of the package media: vod_media has a row for each, vod_media_output
// one for each of its results, and vod_media_event says which events told of it.
// They are written in the transaction that writes the event's row. Rows of media
// are made and locked by an upsert, in the order of their keys, before they are
// read. An event that was there changes nothing, and a parked one counts once it is
// delivered. Columns that somebody added are left alone; but each upsert offers a row
// in which they have their defaults, and their constraints must take that. README.md
// of shared/media has the states and queries, and its type Row the units.
//
// Rights needed on the three tables are INSERT, SELECT and UPDATE, and DELETE for a
// rebuild.
//
// [MediaTable] reads them. For events that are older than media=, and where an
// event was read wrong, vodctl media rebuild folds them anew.
//
// # What jsonb cannot hold
//
// jsonb keeps every digit of a number, but not how it was spelled (1E2 becomes
// 100), nor white space, the order of members, or the first of two members of
// one name. It refuses the character \u0000 and half a surrogate pair. An event
// with one of these is not refused: data then has U+FFFD in their place, and raw
// the exact bytes; so it is where VOD sent what is no UTF-8. Where data cannot be
// held even so it is null and raw has it all: for numbers that jsonb would print
// much longer than they came, such as 1e131071, which cost readers their memory.
// type and subject are cut to 1,024 bytes.
//
// # The table of states
//
// One row for each event, five days after its last change at the longest. It
// too is made on first use; rights needed are INSERT, SELECT, UPDATE and DELETE.
//
//	id                      text primary key
//	state                   text         done, parked, or empty: neither
//	claimant, claim, until               who is at it until when; until null: nobody
//	attempts                integer      that failed because of the event
//	first_error, last_error text
//	changed_at              timestamptz
//
// Claim and Settle are one statement each, whatever the size of the batch.
// Rows are locked in the order of their ids, so there are no deadlocks. Where
// the marks of the last half second may be lost in a crash of the server, which
// brings an event twice but loses none, synchronous_commit=off in the URL of
// DEDUP saves the wait for the disk. It holds for the statements of the store
// alone.
//
// # Connections
//
// They are opened on first use, at most 8 of them (pool_max_conns in the URL),
// and kept. Sinks and a store of one [Pools] share them, if server, user,
// database and session parameters are equal. Nothing runs between calls. A
// connection that turns out to be dead, after a restart of the server, is replaced
// within the call. One that is silent, after a failover, costs one call: the next
// one dials.
//
// Every statement runs under read committed. Where a role or a database has
// another default_transaction_isolation, each call begins a transaction that
// says so, at the price of two round trips; that works behind PgBouncer, too.
//
// A function that SCF freezes keeps its connections, so the server is asked to
// end a session that is idle for 5 s (idle_session_timeout, from PostgreSQL 14
// on; the URL may name another time). Behind PgBouncer, which refuses the
// parameter, set its client_idle_timeout. A callback needs one connection an
// instance and database, a pull up to 8: so N instances of callback need N
// while VOD sends, and none 5 s later. A callback that finds no room waits
// within its time, and gives up its connection before it answers.
//
// The URL may hold what pgx knows; sslmode=verify-full is advised wherever the
// network is not private. Behind a pooler that does not keep prepared
// statements, add default_query_exec_mode=exec.
package postgres

// Package mysql keeps events in MySQL, MariaDB and TDSQL-C: [Sink] is a table of
// events, [Store] a table of what became of each, for dedup across instances.
// The tables are those of the package postgres, column by column.
//
//	mysql://user:password@host:3306/database?table=vod_events
//
// The URL may hold these parameters, and no others:
//
//	table            DATABASE.TABLE or TABLE of a sink, by default vod_events
//	media            the table that keeps the state of each media, such as vod_media
//	dedup_table      the same of a store, by default vod_dedup
//	pool_max_conns   the most connections at a time, by default 8
//	tls              false (the default), preferred (if the server has it, unverified),
//	                 true (chain and host name), verify-ca (chain), skip-verify (nothing)
//	tls_ca           a file of certificates in PEM, for true and verify-ca
//	timeout          of a dial, by default 10s
//	wait_timeout     when the server ends an idle session, by default 5 (seconds)
//
// TencentDB signs its certificates with a CA of its own, which its console gives
// as a file: put it beside the function and set tls=verify-ca&tls_ca=PATH.
//
// # The table of events
//
// It is made on first use, as InnoDB and utf8mb4. Whoever wants it otherwise
// makes it first: further columns with defaults, indexes, constraints and
// triggers are all right as long as these columns are there and id is unique.
// Rights needed are INSERT, SELECT and UPDATE, CREATE to have it made, and ALTER
// to have a column added that an earlier version did not have.
//
//	id             CHAR(32) ascii_bin, primary key
//	type           VARCHAR(512)     com.tencent.cloud.vod.<EventType>
//	subject        VARCHAR(512)     FileId, TaskId or null
//	source         VARCHAR(255)     /tencentcloud/vod/<SubAppId>
//	mode           VARCHAR(32)      normal, reliable, or reconciled: made by vodctl reconcile
//	received_at    DATETIME(6)      UTC, when it was received first
//	data           JSON             the event, where JSON can hold it
//	raw            LONGBLOB         its exact bytes, always
//	parkreason     VARCHAR(255)     why it was given up; null: it was delivered
//	parkattempts   INT
//	parkfirsterror, parklasterror MEDIUMTEXT
//	sunk_at        DATETIME(6)      when the table took it as SINK
//
// With media= there are vod_media, vod_media_output and vod_media_event, as in the
// package postgres. Rights needed on the three are INSERT, SELECT, UPDATE and DELETE,
// also without a rebuild: the row that locks a media is taken back if an event says
// nothing new of it.
//
// For example, the newest upload of a file and what its workflow said, in words
// that both MySQL and MariaDB know (MariaDB has no ->>):
//
//	SELECT type, received_at, JSON_UNQUOTE(JSON_EXTRACT(data, '$.EventType'))
//	FROM vod_events WHERE subject = '5285890784246869930' ORDER BY received_at;
//
// The primary key makes the table exactly-once. It may be SINK and DEAD_LETTER at
// once: a dead letter sets its mark whoever wrote the row, and an event that is
// delivered later is parked no longer.
//
// # What differs between the servers
//
// MySQL 8 keeps JSON in a form of its own: it sorts the members, keeps the last of
// two of one name, and makes a double of a number over 64 bits or with a point.
// So read numbers that matter from raw. It takes 100 levels. MariaDB 10.11 keeps
// the text, and takes 32 levels. What either refuses, such as half a surrogate
// pair, leaves data null, and raw has it all. TDSQL-C is MySQL 8 in this; what is
// said of both is from their documents, while the tests run on MariaDB 10.11.
//
// MySQL takes 64 MiB in one statement by default, MariaDB 16 MiB
// (max_allowed_packet). An event goes over the network once and escaped, so one of
// over 7 MB may be more than MariaDB takes: it is parked.
//
// With binlog_format=STATEMENT neither takes writes under read committed.
//
// # The table of states
//
// One row for each event, five days after its last change at the longest. Rights
// needed are INSERT, SELECT, UPDATE and DELETE, and CREATE to have it made. Its
// columns are those of the package postgres. Claim takes two round trips, for
// MySQL has no RETURNING, and Settle one. Time is the server's.
//
// # Connections
//
// They are opened on first use, at most 8, and kept. Sinks and a store of one
// [Pools] share them, if server, user, password, database and parameters are
// equal. Nothing runs between calls. A connection that turns out to be dead is
// replaced within the call. One that is silent, after a failover, costs one call:
// the next one dials.
//
// Each session sets wait_timeout, innodb_lock_wait_timeout (10 s), a strict
// sql_mode and read committed. Statements lock their rows in the order of the
// ids; one that loses a deadlock all the same runs again.
//
// A function that SCF freezes keeps its connections, so the server is asked to
// end a session that is idle for 5 s. A callback needs one connection an instance,
// a pull up to 8. A callback that finds no room waits within its time, and gives
// up its connection before it answers.
//
// A serverless TDSQL-C pauses when nobody is connected, and wakes within seconds
// at the first connect. Idle sessions end, so they do not keep it awake. The first
// callback after a pause waits for it, up to timeout; VOD sends a callback again
// that has no answer after 5 s, and dedup drops what comes twice. Where that does
// not do, turn the pausing off or take events by pull alone.
//
// Behind the proxy of TDSQL-C that splits reads and writes, use the address of the
// writer: a read after a write must see it.
package mysql

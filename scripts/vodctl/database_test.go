package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// server is a kind of database. One server of each kind serves all tests. Each test
// has a database of its own.
type server struct {
	name   string // as scripts have it in conditions
	shared *servertest.Shared

	// query runs statements and returns the rows of the answers, one a line.
	query func(database, statements string) (string, error)

	// reader makes a user who may log in and do nothing else.
	reader string

	// fill gives vod_events rows of one type: so many bytes in each, and so many
	// rows. Each hundred of them have one time of receipt.
	fill string
}

// eachDatabase runs a test with each kind of database.
func eachDatabase(t *testing.T, test func(t *testing.T, db server)) {
	t.Parallel()
	for _, db := range []server{postgres, mariaDB} {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			test(t, db)
		})
	}
}

var (
	postgres = server{
		name:   "postgres",
		shared: servertest.NewShared(func() (*servertest.Server, error) { return pgtest.Run() }),
		query:  queryPostgres,
		reader: "CREATE ROLE %s LOGIN PASSWORD 's3cret'",
		fill: `TRUNCATE vod_events;
INSERT INTO vod_events (id, type, source, mode, received_at, data)
SELECT md5(n::text), 'com.tencent.cloud.vod.PullComplete', '/tencentcloud/vod', 'normal', '2026-11-24'::timestamptz + (n / 100) * interval '1 s',
	jsonb_build_object('EventType', 'PullComplete', 'x', repeat('x', %d)) FROM generate_series(1, %d) n; ANALYZE vod_events`,
	}
	mariaDB = server{
		name:   "mysql",
		shared: servertest.NewShared(func() (*servertest.Server, error) { return mytest.Run() }),
		query:  queryMySQL,
		reader: "CREATE USER %s@'%%' IDENTIFIED BY 's3cret'",
		fill: `TRUNCATE vod_events;
INSERT INTO vod_events (id, type, source, mode, received_at, raw, data)
SELECT md5(seq), 'com.tencent.cloud.vod.PullComplete', '/tencentcloud/vod', 'normal', '2026-11-24' + INTERVAL (seq DIV 100) SECOND,
	one, one FROM (SELECT seq, CONCAT('{"EventType":"PullComplete","x":"', repeat('x', %d), '"}') AS one FROM seq_1_to_%d) AS n; ANALYZE TABLE vod_events`,
	}
	databases atomic.Int64
)

// closing runs the tests, ends the servers and removes what was built.
type closing struct{ *testing.M }

func (c closing) Run() int {
	var err error
	if builtIn, err = os.MkdirTemp("", "vodctl"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(builtIn)
	return servertest.RunAll(c.M, postgres.shared, mariaDB.shared)
}

// isThere tells whether tests with the database should run. They are skipped if none
// is installed, but not in CI.
func (s server) isThere() bool {
	_, err := s.shared.Start()
	return !errors.Is(err, servertest.ErrMissing) || os.Getenv("CI") == "true"
}

// newDatabase makes a database and returns its URL, with the administrator.
func (s server) newDatabase() (string, error) {
	running, err := s.shared.Start()
	if err != nil {
		return "", err
	}
	name := fmt.Sprint("events_", databases.Add(1))
	if _, err := s.query(running.URL, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(running.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	if u.RawQuery == "" {
		u.RawQuery = "tls=false" // so that tests can add to it
	}
	return u.String(), nil
}

// newDatabaseT is newDatabase for a test, which is skipped where none is
// installed.
func (s server) newDatabaseT(t *testing.T) string {
	t.Helper()
	if !s.isThere() {
		t.Skip("no " + s.name)
	}
	database, err := s.newDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return database
}

func queryPostgres(database, statements string) (string, error) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, database)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	results, err := c.PgConn().Exec(ctx, statements).ReadAll()
	var b strings.Builder
	for _, result := range results {
		for _, row := range result.Rows {
			for i, value := range row {
				if i > 0 {
					b.WriteByte(' ')
				}
				b.Write(value)
			}
			b.WriteByte('\n')
		}
	}
	return b.String(), err
}

func queryMySQL(database, statements string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	db, err := sql.Open("mysql", u.User.String()+"@tcp("+u.Host+")"+u.Path+"?multiStatements=true")
	if err != nil {
		return "", err
	}
	defer db.Close()
	rows, err := db.Query(statements)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		if err != nil {
			return "", err
		}
		cells, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return "", err
			}
			for i, cell := range cells {
				if i > 0 {
					b.WriteByte(' ')
				}
				b.Write(cell)
			}
			b.WriteByte('\n')
		}
	}
	return b.String(), rows.Err()
}

// database makes an empty database and sets DATABASE to its URL, as the
// administrator, READER to that of a user who may do nothing yet and whose
// password is s3cret, ROLE to that user's name, and SERVER to scheme and host.
func (s server) startDatabase(ts *testscript.TestScript, _ bool, _ []string) {
	owner, err := s.newDatabase()
	ts.Check(err)
	u, err := url.Parse(owner)
	ts.Check(err)
	role := strings.TrimPrefix(u.Path, "/") + "_reader"
	_, err = s.query(owner, fmt.Sprintf(s.reader, role))
	ts.Check(err)
	u.User = url.UserPassword(role, "s3cret")
	ts.Setenv("DATABASE", owner)
	ts.Setenv("READER", u.String())
	ts.Setenv("ROLE", role)
	ts.Setenv("SERVER", u.Scheme+"://"+u.Host)
}

// sql runs statements, or those of a file, and writes the rows that come into the
// file rows: sql 'STATEMENT', sql FILE.sql
func (s server) runSQL(ts *testscript.TestScript, _ bool, args []string) {
	text := args[0]
	if strings.HasSuffix(text, ".sql") {
		text = ts.ReadFile(text)
	}
	rows, err := s.query(ts.Getenv("DATABASE"), text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("rows"), []byte(rows), 0o666))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// One server serves all tests, each with a database of its own.
var (
	shared    = servertest.NewShared(func() (*servertest.Server, error) { return pgtest.Run() })
	databases atomic.Int64
)

// closing runs the tests and ends the server.
type closing struct{ *testing.M }

func (c closing) Run() int { return shared.Run(c.M) }

// hasPostgres tells whether tests with a database are to run: where none is
// installed they are skipped, but not in CI.
func hasPostgres() bool {
	_, err := shared.Start()
	return !errors.Is(err, servertest.ErrMissing) || os.Getenv("CI") == "true"
}

// newDatabase makes a database and returns its URL, with the superuser.
func newDatabase() (string, error) {
	running, err := shared.Start()
	if err != nil {
		return "", err
	}
	name := fmt.Sprint("events_", databases.Add(1))
	if _, err := query(running.URL, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(running.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// query runs statements and returns the rows of the answers, one a line.
func query(database, statements string) (string, error) {
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

// database makes an empty database and sets DATABASE to its URL, as the owner,
// and READER to that of a user who may do nothing yet and whose password is
// s3cret.
func startDatabase(ts *testscript.TestScript, _ bool, _ []string) {
	owner, err := newDatabase()
	ts.Check(err)
	u, err := url.Parse(owner)
	ts.Check(err)
	role := strings.TrimPrefix(u.Path, "/") + "_reader"
	_, err = query(owner, "CREATE ROLE "+role+" LOGIN PASSWORD 's3cret'")
	ts.Check(err)
	u.User = url.UserPassword(role, "s3cret")
	ts.Setenv("DATABASE", owner)
	ts.Setenv("READER", u.String())
	ts.Setenv("ROLE", role)
	ts.Setenv("HOST", u.Host)
}

// sql runs statements, or those of a file, and writes the rows that come into the
// file rows: sql 'STATEMENT', sql FILE.sql
func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	text := args[0]
	if strings.HasSuffix(text, ".sql") {
		text = ts.ReadFile(text)
	}
	rows, err := query(ts.Getenv("DATABASE"), text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("rows"), []byte(rows), 0o666))
}

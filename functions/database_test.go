package functions_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// sharedPostgres serves the tests that leave the server itself alone.
var (
	sharedPostgres = servertest.NewShared(func() (*servertest.Server, error) { return pgtest.Run() })
	databases      atomic.Int64
)

// newDatabase makes a database on the shared server and returns its URL.
func newDatabase(t *testing.T) string {
	t.Helper()
	server := sharedPostgres.Server(t)
	c, err := pgx.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	name := fmt.Sprint("test_", databases.Add(1))
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(server.URL, "/postgres?", "/"+name+"?", 1)
}

// database is a server that holds SINK and DEDUP.
type database struct {
	url               string // of a user without special rights
	stop, kill, start func() error
	hang, release     func() error
	run               func(sql string, into ...any) error // as the administrator; into takes a row
	readOnly          func(on bool) []string              // the statements of the administrator
	crowded           string                              // is in the error of a server that has no room
}

// eachDatabase runs a test on every kind of database.
func eachDatabase(t *testing.T, test func(t *testing.T, db *database)) {
	eachDatabaseWith(t, 100, test)
}

// eachDatabaseWith does so with servers that allow so many connections. The
// administrator gets in nevertheless.
func eachDatabaseWith(t *testing.T, connections int, test func(t *testing.T, db *database)) {
	for name, run := range map[string]func(*testing.T, int) *database{"PostgreSQL": runPostgres, "MariaDB": runMariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, run(t, connections))
		})
	}
}

// runPostgres keeps three of the connections for the administrator.
func runPostgres(t *testing.T, connections int) *database {
	s := pgtest.RunT(t, fmt.Sprint("max_connections=", connections))
	db := &database{
		url: strings.Replace(s.URL, "postgres@", "app@", 1), stop: s.Stop, kill: s.Kill, start: s.Start,
		hang: s.Hang, release: s.Release,
		run: func(sql string, into ...any) error {
			c, err := pgx.Connect(context.Background(), s.URL+"&default_transaction_read_only=off")
			if err != nil {
				return err
			}
			defer c.Close(context.Background())
			if into != nil {
				return c.QueryRow(context.Background(), sql).Scan(into...)
			}
			_, err = c.Exec(context.Background(), sql)
			return err
		},
		readOnly: func(on bool) []string {
			return []string{fmt.Sprintf(`ALTER SYSTEM SET default_transaction_read_only = %t`, on), `SELECT pg_reload_conf()`}
		},
		crowded: "SQLSTATE 53300",
	}
	db.exec(t, `CREATE ROLE app LOGIN`, `GRANT ALL ON SCHEMA public TO app`)
	return db
}

// runMariaDB keeps one connection more for the administrator.
func runMariaDB(t *testing.T, connections int) *database {
	s := mytest.RunT(t, fmt.Sprint("--max-connections=", connections))
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("mysql", "root@tcp("+u.Host+")"+u.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	db := &database{
		url: strings.Replace(s.URL, "root@", "app@", 1), stop: s.Stop, kill: s.Kill, start: s.Start,
		hang: s.Hang, release: s.Release,
		run: func(sql string, into ...any) error {
			if into != nil {
				return admin.QueryRow(sql).Scan(into...)
			}
			_, err := admin.Exec(sql)
			return err
		},
		readOnly: func(on bool) []string { return []string{fmt.Sprintf(`SET GLOBAL read_only = %t`, on)} },
		crowded:  "Error 1040",
	}
	db.exec(t, "CREATE USER app@'%'", "GRANT ALL ON test.* TO app@'%'")
	return db
}

// exec runs the administrator's statements.
func (db *database) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := db.run(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// counts are the numbers that a query gives as one row.
func (db *database) counts(t *testing.T, query string, n int) []int {
	t.Helper()
	counts, into := make([]int, n), make([]any, n)
	for i := range counts {
		into[i] = &counts[i]
	}
	if err := db.run(query, into...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return counts
}

package functions_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
)

// database is a server that holds SINK and DEDUP.
type database struct {
	url               string // of a user who may not write when the server is read-only
	stop, kill, start func() error
	run               func(sql string, into ...any) error // as the administrator; into takes a row
	readOnly          func(on bool) []string              // the statements of the administrator
	ordinary          []string                            // make the user small, who may write
}

// eachDatabase runs a test on every kind of database.
func eachDatabase(t *testing.T, test func(t *testing.T, db *database)) {
	eachDatabaseOf(t, 100, test)
}

// eachDatabaseOf has servers that allow so many connections, 10 or more.
func eachDatabaseOf(t *testing.T, connections int, test func(t *testing.T, db *database)) {
	for name, run := range map[string]func(*testing.T, int) *database{"PostgreSQL": runPostgres, "MariaDB": runMariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, run(t, connections))
		})
	}
}

func runPostgres(t *testing.T, connections int) *database {
	s := pgtest.RunT(t, fmt.Sprint("max_connections=", connections))
	return &database{
		url: s.URL, stop: s.Stop, kill: s.Kill, start: s.Start,
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
		ordinary: []string{`CREATE ROLE small LOGIN`, `GRANT ALL ON SCHEMA public TO small`},
	}
}

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
		url: strings.Replace(s.URL, "root@", "user@", 1), stop: s.Stop, kill: s.Kill, start: s.Start,
		run: func(sql string, into ...any) error {
			if into != nil {
				return admin.QueryRow(sql).Scan(into...)
			}
			_, err := admin.Exec(sql)
			return err
		},
		readOnly: func(on bool) []string { return []string{fmt.Sprintf(`SET GLOBAL read_only = %t`, on)} },
		ordinary: []string{"CREATE USER small@'%'", "GRANT ALL ON test.* TO small@'%'"},
	}
	db.exec(t, "CREATE USER user@'%'", "GRANT ALL ON test.* TO user@'%'")
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

// small is the URL of an ordinary user, who has none of the connections that a
// server keeps for its administrator.
func (db *database) small(t *testing.T) string {
	t.Helper()
	db.exec(t, db.ordinary...)
	return strings.NewReplacer("postgres@", "small@", "user@", "small@").Replace(db.url)
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

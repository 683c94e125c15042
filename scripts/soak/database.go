package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
)

// connections is how many connections the server allows to the functions.
const connections = 32

// database is the server that is SINK, DEDUP and DEAD_LETTER.
type database struct {
	*servertest.Server
	name     string
	sink     string // its URL in SINK, of a user without special rights
	dedup    string // its URL in DEDUP
	data     string // the column data, as text
	readOnly func(on bool) []string
	admin    admin
	dial     func(context.Context) (hangUp func(), err error) // as that user
}

// admin asks the server as an administrator, who gets in where nobody else does. It
// has one connection.
type admin interface {
	exec(ctx context.Context, sql string) error
	query(ctx context.Context, sql string, each func(rows) error) error
	close()
}

// rows is what the rows of both clients have in common.
type rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
}

func startDatabase(ctx context.Context, kind string) (*database, error) {
	switch kind {
	case "postgres":
		return startPostgres(ctx)
	case "mysql":
		return startMySQL(ctx)
	}
	return nil, fmt.Errorf("-db %s: give postgres or mysql", kind)
}

func startPostgres(ctx context.Context) (*database, error) {
	s, err := pgtest.Run(fmt.Sprint("max_connections=", connections)) // 3 of them are the administrator's
	if err != nil {
		return nil, err
	}
	app := strings.Replace(s.URL, "postgres@", "app@", 1)
	db := &database{
		Server: s, name: "PostgreSQL", sink: app + "&media=vod_media", dedup: app, data: "data::text",
		admin: &postgresAdmin{url: s.URL + "&default_transaction_read_only=off"},
		readOnly: func(on bool) []string {
			return []string{fmt.Sprintf(`ALTER SYSTEM SET default_transaction_read_only = %t`, on), `SELECT pg_reload_conf()`}
		},
		dial: func(ctx context.Context) (func(), error) {
			c, err := pgx.Connect(ctx, app)
			if err != nil {
				return nil, err
			}
			return func() { c.Close(context.Background()) }, nil
		},
	}
	return db.with(ctx, `CREATE ROLE app LOGIN`, `GRANT ALL ON SCHEMA public TO app`)
}

func startMySQL(ctx context.Context) (*database, error) {
	if err := mysql.SetLogger(new(mysql.NopLogger)); err != nil { // the default logs each lost connection
		return nil, err
	}
	s, err := mytest.Run(fmt.Sprint("--max-connections=", connections)) // and one more for the administrator
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	open := func(user string) (*sql.DB, error) {
		db, err := sql.Open("mysql", user+"@tcp("+u.Host+")"+u.Path+"?parseTime=true")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	}
	root, err := open("root")
	if err != nil {
		return nil, err
	}
	app := strings.Replace(s.URL, "root@", "app@", 1)
	db := &database{
		Server: s, name: "MariaDB", sink: app + "?media=vod_media", dedup: app, data: "data",
		admin:    mysqlAdmin{root},
		readOnly: func(on bool) []string { return []string{fmt.Sprintf(`SET GLOBAL read_only = %t`, on)} },
		dial: func(ctx context.Context) (func(), error) {
			c, err := open("app")
			if err != nil {
				return nil, err
			}
			if err := c.PingContext(ctx); err != nil {
				c.Close()
				return nil, err
			}
			return func() { c.Close() }, nil
		},
	}
	return db.with(ctx, "CREATE USER app@'%'", "GRANT ALL ON test.* TO app@'%'")
}

// with runs the first statements.
func (db *database) with(ctx context.Context, statements ...string) (*database, error) {
	if err := db.run(ctx, statements...); err != nil {
		db.close()
		return nil, err
	}
	return db, nil
}

func (db *database) run(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if err := db.admin.exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func (db *database) close() {
	db.admin.close()
	db.Server.Close() // what is left is in a folder for temporary files
}

// crowd takes all free connections. leave gives them back.
func (db *database) crowd(ctx context.Context) (leave func()) {
	var taken []func()
	for range connections {
		trying, cancel := context.WithTimeout(ctx, 5*time.Second)
		hangUp, err := db.dial(trying)
		cancel()
		if err != nil {
			break
		}
		taken = append(taken, hangUp)
	}
	return func() {
		for _, hangUp := range taken {
			hangUp()
		}
	}
}

// postgresAdmin dials again after an error.
type postgresAdmin struct {
	url  string
	mu   sync.Mutex
	conn *pgx.Conn
}

func (a *postgresAdmin) exec(ctx context.Context, sql string) error {
	return a.query(ctx, sql, func(r rows) error {
		for r.Next() {
		}
		return r.Err()
	})
}

func (a *postgresAdmin) query(ctx context.Context, sql string, each func(rows) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.ask(ctx, sql, each)
	if err != nil && a.conn != nil {
		a.conn.Close(context.Background())
		a.conn = nil
	}
	return err
}

func (a *postgresAdmin) ask(ctx context.Context, sql string, each func(rows) error) (err error) {
	if a.conn == nil {
		if a.conn, err = pgx.Connect(ctx, a.url); err != nil {
			a.conn = nil
			return err
		}
	}
	r, err := a.conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol) // no statement comes twice
	if err != nil {
		return err
	}
	defer r.Close()
	return each(r)
}

func (a *postgresAdmin) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn != nil {
		a.conn.Close(context.Background())
	}
}

type mysqlAdmin struct{ db *sql.DB }

func (a mysqlAdmin) exec(ctx context.Context, sql string) error {
	_, err := a.db.ExecContext(ctx, sql)
	return err
}

func (a mysqlAdmin) query(ctx context.Context, sql string, each func(rows) error) error {
	r, err := a.db.QueryContext(ctx, sql)
	if err != nil {
		return err
	}
	defer r.Close()
	return each(r)
}

func (a mysqlAdmin) close() { a.db.Close() }

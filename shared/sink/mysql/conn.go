package mysql

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-sql-driver/mysql"

	"vodevents/shared/internal/backoff"
	"vodevents/shared/sink/internal/sqltable"
)

// dialer opens connections to one server.
type dialer struct {
	config *mysql.Config
	key    string // equal for connections that may stand for each other
}

// database is the server as a pool knows it.
func (d *dialer) database() sqltable.Database[*conn] {
	return sqltable.Database[*conn]{
		Dial:        d.connect,
		Run:         run,
		Exec:        alter,
		IsMissing:   func(err error) bool { return number(err) == 1146 },
		LacksColumn: func(err error) bool { return number(err) == 1054 },
		IsReadOnly:  isReadOnly,
		IsCrowded:   isCrowded,
		InTable:     inTable,
	}
}

// readCommitted is not among the variables that the driver sets, for MariaDB and
// MySQL have different names for it, and one statement that is the same.
const readCommitted = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

func (d *dialer) connect(ctx context.Context) (*conn, error) {
	connector, err := mysql.NewConnector(d.config)
	if err != nil {
		return nil, err // the URL was checked when it was opened
	}
	raw, err := connector.Connect(ctx)
	if err != nil {
		return nil, instead(ctx, err)
	}
	c := &conn{raw: raw.(rawConn)}
	if err := c.exec(ctx, readCommitted); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// rawConn is what the driver's connection can do.
type rawConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.Validator
	driver.SessionResetter
}

// conn is a connection without a sql.DB, whose goroutine opens connections on
// its own.
type conn struct {
	raw     rawConn
	invalid bool // the driver has said so
}

// IsBroken implements [sqltable.Conn].
func (c *conn) IsBroken() bool { return c.invalid || !c.raw.IsValid() }

// Close implements [sqltable.Conn].
func (c *conn) Close() { _ = c.raw.Close() } // what fails here has no consequence

// exec runs a statement. Arguments are of the types of [driver.Value]; a string
// is text, a []byte is bytes.
func (c *conn) exec(ctx context.Context, sql string, args ...any) error {
	_, err := c.raw.ExecContext(ctx, sql, named(args))
	return c.note(ctx, err)
}

// execCount is exec that returns how many rows were changed.
func (c *conn) execCount(ctx context.Context, sql string, args ...any) (int64, error) {
	result, err := c.raw.ExecContext(ctx, sql, named(args))
	if err != nil {
		return 0, c.note(ctx, err)
	}
	return result.RowsAffected()
}

// query calls each with every row. The values are of the types that the driver
// gives for columns of text, time and numbers, and bytes are those of its buffer.
func (c *conn) query(ctx context.Context, each func(row []driver.Value) error, sql string, args ...any) error {
	rows, err := c.raw.QueryContext(ctx, sql, named(args))
	if err != nil {
		return c.note(ctx, err)
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = each(row)
		}
		if err != nil {
			return c.note(ctx, err)
		}
	}
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return values
}

// note remembers that the connection is lost. [driver.ErrSkip] is the driver's
// way to say that the text of a statement is longer than it sends.
func (c *conn) note(ctx context.Context, err error) error {
	if errors.Is(err, driver.ErrSkip) {
		return mysql.ErrPktTooLarge
	}
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || isShutDown(err) {
		c.invalid = true
	}
	return instead(ctx, err)
}

// instead is why ctx ended, where that closed the connection: the driver then
// says only that the connection is invalid.
func instead(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	}
	return err
}

// Between tries of a statement that lost a deadlock.
const (
	leastPause = 5 * time.Millisecond
	mostPause  = 100 * time.Millisecond
)

// run runs f, whose statements are transactions of their own, and again while it
// is the victim of a deadlock: the server has undone all of it. Our statements
// lock rows in the order of their ids, but those of triggers and of other users
// of the table may not.
func run(ctx context.Context, c *conn, f func(*conn) error) error {
	if err := c.raw.ResetSession(ctx); err != nil { // looks whether the server has closed it
		c.invalid = true
		return err
	}
	for failures := 1; ; failures++ {
		err := f(c)
		if number(err) != 1213 || failures == 5 {
			return err
		}
		select {
		case <-time.After(backoff.Pause(failures, leastPause, mostPause)):
		case <-ctx.Done():
			return err
		}
	}
}

// alter runs a statement that changes a table. What is so already is no error:
// MySQL knows no ADD COLUMN IF NOT EXISTS, and another instance may be faster.
func alter(ctx context.Context, c *conn, sql string) error {
	err := c.exec(ctx, sql)
	switch number(err) {
	case 1050, 1060, 1061: // table, column and index exist
		return nil
	}
	return err
}

// secure makes the configuration of TLS: with the host's name checked, or only
// who signed the certificate, or nothing.
func secure(mode, host string, ca []byte) (*tls.Config, error) {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if mode == "skip-verify" {
		config.InsecureSkipVerify = true
		return config, nil
	}
	return config, trust(config, mode == "verify-ca", ca)
}

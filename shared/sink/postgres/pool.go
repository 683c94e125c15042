package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/sink/internal/sqltable"
)

// connectTimeout is the default of the URL's connect_timeout.
const connectTimeout = 10 * time.Second

// dialer opens connections to one server.
type dialer struct {
	config *pgx.ConnConfig
	key    string            // equal for connections that may stand for each other
	wishes map[string]string // session parameters
	modest atomic.Bool       // the wishes were refused
}

type conn struct {
	*pgx.Conn
	raw      net.Conn // below TLS
	explicit bool     // read committed is not the session's default
}

// dialKey is the context key of the *net.Conn where a dial of the pool's own
// leaves the connection.
type dialKey struct{}

// newDialer takes config over. Parameters for pgx alone are in query.
func newDialer(config *pgx.ConnConfig, query string) *dialer {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, ours := ctx.Value(dialKey{}).(*net.Conn)
		if !ours {
			// pgx dials for a CancelRequest, which goes into the unknown when
			// the server is gone. What it would cancel ends by itself soon.
			return nil, errors.New("no cancel requests")
		}
		c, err := dial(ctx, network, addr)
		*raw = c
		return c, err
	}
	return &dialer{
		config: config,
		key:    key(config, query),
		wishes: map[string]string{"idle_session_timeout": fmt.Sprint(sqltable.IdleSession.Milliseconds())}, // from PostgreSQL 14 on
	}
}

// database is the server as a pool knows it.
func (d *dialer) database() sqltable.Database[*conn] {
	return sqltable.Database[*conn]{
		Dial: d.connect,
		Run:  func(ctx context.Context, c *conn, f func(*conn) error) error { return c.transact(ctx, f) },
		Exec: func(ctx context.Context, c *conn, sql string) error {
			_, err := c.Exec(ctx, sql)
			return err
		},
		IsMissing:   isMissing,
		LacksColumn: lacksColumn,
		IsReadOnly:  isReadOnly,
		IsCrowded:   isCrowded,
		InTable:     inTable,
	}
}

func key(config *pgx.ConnConfig, query string) string {
	parts := []string{config.Host, fmt.Sprint(config.Port), config.User, config.Password, config.Database}
	for _, name := range slices.Sorted(maps.Keys(config.RuntimeParams)) {
		parts = append(parts, name, config.RuntimeParams[name])
	}
	others := strings.Split(query, "&") // such as sslmode
	slices.Sort(others)
	return strings.Join(append(parts, others...), "\x00")
}

// transact runs f under read committed: with any other isolation two instances
// that meet in a row fail with 40001 instead of waiting for each other.
//
// Where read committed is the default, as nearly everywhere, the statement is
// its own transaction and costs one round trip. It is not set for the session:
// PgBouncer refuses the parameter at the start, and a SET would leak to others.
func (c *conn) transact(ctx context.Context, f func(*conn) error) error {
	if !c.explicit {
		err := f(c)
		if !isSerialization(err) {
			return err
		}
		c.explicit = true // a pooler has led to a session with another default
	}
	return pgx.BeginTxFunc(ctx, c.Conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(pgx.Tx) error { return f(c) })
}

// connect opens a connection with the session parameters that are wished
// for, and without them where the server does not know them or a pooler refuses
// them.
func (d *dialer) connect(ctx context.Context) (*conn, error) {
	config := d.config
	wishing := !d.modest.Load()
	if wishing {
		config = config.Copy()
		for name, value := range d.wishes {
			if config.RuntimeParams[name] == "" {
				config.RuntimeParams[name] = value
			}
		}
	}
	c := new(conn)
	var err error
	c.Conn, err = pgx.ConnectConfig(context.WithValue(ctx, dialKey{}, &c.raw), config)
	if wishing && isParameterRefused(err) {
		d.modest.Store(true)
		return d.connect(ctx)
	}
	if err != nil {
		return nil, connectError(err)
	}
	registerArrays(c.TypeMap())
	shown, err := c.PgConn().Exec(ctx, "SHOW default_transaction_isolation").ReadAll()
	if err != nil {
		c.Close()
		return nil, oneLine{err}
	}
	c.explicit = len(shown) == 0 || len(shown[0].Rows) == 0 || string(shown[0].Rows[0][0]) != "read committed"
	return c, nil
}

// IsBroken implements [sqltable.Conn].
func (c *conn) IsBroken() bool { return c.IsClosed() }

// Close says goodbye to the server, but does not wait for it. Of a connection
// that broke it clears away what pgx would see off in a goroutine.
func (c *conn) Close() {
	if c.IsClosed() {
		c.raw.Close()
		<-c.PgConn().CleanupDone()
		return
	}
	_ = c.raw.SetDeadline(time.Now().Add(100 * time.Millisecond)) // what fails here has no consequence
	_ = c.Conn.Close(context.Background())
}

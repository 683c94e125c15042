package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/internal/keepalive"
)

const (
	// defaultConns is the most connections of a pool. Several batches in flight share the server's commits; more only cost it memory.
	defaultConns = 8

	// connectTimeout is the default of the URL's connect_timeout.
	connectTimeout = 10 * time.Second

	// idleSession is when the server itself ends a session that is idle. SCF
	// freezes an instance with its connections, and the server would count them
	// for hours.
	idleSession = 5 * time.Second
)

var errClosed = errors.New("used after Close")

// pool keeps a few connections. It is no pgxpool because nothing may run when
// an invocation has answered: there is no health check in the background, and
// a connection that breaks is gone before its call returns, while pgx sees off
// a canceled one for up to 15 s in a goroutine. It is safe for concurrent use.
type pool struct {
	config *pgx.ConnConfig
	shares int // guarded by Pools.mu

	mu     sync.Mutex
	slots  chan struct{} // a token for each connection in use
	idle   []*conn       // least recently used first
	closed bool

	wishes  map[string]string // session parameters
	modest  atomic.Bool       // the wishes were refused
	crowded atomic.Bool       // the server had no room for another connection
}

type conn struct {
	*pgx.Conn
	raw      net.Conn // below TLS
	used     time.Time
	explicit bool // read committed is not the session's default
}

// dialKey is the context key of the *net.Conn where a dial of the pool's own
// leaves the connection.
type dialKey struct{}

// newPool takes config over.
func newPool(config *pgx.ConnConfig, conns int) *pool {
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
	return &pool{
		config: config,
		slots:  make(chan struct{}, conns),
		wishes: map[string]string{"idle_session_timeout": fmt.Sprint(idleSession.Milliseconds())}, // from PostgreSQL 14 on
	}
}

// limit lets the pool have at most so many connections, unless it may have
// fewer already.
func (p *pool) limit(conns int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if conns < cap(p.slots) {
		p.slots = make(chan struct{}, conns) // those in use keep their place in the old one
	}
}

// use lends a connection to f, in a transaction whose isolation is read
// committed. Where f finds no table, create makes it and f runs again.
//
// When a connection that was kept turns out to be dead, as after a restart of
// the server, or to lead to a server that takes no more writes, as after a
// failover, f runs once more on a new one; it may then run twice on the server
// too. A kept connection that is silent until ctx ends costs this call. The next
// one dials, since the others that were kept go with it.
func (p *pool) use(ctx context.Context, create string, f func(*pgx.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	slots := p.slots
	p.mu.Unlock()
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	kept, err := p.pop()
	if err != nil {
		return err
	}
	if kept != nil {
		err := kept.run(ctx, create, f)
		if isReadOnly(err) {
			kept.close()
		}
		if p.putBack(kept) || ctx.Err() != nil {
			return err
		}
	}
	fresh, err := p.connect(ctx)
	if err != nil {
		return err
	}
	err = fresh.run(ctx, create, f)
	p.putBack(fresh)
	return err
}

// run runs f, and once more when it had to make the table.
func (c *conn) run(ctx context.Context, create string, f func(*pgx.Conn) error) error {
	err := c.transact(ctx, f)
	if !isMissing(err) || create == "" {
		return err
	}
	err = c.transact(ctx, func(*pgx.Conn) error {
		_, err := c.Exec(ctx, create)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot make the table: %w", err)
	}
	return c.transact(ctx, f)
}

// transact runs f under read committed: with any other isolation two instances
// that meet in a row fail with 40001 instead of waiting for each other.
//
// Where read committed is the default, as nearly everywhere, the statement is
// its own transaction and costs one round trip. It is not set for the session:
// PgBouncer refuses the parameter at the start, and a SET would leak to others.
func (c *conn) transact(ctx context.Context, f func(*pgx.Conn) error) error {
	if !c.explicit {
		err := f(c.Conn)
		if !isSerialization(err) {
			return err
		}
		c.explicit = true // a pooler has led to a session with another default
	}
	return pgx.BeginTxFunc(ctx, c.Conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(pgx.Tx) error { return f(c.Conn) })
}

// pop takes the connection that was used last, or nil.
func (p *pool) pop() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	n := len(p.idle)
	if n == 0 {
		return nil, nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c, nil
}

// putBack keeps a connection for the next use. It returns false when the
// connection is broken, and then has cleared it away with all that nobody uses:
// they are no better.
func (p *pool) putBack(c *conn) bool {
	if c.IsClosed() {
		c.close()
		p.closeIdle()
		return false
	}
	c.used = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
	} else {
		p.idle = append(p.idle, c)
	}
	return true
}

// connect opens a connection with the session parameters that the pool wishes
// for, and without them where the server does not know them or a pooler refuses
// them.
func (p *pool) connect(ctx context.Context) (*conn, error) {
	config := p.config
	wishing := !p.modest.Load()
	if wishing {
		config = config.Copy()
		for name, value := range p.wishes {
			if config.RuntimeParams[name] == "" {
				config.RuntimeParams[name] = value
			}
		}
	}
	c := new(conn)
	var err error
	c.Conn, err = pgx.ConnectConfig(context.WithValue(ctx, dialKey{}, &c.raw), config)
	if wishing && isParameterRefused(err) {
		p.modest.Store(true)
		return p.connect(ctx)
	}
	if err != nil {
		if isCrowded(err) {
			p.crowded.Store(true)
		}
		return nil, fmt.Errorf("cannot connect: %w", connectError(err))
	}
	shown, err := c.PgConn().Exec(ctx, "SHOW default_transaction_isolation").ReadAll()
	if err != nil {
		c.close()
		return nil, fmt.Errorf("cannot connect: %w", oneLine{err})
	}
	c.explicit = len(shown) == 0 || len(shown[0].Rows) == 0 || string(shown[0].Rows[0][0]) != "read committed"
	return c, nil
}

// closeStale closes the connections that nobody has used for
// [keepalive.Limit].
func (p *pool) closeStale() {
	now := time.Now()
	p.closeIf(func(c *conn) bool { return keepalive.IsStale(c.used, now) })
}

// closeIdle closes the connections that nobody uses now.
func (p *pool) closeIdle() { p.closeIf(func(*conn) bool { return true }) }

func (p *pool) closeIf(chosen func(*conn) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if !chosen(c) {
			return false
		}
		c.close()
		return true
	})
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.closeIdle()
}

// close says goodbye to the server, but does not wait for it. Of a connection
// that broke it clears away what pgx would see off in a goroutine.
func (c *conn) close() {
	if c.IsClosed() {
		c.raw.Close()
		<-c.PgConn().CleanupDone()
		return
	}
	_ = c.raw.SetDeadline(time.Now().Add(100 * time.Millisecond)) // what fails here has no consequence
	_ = c.Conn.Close(context.Background())
}

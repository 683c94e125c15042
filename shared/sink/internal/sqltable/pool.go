package sqltable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vodevents/shared/internal/keepalive"
)

// DefaultConns is the most connections of a pool whose URL names no number.
// Several batches in flight share the server's commits; more only cost it
// memory.
const DefaultConns = 8

// IdleSession is when the server itself ends a session that is idle. SCF
// freezes an instance with its connections, and the server would count them for
// hours.
const IdleSession = 5 * time.Second

// ErrClosed is the error of a sink or a store that was closed.
var ErrClosed = errors.New("used after Close")

// Conn is a connection to a database.
type Conn interface {
	comparable

	// IsBroken tells that the connection is of no more use.
	IsBroken() bool

	// Close says goodbye to the server without waiting for it, and leaves
	// nothing running.
	Close()
}

// Database is how a pool deals with one kind of database.
type Database[C Conn] struct {
	// Dial opens a connection.
	Dial func(context.Context) (C, error)

	// Run runs f on a connection, in a transaction whose isolation is read
	// committed.
	Run func(ctx context.Context, c C, f func(C) error) error

	// Exec runs a statement that makes a table or changes it. What is so
	// already is no error.
	Exec func(ctx context.Context, c C, sql string) error

	// What an error tells: there is no such table, the table lacks a column,
	// the server takes no writes, the server has no room for a connection.
	IsMissing, LacksColumn, IsReadOnly, IsCrowded func(error) bool

	// InTable says where an error of a table comes from and what to do about it.
	InTable func(table string, err error) error
}

// Pool keeps a few connections. Nothing runs when an invocation has answered:
// there is no health check in the background, and a connection that breaks is
// gone before its call returns. That is why it is neither a pgxpool nor a
// sql.DB. It is safe for concurrent use.
type Pool[C Conn] struct {
	Database[C]

	// Now is [time.Now] but in tests.
	Now func() time.Time

	shares  []int       // the most connections that each wants, 0: any; guarded by Pools.mu
	crowded atomic.Bool // the server had no room for another connection

	mu     sync.Mutex
	slots  chan struct{} // a token for each connection in use
	idle   []kept[C]     // least recently used first
	closed bool
}

type kept[C Conn] struct {
	conn C
	used time.Time
}

func newPool[C Conn](db Database[C]) *Pool[C] {
	return &Pool[C]{Database: db, Now: time.Now, slots: make(chan struct{}, DefaultConns)}
}

// limit lets the pool have as many connections as the most modest of its shares
// wants, and at most so many; 0: any. It is called when a share comes or goes.
func (p *Pool[C]) limit(most int) {
	for _, conns := range p.shares {
		if conns > 0 && (most == 0 || conns < most) {
			most = conns
		}
	}
	most = cmp.Or(most, DefaultConns)
	p.mu.Lock()
	defer p.mu.Unlock()
	if most != cap(p.slots) {
		p.slots = make(chan struct{}, most) // those in use keep their place in the old one
	}
}

// Use lends a connection to f. Where f finds no table, or one of an earlier
// version, the table is made or changed and f runs again; without a table (nil)
// it is not.
//
// When a connection that was kept turns out to be dead, as after a restart of
// the server, or to lead to a server that takes no more writes, as after a
// failover, f runs once more on a new one; it may then run twice on the server
// too. A kept connection that is silent until ctx ends costs this call. The next
// one dials, since the others that were kept go with it.
func (p *Pool[C]) Use(ctx context.Context, table *Table, f func(C) error) error {
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
	old, ok, err := p.pop()
	if err != nil {
		return err
	}
	if ok {
		err := p.lend(ctx, old, table, f)
		if p.IsReadOnly(err) {
			old.Close()
		}
		if p.putBack(old) || ctx.Err() != nil {
			return err
		}
	}
	fresh, err := p.Dial(ctx)
	if err != nil {
		if p.IsCrowded(err) {
			p.crowded.Store(true)
		}
		return fmt.Errorf("cannot connect: %w", err)
	}
	err = p.lend(ctx, fresh, table, f)
	p.putBack(fresh)
	return err
}

// lend runs f on a connection, and closes it if f panics: the transaction that f has
// begun would keep its locks.
func (p *Pool[C]) lend(ctx context.Context, c C, table *Table, f func(C) error) error {
	panics := true
	defer func() {
		if panics {
			c.Close()
		}
	}()
	err := p.run(ctx, c, table, f)
	panics = false
	return err
}

// run runs f, and again when it had to make tables and when it had to add columns.
func (p *Pool[C]) run(ctx context.Context, c C, table *Table, f func(C) error) error {
	err := p.Run(ctx, c, f)
	for range 2 {
		switch {
		case table == nil:
			return err
		case p.IsMissing(err):
			if err := p.exec(ctx, c, append([]string{table.Create}, table.Beside...)...); err != nil {
				return fmt.Errorf("cannot make the table: %w", err)
			}
		case p.LacksColumn(err) && len(table.Upgrade) > 0:
			if err := p.exec(ctx, c, table.Upgrade...); err != nil {
				return &upgradeError{err, table.Upgrade}
			}
		default:
			return err
		}
		err = p.Run(ctx, c, f)
	}
	return err
}

func (p *Pool[C]) exec(ctx context.Context, c C, statements ...string) error {
	for _, sql := range statements {
		if err := p.Run(ctx, c, func(C) error { return p.Exec(ctx, c, sql) }); err != nil {
			return err
		}
	}
	return nil
}

// pop takes the connection that was used last, if there is one.
func (p *Pool[C]) pop() (c C, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return c, false, ErrClosed
	}
	n := len(p.idle)
	if n == 0 {
		return c, false, nil
	}
	c = p.idle[n-1].conn
	p.idle = p.idle[:n-1]
	return c, true, nil
}

// putBack keeps a connection for the next use. It returns false when the
// connection is broken, and then has cleared it away with all that nobody uses:
// they are no better.
func (p *Pool[C]) putBack(c C) bool {
	if c.IsBroken() {
		c.Close()
		p.CloseIdle()
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
	} else {
		p.idle = append(p.idle, kept[C]{c, p.Now()})
	}
	return true
}

// Idle are the connections that nobody uses now.
func (p *Pool[C]) Idle() []C {
	p.mu.Lock()
	defer p.mu.Unlock()
	var conns []C
	for _, k := range p.idle {
		conns = append(conns, k.conn)
	}
	return conns
}

// Cap is the most connections that the pool may have.
func (p *Pool[C]) Cap() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return cap(p.slots)
}

// CloseStale closes the connections that nobody has used for
// [keepalive.Limit].
func (p *Pool[C]) CloseStale() {
	now := p.Now()
	p.closeIf(func(k kept[C]) bool { return keepalive.IsStale(k.used, now) })
}

// CloseIdle closes the connections that nobody uses now.
func (p *Pool[C]) CloseIdle() { p.closeIf(func(kept[C]) bool { return true }) }

func (p *Pool[C]) closeIf(chosen func(kept[C]) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(k kept[C]) bool {
		if !chosen(k) {
			return false
		}
		k.conn.Close()
		return true
	})
}

func (p *Pool[C]) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.CloseIdle()
}

package sqltable

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Pools has sinks and stores share connections. The zero value is ready. It may
// be used by several goroutines.
type Pools[C Conn] struct {
	// MaxConns, unless it is 0, is the most connections of a pool, whatever
	// pool_max_conns says.
	MaxConns int

	mu   sync.Mutex
	open map[string]*Pool[C]
}

// Share is the part of one sink or store in a pool.
type Share[C Conn] struct {
	*Pool[C]
	leave  func()
	closed atomic.Bool
}

// Join returns a share in the pool of that key, which is equal for connections
// that may stand for each other. Where there is no pool yet, it makes one of the
// database. The smallest conns of those that share it holds; 0 leaves it to the
// others.
func (p *Pools[C]) Join(key string, conns int, database func() Database[C]) *Share[C] {
	p.mu.Lock()
	defer p.mu.Unlock()
	joined := p.open[key]
	if joined == nil {
		joined = newPool(database())
		if p.open == nil {
			p.open = map[string]*Pool[C]{}
		}
		p.open[key] = joined
	}
	joined.shares = append(joined.shares, conns)
	joined.limit(p.MaxConns)
	return &Share[C]{Pool: joined, leave: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		i := slices.Index(joined.shares, conns)
		joined.shares = slices.Delete(joined.shares, i, i+1)
		if len(joined.shares) == 0 {
			delete(p.open, key)
			joined.close()
			return
		}
		joined.limit(p.MaxConns)
	}}
}

// Len is how many pools there are.
func (p *Pools[C]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Use is [Pool.Use], until the share is closed. Its errors name the table, if
// there is one.
func (s *Share[C]) Use(ctx context.Context, table *Table, f func(C) error) error {
	err := ErrClosed
	if !s.closed.Load() {
		err = s.Pool.Use(ctx, table, f)
	}
	if err == nil || table == nil {
		return err
	}
	return s.InTable(table.Name, err)
}

// Close gives the share up. The last one closes the pool. It returns nil, as a
// sink or a store has to return something.
func (s *Share[C]) Close() error {
	if !s.closed.Swap(true) {
		s.leave()
	}
	return nil
}

// CloseCrowded closes the idle connections to servers that have lately had no
// room for another one, so that other instances get a turn.
func (p *Pools[C]) CloseCrowded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pool := range p.open {
		if pool.crowded.Swap(false) {
			pool.CloseIdle()
		}
	}
}

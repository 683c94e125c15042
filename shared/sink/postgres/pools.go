package postgres

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Pools has sinks and stores share connections: those that it opened with one
// server, user, password, database and one set of session parameters use one
// pool. The zero value is ready. It may be used by several goroutines.
type Pools struct {
	// MaxConns, unless it is 0, is the most connections of a pool, whatever
	// pool_max_conns says.
	MaxConns int

	mu   sync.Mutex
	open map[string]*pool
}

// share is the part of one sink or store in a pool.
type share struct {
	*pool
	leave  func()
	closed atomic.Bool
}

// join returns a share in the pool that fits the config, whose parameters for
// pgx alone are in query. The smallest conns of those that share it holds; 0
// leaves it to the others.
func (p *Pools) join(config *pgx.ConnConfig, query string, conns int) *share {
	key := poolKey(config, query)
	p.mu.Lock()
	defer p.mu.Unlock()
	joined := p.open[key]
	if joined == nil {
		joined = newPool(config, defaultConns)
		if p.open == nil {
			p.open = map[string]*pool{}
		}
		p.open[key] = joined
	}
	for _, most := range []int{conns, p.MaxConns} {
		if most > 0 {
			joined.limit(most)
		}
	}
	joined.shares++
	return &share{pool: joined, leave: func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if joined.shares--; joined.shares == 0 {
			delete(p.open, key)
			joined.close()
		}
	}}
}

// poolKey is equal for connections that may stand for each other.
func poolKey(config *pgx.ConnConfig, query string) string {
	parts := []string{config.Host, fmt.Sprint(config.Port), config.User, config.Password, config.Database}
	for _, name := range slices.Sorted(maps.Keys(config.RuntimeParams)) {
		parts = append(parts, name, config.RuntimeParams[name])
	}
	others := strings.Split(query, "&") // such as sslmode
	slices.Sort(others)
	return strings.Join(append(parts, others...), "\x00")
}

func (s *share) use(ctx context.Context, create string, f func(*pgx.Conn) error) error {
	if s.closed.Load() {
		return errClosed
	}
	return s.pool.use(ctx, create, f)
}

// close gives the share up. The last one closes the pool.
func (s *share) close() {
	if !s.closed.Swap(true) {
		s.leave()
	}
}

// CloseCrowded closes the idle connections to servers that have lately had no
// room for another one, so that other instances get a turn.
func (p *Pools) CloseCrowded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pool := range p.open {
		if pool.crowded.Swap(false) {
			pool.closeIdle()
		}
	}
}

// Open is [Open] with connections that are shared.
func (p *Pools) Open(u *url.URL) (*Sink, error) {
	pool, table, _, err := p.parse(u, tableParam, DefaultTable)
	if err != nil {
		return nil, err
	}
	return newSink(pool, table), nil
}

// OpenStore is [OpenStore] with connections that are shared.
func (p *Pools) OpenStore(u *url.URL) (*Store, error) {
	pool, table, commit, err := p.parse(u, dedupTableParam, DefaultDedupTable)
	if err != nil {
		return nil, err
	}
	return newStore(pool, table, commit), nil
}

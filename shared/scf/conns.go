package scf

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// maxConns is the most connections that a host has open. One costs 20 kB.
const maxConns = 12_000

// conns is a listener with at most so many connections open. When there are as many,
// the one that has waited longest for a request makes room for a new one; while all
// have a request, new ones wait. So whoever opens connections and asks nothing does
// not keep others out.
type conns struct {
	net.Listener
	most int

	mu      sync.Mutex
	changed *sync.Cond
	open    int
	waiting *list.List // of net.Conn: they have no request, the longest first
	at      map[net.Conn]*list.Element
}

// spare is how many files are left for others than connections, such as sinks.
const spare = 512

// limit limits a listener to so many connections, and to as many as this process may
// have open files beside others: half of them at least.
func limit(l net.Listener, most int) *conns {
	c := &conns{Listener: l, most: max(1, min(most, max(openFiles()-spare, openFiles()/2))), waiting: list.New(), at: map[net.Conn]*list.Element{}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Accept waits for a connection, and then until there may be one more.
func (c *conns) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open >= c.most {
		if longest := c.waiting.Front(); longest != nil {
			c.forget(longest.Value.(net.Conn))
			c.mu.Unlock()
			longest.Value.(net.Conn).Close()
			c.mu.Lock()
			continue
		}
		c.changed.Wait()
	}
	c.open++
	return &limited{Conn: conn, closed: sync.OnceFunc(func() { c.note(nil, http.StateClosed) })}, nil
}

// note is the server's ConnState. A connection that is closed is noted as nil, too.
func (c *conns) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case conn == nil:
		c.open--
	case state == http.StateNew || state == http.StateIdle:
		c.at[conn] = c.waiting.PushBack(conn)
	default:
		c.forget(conn)
	}
	c.changed.Signal()
}

func (c *conns) forget(conn net.Conn) {
	if e := c.at[conn]; e != nil {
		c.waiting.Remove(e)
		delete(c.at, conn)
	}
}

// limited is a connection of which the listener knows when it is closed.
type limited struct {
	net.Conn
	closed func()
}

func (l *limited) Close() error {
	defer l.closed()
	return l.Conn.Close()
}

package postgres

import (
	"context"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// room is where the arguments of one statement stand: as pgx encodes them, and in the
// message that it sends. pgx makes both anew for each statement, and in pieces. That
// was most of the garbage of a batch.
type room struct{ values, message []byte }

// rooms has those that no statement uses.
var rooms = sync.Pool{New: func() any { return new(room) }}

// maxRoom is the largest part of a room that is kept, in bytes.
const maxRoom = 1 << 20

// execArrays executes a statement with columns as arguments, of which texts are the
// first.
func (c *conn) execArrays(ctx context.Context, sql string, args []any) error {
	return c.withRoom(args, func() error {
		_, err := c.Exec(ctx, sql, args...)
		return err
	})
}

// queryArrays is execArrays for a statement with rows, which read closes.
func (c *conn) queryArrays(ctx context.Context, sql string, args []any, read func(pgx.Rows) error) error {
	return c.withRoom(args, func() error {
		rows, err := c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		return read(rows)
	})
}

// withRoom has a statement use a room. A connection that is closed, or gets closed,
// keeps what it has: pgx may still be writing its goodbye.
func (c *conn) withRoom(args []any, run func() error) error {
	if c.IsClosed() {
		return run()
	}
	r := rooms.Get().(*room)
	size := sizeOf(args)
	args[0] = leading{args[0].(texts), r, size}
	c.PgConn().Frontend().Send(lend{r, size + 16*len(args) + 256})
	err := run()
	if c.IsClosed() {
		return err
	}
	c.PgConn().Frontend().Send(takeBack{})
	if max(cap(r.values), cap(r.message)) <= maxRoom {
		rooms.Put(r)
	}
	return err
}

// sizeOf is about how long the arguments are on their way, in bytes.
func sizeOf(args []any) (n int) {
	for _, a := range args {
		n += headerSize
		if values, ok := a.(column); ok {
			n += values.size()
		} else {
			n += 32 * len(args[0].(texts)) // what only parked events have
		}
	}
	return n
}

// leading are the first texts of a statement. They move the values into the room.
type leading struct {
	texts
	room *room
	all  int // bytes of all arguments
}

var _ column = leading{}

func (l leading) moved(values []byte) []byte {
	l.room.values = slices.Grow(l.room.values[:0], len(values)+l.all)
	return append(l.room.values, values...)
}

// lend and takeBack are messages without a byte: lend puts what the connection sends
// next into a room, and takeBack ends that if nothing was sent.
type (
	lend struct {
		*room
		size int
	}
	takeBack struct{}
)

var _, _ pgproto3.FrontendMessage = lend{}, takeBack{}

// Encode implements [pgproto3.Message].
func (l lend) Encode(sending []byte) ([]byte, error) {
	l.message = slices.Grow(l.message[:0], len(sending)+l.size)
	return append(l.message, sending...), nil
}

// Encode implements [pgproto3.Message].
func (takeBack) Encode(sending []byte) ([]byte, error) { return slices.Clone(sending), nil }

// Decode implements [pgproto3.Message]. No server sends these.
func (lend) Decode([]byte) error     { return nil }
func (takeBack) Decode([]byte) error { return nil }

// Frontend implements [pgproto3.FrontendMessage].
func (lend) Frontend()     {}
func (takeBack) Frontend() {}

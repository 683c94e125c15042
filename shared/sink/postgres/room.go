package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"vodevents/shared/event"
	"vodevents/shared/internal/slab"
)

// room is where the arguments of one statement stand: the events' data, the columns of
// media's rows, the arguments as pgx encodes them, and the message that it sends. pgx
// makes the last two anew for each statement, and in pieces. That was most of the
// garbage of a batch.
type room struct {
	data, values, message []byte

	texts     slab.Slab[string]
	documents slab.Slab[json.RawMessage]
	integers  slab.Slab[int64]
	floats    slab.Slab[float64]
	moments   slab.Slab[time.Time]
}

// reset forgets the columns, and keeps room for what batches of usual size have.
func (r *room) reset() {
	r.texts.Reset(4096)
	r.documents.Reset(512)
	r.integers.Reset(2048)
	r.floats.Reset(512)
	r.moments.Reset(512)
}

// rooms has those that no statement uses.
var rooms = sync.Pool{New: func() any { return new(room) }}

// maxRoom is the largest part of a room that is kept, in bytes.
const maxRoom = 1 << 20

// execArrays executes a statement with columns as arguments, of which texts are the
// first, and then another one, if it is not empty, in one round trip. What args makes of
// the room is gone after that.
func (c *conn) execArrays(ctx context.Context, sql string, args func(*room) []any, then string) error {
	return c.withRoom(args, func(args []any) error {
		if then == "" {
			_, err := c.Exec(ctx, sql, args...)
			return err
		}
		batch := new(pgx.Batch)
		batch.Queue(sql, args...)
		batch.Queue(then)
		return c.SendBatch(ctx, batch).Close()
	})
}

// queryArrays is execArrays for a statement with rows. scan reads one of them. The other
// statement comes first.
func (c *conn) queryArrays(ctx context.Context, first, sql string, args func(*room) []any, scan func(pgx.Rows) error) error {
	return c.withRoom(args, func(args []any) error {
		batch := new(pgx.Batch)
		if first != "" {
			batch.Queue(first)
		}
		batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := scan(rows); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		return c.SendBatch(ctx, batch).Close()
	})
}

// withRoom has a statement use a room. A connection that is closed, or gets closed,
// keeps what it has: pgx may still be writing its goodbye.
func (c *conn) withRoom(args func(*room) []any, run func(args []any) error) error {
	if c.IsClosed() {
		return run(args(new(room)))
	}
	r := rooms.Get().(*room)
	all := args(r)
	size := sizeOf(all)
	all[0] = leading{all[0].(texts), r, size}
	c.PgConn().Frontend().Send(lend{r, size + 16*len(all) + 256})
	err := run(all)
	if c.IsClosed() {
		return err
	}
	c.PgConn().Frontend().Send(takeBack{})
	r.reset()
	if max(cap(r.data), cap(r.values), cap(r.message)) <= maxRoom {
		rooms.Put(r)
	}
	return err
}

// append appends the event's data to the room's.
func (r *room) append(e *event.Event) (data []byte) {
	from := len(r.data)
	r.data = e.AppendData(r.data)
	return slices.Clip(r.data[from:])
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

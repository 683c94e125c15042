package postgres

import (
	"context"
	"errors"
	"testing"
	"unsafe"
)

// look is a message without a byte that sees where the connection's next ones stand.
type look struct {
	takeBack
	at *byte
}

func (l *look) Encode(sending []byte) ([]byte, error) {
	l.at = unsafe.SliceData(sending)
	return sending, nil
}

// A statement has a room only until it has ended, also where nothing was sent: the
// next statement with that room may be on another connection.
func TestRoomIsTakenBack(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	must(t, openSink(t, u).pool.Use(t.Context(), nil, func(c *conn) error {
		takesBack(t, c)
		return nil
	}))
}

func takesBack(t *testing.T, c *conn) {
	t.Helper()
	const sql = "SELECT unnest($1::text[])"
	one := func(*room) []any { return []any{texts{"x"}} }
	ended, end := context.WithCancel(t.Context())
	end()
	for name, run := range map[string]func(args []any) error{
		"nothing sent": func(args []any) error { return c.Conn.Ping(ended) },
		"sent": func(args []any) error {
			_, err := c.Exec(t.Context(), sql, args...)
			return err
		},
		"refused": func(args []any) error {
			_, err := c.Exec(t.Context(), "SELECT $1::text[] FROM nowhere", args...)
			return err
		},
	} {
		var during, after look
		var used *byte
		_ = c.withRoom(one, func(args []any) error {
			used = unsafe.SliceData(args[0].(leading).room.message)
			c.PgConn().Frontend().Send(&during)
			return run(args)
		})
		c.PgConn().Frontend().Send(&after)
		if during.at != used || after.at == used {
			t.Errorf("%s: the message is in the room: %v during the statement, %v after it", name, during.at == used, after.at == used)
		}
	}
	if err := c.execArrays(ended, sql, one, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	must(t, c.execArrays(t.Context(), sql, one, ""))
}

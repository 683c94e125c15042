package postgres

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

func setting(t *testing.T, s *Sink, name string) (value string) {
	t.Helper()
	must(t, s.pool.Use(t.Context(), nil, func(c *conn) error {
		return c.QueryRow(t.Context(), `SHOW `+name).Scan(&value)
	}))
	return value
}

// A frozen instance holds its connections for 5 s. The next call finds them
// gone and dials.
func TestServerEndsIdleSessions(t *testing.T) {
	u, _ := newTable(t)
	if got := setting(t, openSink(t, u), "idle_session_timeout"); got != "5s" {
		t.Errorf("idle_session_timeout is %s, want 5s", got)
	}
	if got := setting(t, openSink(t, with(u, "idle_session_timeout", "7000")), "idle_session_timeout"); got != "7s" {
		t.Errorf("idle_session_timeout is %s, not that of the URL", got)
	}
	s := openSink(t, named(u, "frozen"))
	for range 2 {
		taken(t, s.Send(t.Context(), delivertest.Events(t, 2)))
		must(t, s.pool.Use(t.Context(), nil, func(c *conn) error { // only now, so that a slow machine has the time for a Send
			_, err := c.Exec(t.Context(), `SET idle_session_timeout = 1`)
			return err
		}))
		waitFor(t, "the server to end the session", func() bool { return connections(t, "frozen") == "0" })
	}
}

// A server that does not know the parameter gets none.
func TestUnknownSessionParameter(t *testing.T) {
	u, _ := newTable(t)
	var d *dialer
	s := dialled(t, u, func(dialer *dialer) {
		d = dialer
		d.wishes = map[string]string{"no_such_parameter": "1"}
	})
	taken(t, s.Send(t.Context(), delivertest.Events(t, 2)))
	if !d.modest.Load() {
		t.Error("the next connection asks again")
	}
}

// An instance that was told that there is no room closes what it has, once.
func TestMakeRoom(t *testing.T) {
	u, table := newTable(t)
	psqlScript(t, `CREATE ROLE `+table+` LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA public TO `+table)
	u.User = url.User(table)
	var pools, others Pools
	u = named(u, table)
	s, err := pools.Open(u)
	must(t, err)
	defer s.Close()
	other, err := others.Open(u)
	must(t, err)
	taken(t, other.Send(t.Context(), delivertest.Events(t, 1)))
	pools.CloseCrowded()
	others.CloseCrowded()
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "53300") {
		t.Fatalf("the other has the only connection: got error %v", err)
	}
	must(t, other.Close())
	waitFor(t, "room", func() bool { return s.Send(t.Context(), delivertest.Events(t, 1))[0] == nil })
	if n := len(s.pool.Idle()); n != 1 {
		t.Errorf("%d connections are kept before the answer, want 1", n)
	}
	pools.CloseCrowded()
	waitFor(t, "the connection to end", func() bool { return connections(t, table) == "0" })
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	pools.CloseCrowded()
	if n := len(s.pool.Idle()); n != 1 {
		t.Errorf("%d connections are kept, want 1: there was room", n)
	}
}

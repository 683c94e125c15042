package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/internal/keepalive"
	"vodevents/shared/sink/internal/sqltable"
)

// connections are how many the server has of the named application.
func connections(t testing.TB, name string) string {
	return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE application_name = $1`, name)[0]
}

// named is u with a name by which its connections are counted. The server does not end
// them, however slow the test is.
func named(u *url.URL, name string) *url.URL {
	return with(with(u, "application_name", name), "idle_session_timeout", "0")
}

func TestIdleConnections(t *testing.T) {
	u, _ := newTable(t)
	const name = "idle"
	s := openSink(t, named(u, name))
	if n := connections(t, name); n != "0" {
		t.Errorf("%s connections before the first use", n)
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() { taken(t, s.Send(t.Context(), delivertest.Events(t, 4))) })
	}
	all.Wait()
	if n := len(s.pool.Idle()); n < 1 || n > sqltable.DefaultConns {
		t.Errorf("%d connections, want 1 to %d", n, sqltable.DefaultConns)
	}
	old := s.pool.Idle()[0]
	s.CloseIdle()
	if len(s.pool.Idle()) == 0 || s.pool.Idle()[0] != old {
		t.Error("a connection in use was closed")
	}
	s.pool.Now = func() time.Time { return time.Now().Add(keepalive.Limit) }
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1))) // on the one that was used last
	s.CloseIdle()
	if n := len(s.pool.Idle()); n != 1 || !old.IsClosed() && s.pool.Idle()[0] != old {
		t.Errorf("%d connections, want the one that was used", n)
	}
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	must(t, s.Close())
	waitFor(t, "the server to see the goodbyes", func() bool { return connections(t, name) == "0" })
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 30_000 { // five minutes at least
		if done() {
			return
		}
		<-tick.C
	}
	t.Errorf("waited in vain for %s", what)
}

// A connection to a server that has become a standby is not kept: a new one may
// find the server that took over.
func TestReadOnly(t *testing.T) {
	u, _ := newTable(t)
	s := openSink(t, u)
	standby := func() {
		must(t, s.pool.Use(t.Context(), nil, func(c *conn) error {
			_, err := c.Exec(t.Context(), `SET default_transaction_read_only = on`)
			return err
		}))
	}
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	standby()
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))

	u.RawQuery += "&options=-c%20default_transaction_read_only%3Don"
	s = openSink(t, u)
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("everywhere read-only: got error %v", err)
	}
}

func TestPoolSize(t *testing.T) {
	u, _ := newTable(t)
	u = named(u, "small")
	q := u.Query()
	q.Set(sqltable.ConnsParam, "2")
	u.RawQuery = q.Encode()
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	hold := make(chan struct{})
	var all sync.WaitGroup
	var inside sync.WaitGroup
	inside.Add(2)
	for range 2 {
		all.Go(func() {
			must(t, s.pool.Use(t.Context(), nil, func(*conn) error { inside.Done(); <-hold; return nil }))
		})
	}
	inside.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third user: got %v, want a deadline", err)
	}
	close(hold)
	all.Wait()
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	if n := connections(t, "small"); n != "2" {
		t.Errorf("%s connections, want 2", n)
	}
}

// A panic ends the connection, and so the transaction that was begun on it: nobody could
// end it later, and it has locks.
func TestAPanicEndsTheTransaction(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	events := delivertest.Events(t, 2)
	taken(t, s.Send(t.Context(), events[:1]))
	var held *conn
	func() {
		defer func() { _ = recover() }()
		_ = s.pool.Use(t.Context(), nil, func(c *conn) error {
			held = c
			_, err := c.Exec(t.Context(), `BEGIN; UPDATE `+table+` SET mode = 'locked'`)
			must(t, err)
			panic("no")
		})
	}()
	if held == nil || !held.IsClosed() {
		t.Fatal("the connection is open")
	}
	taken(t, s.Send(t.Context(), events)) // it waits for no lock
}

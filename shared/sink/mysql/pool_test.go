package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/servertest"
)

// user makes a user with all rights and returns the URL with it. What the server
// has of connections is counted by user.
func user(t *testing.T, u *url.URL, name, options string) *url.URL {
	t.Helper()
	sql(t, `CREATE USER `+name+`@'%' `+options, `GRANT ALL ON test.* TO `+name+`@'%'`)
	v := with(u, idleParam, "3600") // a slow test is not the time that a frozen instance has
	v.User = url.User(name)
	return v
}

func connections(t *testing.T, user string) string {
	return sql(t, `SELECT count(*) FROM information_schema.processlist WHERE user = '`+user+`'`)[0]
}

// An instance whose SINK, DEAD_LETTER and DEDUP are in one database needs one
// connection for one event at a time.
func TestOneDatabaseOnePool(t *testing.T) {
	u, table := newTable(t)
	u = with(user(t, u, "one", ""), sqltable.DedupTableParam, table+"_dedup")
	var pools Pools
	sink, err := pools.Open(u)
	must(t, err)
	dead, err := pools.Open(with(with(u, sqltable.TableParam, table+"_dead"), sqltable.ConnsParam, "3"))
	must(t, err)
	store, err := pools.OpenStore(u)
	must(t, err)
	if sink.pool.Pool != dead.pool.Pool || sink.pool.Pool != store.pool.Pool || store.pool.Cap() != 3 {
		t.Fatalf("%p, %p and %p are not one pool of 3 connections", sink.pool.Pool, dead.pool.Pool, store.pool.Pool)
	}
	other, err := pools.Open(with(u, idleParam, "7"))
	must(t, err)
	if other.pool.Pool == sink.pool.Pool {
		t.Error("other session variables share the pool")
	}
	must(t, other.Close())
	for range 3 {
		_, err := store.Claim(t.Context(), "A", []string{"a"}, time.Minute, false)
		must(t, err)
		taken(t, sink.Send(t.Context(), delivertest.Events(t, 2)))
		taken(t, dead.Send(t.Context(), delivertest.Events(t, 2)))
		must(t, store.Settle(t.Context(), "A", []deliver.Outcome{{ID: "a"}}))
	}
	if n := connections(t, "one"); n != "1" {
		t.Errorf("%s connections, want 1", n)
	}
	must(t, sink.Close())
	must(t, dead.Close())
	must(t, store.Close())
	waitFor(t, "the server to see the goodbyes", func() bool { return connections(t, "one") == "0" })
}

// The server ends the session of a frozen instance after 5 s, or after what the
// URL says. The next call finds it gone and dials.
func TestServerEndsIdleSessions(t *testing.T) {
	u, _ := newTable(t)
	for timeout, u := range map[string]*url.URL{"5": u, "7": with(u, idleParam, "7")} {
		var got string
		must(t, openSink(t, u).pool.Use(t.Context(), nil, func(c *conn) error {
			return c.query(t.Context(), func(row []driver.Value) error {
				got = show(row[0]) + " " + show(row[1]) + " " + show(row[2])
				return nil
			}, `SELECT @@wait_timeout, @@tx_isolation, @@sql_mode`)
		}))
		if got != timeout+" READ-COMMITTED STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION" {
			t.Errorf("the session has %s", got)
		}
	}
	s := openSink(t, user(t, u, "frozen", ""))
	for range 2 {
		taken(t, s.Send(t.Context(), delivertest.Events(t, 2)))
		must(t, s.pool.Use(t.Context(), nil, func(c *conn) error { // only now, so that a slow machine has the time for a Send
			return c.exec(t.Context(), `SET wait_timeout = 1`)
		}))
		waitFor(t, "the server to end the session", func() bool { return connections(t, "frozen") == "0" })
	}
}

// An instance that was told that there is no room closes what it has, once.
func TestMakeRoom(t *testing.T) {
	u, _ := newTable(t)
	u = user(t, u, "crowded", "WITH MAX_USER_CONNECTIONS 1")
	var pools, others Pools
	s, err := pools.Open(u)
	must(t, err)
	defer s.Close()
	other, err := others.Open(u)
	must(t, err)
	taken(t, other.Send(t.Context(), delivertest.Events(t, 1)))
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "1226") {
		t.Fatalf("the other has the only connection: got error %v", err)
	}
	must(t, other.Close())
	waitFor(t, "room", func() bool { return s.Send(t.Context(), delivertest.Events(t, 1))[0] == nil })
	pools.CloseCrowded()
	waitFor(t, "the connection to end", func() bool { return connections(t, "crowded") == "0" })
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	pools.CloseCrowded()
	if n := len(s.pool.Idle()); n != 1 {
		t.Errorf("%d connections are kept, want 1: there was room", n)
	}
}

// A connection to a server that has become a replica is not kept: a new one may
// find the server that took over.
func TestReadOnly(t *testing.T) {
	u, _ := newTable(t)
	u = user(t, u, "writer", "")
	s := openSink(t, u)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	old := s.pool.Idle()[0]
	sql(t, `SET GLOBAL read_only = ON`)
	err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
	sql(t, `SET GLOBAL read_only = OFF`)
	if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "use that of the primary") || !old.IsBroken() {
		t.Errorf("got error %v, the old connection is kept: %v", err, !old.IsBroken())
	}
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
}

// After a failover all kept connections may be silent. Of two tries the first
// one meets that, and the second one dials, however many were kept.
func TestSilentConnections(t *testing.T) {
	u, table := newTable(t)
	g := servertest.NewGateway(t, with(u, idleParam, "3600").String())
	through, err := url.Parse(g.URL)
	must(t, err)
	s := openSink(t, through)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))
	var inside, all sync.WaitGroup
	inside.Add(3)
	for range 3 { // at a time, so that three connections are kept
		all.Go(func() {
			must(t, s.pool.Use(t.Context(), nil, func(*conn) error { inside.Done(); inside.Wait(); return nil }))
		})
	}
	all.Wait()
	g.Forget()
	events := delivertest.Events(t, 2)
	ctx := g.UntilLost(t.Context()) // until a kept connection is used
	if err := s.Send(ctx, events)[0]; !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("the first try: got error %v", err)
	}
	taken(t, s.Send(t.Context(), events))
	if n := g.Dials(); n != 4 {
		t.Errorf("%d connections were dialled, want 4", n)
	}
	if n := sql(t, `SELECT count(*) FROM `+table)[0]; n != "3" {
		t.Errorf("%s rows, want 3", n)
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
			must(t, c.exec(t.Context(), `START TRANSACTION`))
			must(t, c.exec(t.Context(), `UPDATE `+table+` SET mode = 'locked'`))
			panic("no")
		})
	}()
	if held == nil || !held.IsBroken() {
		t.Fatal("the connection is open")
	}
	taken(t, s.Send(t.Context(), events)) // it waits for no lock
}

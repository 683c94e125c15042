package postgres

import (
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/internal/sqltable"
)

// with is u with another value of a parameter.
func with(u *url.URL, name, value string) *url.URL {
	v := *u
	q := v.Query()
	q.Set(name, value)
	v.RawQuery = q.Encode()
	return &v
}

// An instance whose SINK, DEAD_LETTER and DEDUP are in one database needs one
// connection for one event at a time.
func TestOneDatabaseOnePool(t *testing.T) {
	u, table := newTable(t)
	u = with(named(u, "one"), sqltable.DedupTableParam, table+"_dedup")
	var pools Pools
	sink, err := pools.Open(u)
	must(t, err)
	dead, err := pools.Open(with(with(u, sqltable.TableParam, table+"_dead"), "pool_max_conns", "3"))
	must(t, err)
	storeURL := with(u, commitParam, "off")
	storeURL.Scheme = "postgresql"
	store, err := pools.OpenStore(storeURL)
	must(t, err)
	if sink.pool.Pool != dead.pool.Pool || sink.pool.Pool != store.pool.Pool || store.pool.Cap() != 3 {
		t.Fatalf("%p, %p and %p are not one pool of 3 connections", sink.pool.Pool, dead.pool.Pool, store.pool.Pool)
	}
	for _, other := range []*url.URL{named(u, "other"), with(u, "default_transaction_isolation", "serializable"), with(u, "connect_timeout", "3"), with(u, commitParam, "off")} {
		s, err := pools.Open(other)
		must(t, err)
		if s.pool.Pool == sink.pool.Pool {
			t.Errorf("%s shares the pool", other.RawQuery)
		}
		must(t, s.Close())
	}
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

	// Each is closed for itself.
	must(t, sink.Close())
	must(t, sink.Close())
	if err := sink.Send(t.Context(), delivertest.Events(t, 1))[0]; err == nil {
		t.Error("a closed sink takes events")
	}
	taken(t, dead.Send(t.Context(), delivertest.Events(t, 1)))
	must(t, dead.Close())
	_, err = store.Claim(t.Context(), "A", []string{"b"}, time.Minute, false)
	must(t, err)
	must(t, store.Close())
	waitFor(t, "the server to see the goodbyes", func() bool { return connections(t, "one") == "0" })
	if pools.Len() != 0 {
		t.Errorf("%d pools are left", pools.Len())
	}
}

// A pool has as many connections as the most modest of its URLs names, also
// after a URL has changed, and more than usual where one says so.
func TestPoolFollowsItsURLs(t *testing.T) {
	u, err := url.Parse("postgres://user@db.example.com/name")
	must(t, err)
	named := func(conns string) *url.URL { return with(u, sqltable.ConnsParam, conns) }
	var pools Pools
	store, err := pools.OpenStore(u)
	must(t, err)
	defer store.Close()
	expect := func(when string, want int) {
		t.Helper()
		if got := store.pool.Cap(); got != want {
			t.Errorf("%s: %d connections, want %d", when, got, want)
		}
	}
	expect("none is named", sqltable.DefaultConns)
	twenty, err := pools.Open(named("20"))
	must(t, err)
	expect("20 are named", 20)
	two, err := pools.Open(named("2"))
	must(t, err)
	expect("20 and 2 are named", 2)
	must(t, two.Close())
	expect("2 are named no more", 20)
	must(t, twenty.Close())
	expect("none is named any more", sqltable.DefaultConns)
}

func TestMaxConns(t *testing.T) {
	u, _ := newTable(t)
	u = named(u, "single")
	var pools Pools
	pools.MaxConns = 1
	s, err := pools.Open(with(u, sqltable.ConnsParam, "5"))
	must(t, err)
	defer s.Close()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { taken(t, s.Send(t.Context(), delivertest.Events(t, 2))) })
	}
	all.Wait()
	if n := connections(t, "single"); n != "1" {
		t.Errorf("%s connections, want 1", n)
	}
}

// DEDUP's synchronous_commit holds in the store's statements and reaches nobody
// with whom it shares a connection.
func TestCommitOfTheStoreAlone(t *testing.T) {
	u, table := newTable(t)
	dedup := table + "_dedup"
	u = with(u, sqltable.DedupTableParam, dedup)
	var pools Pools
	pools.MaxConns = 1
	sink, err := pools.Open(u)
	must(t, err)
	defer sink.Close()
	store, err := pools.OpenStore(with(u, commitParam, "off"))
	must(t, err)
	defer store.Close()
	taken(t, sink.Send(t.Context(), delivertest.Events(t, 1)))
	must(t, store.Settle(t.Context(), "A", []deliver.Outcome{{ID: "first", State: deliver.StateDone}}))
	for _, watched := range []string{table, dedup} {
		psqlScript(t, strings.ReplaceAll(`ALTER TABLE @T ADD seen text;
			CREATE FUNCTION @T_see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.seen = current_setting('synchronous_commit'); RETURN NEW; END $$;
			CREATE TRIGGER see BEFORE INSERT OR UPDATE ON @T FOR EACH ROW EXECUTE FUNCTION @T_see()`, "@T", watched))
	}
	seen := func(table, id string) string {
		return strings.Join(psql(t, `SELECT coalesce(seen, 'nothing') FROM `+table+` WHERE id = $1`, id), " ")
	}
	_, err = store.Claim(t.Context(), "A", []string{"a"}, time.Minute, false)
	must(t, err)
	if got := seen(dedup, "a"); got != "off" {
		t.Errorf("the claim has %s", got)
	}
	events := delivertest.Events(t, 1)
	taken(t, sink.Send(t.Context(), events))
	if got := seen(table, events[0].ID); got != "on" {
		t.Errorf("the sink has %s", got)
	}
	must(t, store.Renew(t.Context(), "A", []string{"a"}, time.Minute))
	if got := seen(dedup, "a"); got != "off" {
		t.Errorf("the renewal has %s", got)
	}
	must(t, store.Settle(t.Context(), "A", []deliver.Outcome{{ID: "a", State: deliver.StateDone}, {ID: "b", State: deliver.StateDone}}))
	if got := seen(dedup, "a") + " " + seen(dedup, "b"); got != "off off" {
		t.Errorf("the outcomes have %s", got)
	}
	must(t, sink.pool.Use(t.Context(), nil, func(c *conn) error {
		var commit string
		err := c.QueryRow(t.Context(), `SHOW synchronous_commit`).Scan(&commit)
		if commit != "on" {
			t.Errorf("the connection has %s", commit)
		}
		return err
	}))
	if _, err := OpenStore(with(u, commitParam, "off'; --")); err == nil || !strings.Contains(err.Error(), "must be one of on, off") {
		t.Errorf("got error %v", err)
	}
}

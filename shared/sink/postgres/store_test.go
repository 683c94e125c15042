package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/internal/sqltable"
)

func openStore(t testing.TB, u *url.URL) *Store {
	t.Helper()
	s, err := OpenStore(u)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) { testStore(t, "") }

// Most claims that meet failed there, and events were delivered twice.
func TestStoreWhereSerializableIsTheDefault(t *testing.T) {
	testStore(t, "&default_transaction_isolation=serializable")
}

func testStore(t *testing.T, parameters string) {
	delivertest.TestStore(t, func(t testing.TB) (a, b deliver.Store, pass func(time.Duration)) {
		u, table := newTable(t)
		u.RawQuery += parameters
		now := time.Now()
		open := func() *Store {
			s := openStore(t, u)
			s.now = func() time.Time { return now } // of the tidying
			return s
		}
		return open(), open(), func(d time.Duration) {
			now = now.Add(d)
			psqlScript(t, fmt.Sprintf(`UPDATE %[1]s SET until = until - make_interval(secs => %[2]v), changed_at = changed_at - make_interval(secs => %[2]v)`, table, d.Seconds()))
		}
	})
}

// cutter stands between a client and the server. Once armed it lets the next
// statement through, holds its answer back and breaks the connection.
type cutter struct {
	url   *url.URL
	armed atomic.Bool
	cuts  atomic.Int64
}

func newCutter(t *testing.T, u *url.URL) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	v := *u
	v.Host = l.Addr().String()
	c := &cutter{url: &v}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", u.Host)
			if err != nil {
				client.Close()
				continue
			}
			all.Go(func() {
				defer server.Close()
				_, _ = io.Copy(server, client)
			})
			all.Go(func() {
				defer client.Close()
				buf := make([]byte, 1<<16)
				for {
					n, err := server.Read(buf)
					if n > 0 && c.armed.CompareAndSwap(true, false) {
						c.cuts.Add(1)
						return
					}
					if _, werr := client.Write(buf[:n]); err != nil || werr != nil {
						return
					}
				}
			})
		}
	})
	return c
}

// The server did what it was asked and its answer is lost: asking again gives
// the same answer.
func TestLostAnswer(t *testing.T) {
	u, table := newTable(t)
	c := newCutter(t, u)
	s := openStore(t, c.url)
	claim := func(claimant, id string) deliver.Record {
		t.Helper()
		r, err := s.Claim(t.Context(), claimant, []string{id}, time.Minute, false)
		must(t, err)
		return r[0]
	}
	claim("A", "warm")
	must(t, s.Settle(t.Context(), "A", []deliver.Outcome{{ID: "warm", Attempts: 1, FirstError: "one", LastError: "one"}}))

	c.armed.Store(true)
	if r := claim("A", "new"); !r.Mine || r.State != deliver.StateFree {
		t.Errorf("a new event: got %+v", r)
	}
	c.armed.Store(true)
	if r := claim("A", "warm"); !r.Mine || r.State != deliver.StateFree || r.Attempts != 1 || r.LastError != "one" {
		t.Errorf("a known event: got %+v", r)
	}
	if r := claim("A", "new"); r.Mine || r.State != deliver.StateClaimed {
		t.Errorf("another claim of the same claimant: got %+v", r)
	}
	c.armed.Store(true)
	must(t, s.Settle(t.Context(), "A", []deliver.Outcome{{ID: "new", State: deliver.StateDone}, {ID: "warm", State: deliver.StateParked}}))
	if got := psql(t, `SELECT id || ' ' || state FROM `+table+` ORDER BY id`); fmt.Sprint(got) != "[new done warm parked]" {
		t.Errorf("the table holds %v", got)
	}
	if n := c.cuts.Load(); n != 3 {
		t.Errorf("%d answers were lost, want 3", n)
	}

	// A connection that was not kept gets no second try: the server is in
	// trouble, and the caller knows better when to try again.
	s.pool.CloseIdle()
	c.armed.Store(true)
	if _, err := s.Claim(t.Context(), "A", []string{"x"}, time.Minute, false); err == nil {
		t.Error("no error although the first connection broke")
	}

	u2, events := newTable(t)
	c = newCutter(t, u2)
	sink := openSink(t, c.url)
	taken(t, sink.Send(t.Context(), delivertest.Events(t, 1)))
	c.armed.Store(true)
	taken(t, sink.Send(t.Context(), delivertest.Events(t, 3)))
	if n := len(psql(t, `SELECT id FROM `+events)); n != 4 || c.cuts.Load() != 1 {
		t.Errorf("%d rows after %d lost answers, want 4 after 1", n, c.cuts.Load())
	}
}

func TestStoreServerGoneAndBack(t *testing.T) {
	u, _ := newTable(t)
	s := openStore(t, u)
	claim := func(id string) (deliver.Record, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		r, err := s.Claim(ctx, "A", []string{id}, time.Minute, false)
		if err != nil {
			return deliver.Record{}, err
		}
		return r[0], nil
	}
	want := func(id string, want deliver.State) {
		t.Helper()
		if r, err := claim(id); err != nil || r.State != want {
			t.Errorf("got %+v, %v, want %q", r, err, want)
		}
	}
	for i, stop := range []func() error{server(t).Kill, server(t).Stop} {
		id := fmt.Sprint(i)
		want(id, deliver.StateFree)
		must(t, s.Settle(t.Context(), "A", []deliver.Outcome{{ID: id, State: deliver.StateDone}}))
		want(id, deliver.StateDone)
		must(t, stop())
		if _, err := claim(id); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("without a server: got error %v", err)
		}
		if err := s.Settle(t.Context(), "A", []deliver.Outcome{{ID: id}}); err == nil {
			t.Error("without a server: Settle gave no error")
		}
		must(t, server(t).Start())
		await(t)
		want(id, deliver.StateDone)
		must(t, stop())
		must(t, server(t).Start()) // all kept connections are stale
		await(t)
		want(id, deliver.StateDone)
	}
}

// writer is a connection that tells of each write.
type writer struct {
	net.Conn
	wrote func()
}

func (w *writer) Write(b []byte) (int, error) {
	w.wrote()
	return w.Conn.Write(b)
}

// A call whose context ends while the server hangs leaves nothing behind: what
// pgx would do for another 15 s is over.
func TestStoreHonorsItsContext(t *testing.T) {
	u, _ := newTable(t)
	var asked atomic.Pointer[context.CancelFunc] // called when the server is asked something
	s := dialledStore(t, u, func(d *dialer) {
		dial := d.config.DialFunc
		d.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			return &writer{c, func() {
				if cancel := asked.Load(); cancel != nil {
					(*cancel)()
				}
			}}, err
		}
	})
	_, err := s.Claim(t.Context(), "A", []string{"a"}, time.Minute, false)
	must(t, err)
	used := s.pool.Idle()[0]
	must(t, server(t).Hang())
	defer func() { must(t, server(t).Release()); await(t) }()
	ctx, cancel := context.WithCancel(t.Context())
	asked.Store(&cancel)
	if _, err := s.Claim(ctx, "A", []string{"a"}, time.Minute, false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
	select {
	case <-used.PgConn().CleanupDone():
	default:
		t.Error("pgx still sees the connection off")
	}
	if n := len(s.pool.Idle()); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
	if err := s.Settle(ctx, "A", []deliver.Outcome{{ID: "a", State: deliver.StateDone}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}

// A server that takes connections and says nothing costs the time that the
// caller gave, and no more.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	for _, name := range []string{"Claim", "Renew", "Settle", "Send"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				u, err := url.Parse("postgres://127.0.0.1/db?sslmode=disable&connect_timeout=60")
				must(t, err)
				silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
					here, _ := net.Pipe()
					*ctx.Value(dialKey{}).(*net.Conn) = here
					return here, nil
				}
				change := func(d *dialer) { d.config.DialFunc = silent }
				sink, store := dialled(t, u, change), dialledStore(t, u, change)
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				switch name {
				case "Claim":
					_, err = store.Claim(ctx, "A", []string{"a"}, time.Second, false)
				case "Renew":
					err = store.Renew(ctx, "A", []string{"a"}, time.Second)
				case "Settle":
					err = store.Settle(ctx, "A", []deliver.Outcome{{ID: "a", State: deliver.StateDone}})
				case "Send":
					err = sink.Send(ctx, delivertest.Events(t, 1))[0]
				}
				if took := time.Since(start); took != limit || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v after %v, want a deadline after %v", err, took, limit)
				}
			})
		})
	}
}

func TestStoreTidies(t *testing.T) {
	u, table := newTable(t)
	s := openStore(t, u)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	count := func() string { return psql(t, `SELECT count(*)::text FROM `+table)[0] }
	settle := func() {
		t.Helper()
		must(t, s.Settle(t.Context(), "A", []deliver.Outcome{{ID: "same", State: deliver.StateDone}}))
	}
	settle()
	psqlScript(t, `INSERT INTO `+table+` (id, state, changed_at)
		SELECT 'old ' || n, 'done', now() - interval '5 days 1 second' FROM generate_series(1, 5000) n`)
	for range sqltable.TidySettles - 1 {
		settle()
	}
	if n := count(); n != "5001" {
		t.Errorf("%s rows, want 5001", n)
	}
	settle()
	if n := count(); n != "2953" {
		t.Errorf("%s rows, want 2953", n)
	}
	for range 2 {
		now = now.Add(sqltable.TidyEvery)
		settle()
	}
	if n := count(); n != "1" {
		t.Errorf("%s rows, want 1", n)
	}
}

func TestStoreClosed(t *testing.T) {
	u, _ := newTable(t)
	s := openStore(t, u)
	must(t, s.Close())
	must(t, s.Close())
	s.CloseIdle()
	if _, err := s.Claim(t.Context(), "A", []string{"a"}, time.Second, false); !errors.Is(err, sqltable.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

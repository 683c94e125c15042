package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

// forgetful stands between a client and the server, as a gateway does. Once it
// forgets, the connections that are there swallow what is sent, without a word,
// and new ones work.
type forgetful struct {
	url   *url.URL
	epoch atomic.Int64 // how often it forgot
	dials atomic.Int64
}

func newForgetful(t *testing.T, u *url.URL) *forgetful {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	v := *u
	v.Host = l.Addr().String()
	f := &forgetful{url: &v}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); l.Close(); all.Wait() })
	pipe := func(to, from net.Conn) {
		born := f.epoch.Load()
		buf := make([]byte, 1<<16)
		for {
			n, err := from.Read(buf)
			if f.epoch.Load() != born {
				io.Copy(io.Discard, from) // until the client gives it up
				return
			}
			if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			f.dials.Add(1)
			server, err := net.Dial("tcp", u.Host)
			if err != nil {
				client.Close()
				continue
			}
			stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
			all.Go(func() { pipe(server, client); server.Close(); stop() })
			all.Go(func() { pipe(client, server); client.Close() })
		}
	})
	return f
}

// After a failover all kept connections may be silent. Of two tries the first
// one meets that, and the second one dials, however many were kept.
func TestSilentConnections(t *testing.T) {
	u, table := newTable(t)
	f := newForgetful(t, u)
	s := openSink(t, f.url)
	taken(t, s.Send(t.Context(), delivertest.Events(t, 1)))

	var inside, all sync.WaitGroup
	inside.Add(3)
	for range 3 { // at a time, so that three connections are kept
		all.Go(func() {
			must(t, s.pool.use(t.Context(), "", func(*pgx.Conn) error { inside.Done(); inside.Wait(); return nil }))
		})
	}
	all.Wait()
	if n := f.dials.Load(); n != 3 || len(s.pool.idle) != 3 {
		t.Fatalf("%d connections, %d kept, want 3", n, len(s.pool.idle))
	}

	f.epoch.Add(1)
	events := delivertest.Events(t, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, events)[0]; !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the first try: got error %v", err)
	}
	taken(t, s.Send(t.Context(), events))
	if n := f.dials.Load(); n != 4 {
		t.Errorf("%d connections were dialled, want 4", n)
	}
	if n := len(psql(t, `SELECT id FROM `+table)); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

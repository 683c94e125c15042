package webhook

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

// Connections are used again, and not after the instance was frozen: the wall
// clock has moved on, no timer has fired.
func TestKeepAliveAndFreeze(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, strings.Repeat("a long answer ", 1000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := open(t, server.URL)
	now := time.Now()
	s.transport.Now = func() time.Time { return now }
	sends := func(want int32) {
		t.Helper()
		s.CloseIdle()
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
			t.Fatal(err)
		}
		if got := opened.Load(); got != want {
			t.Errorf("%d connections so far, want %d", got, want)
		}
	}
	sends(1)
	sends(1)
	now = now.Add(19 * time.Second)
	sends(1)
	now = now.Add(20*time.Second + time.Millisecond)
	sends(2)
	sends(2)
}

// muted is a listener whose connections can be made to swallow what arrives,
// as those that a firewall on the way has forgotten.
type muted struct {
	net.Listener
	silence   atomic.Int32 // how many connections, from the first on
	swallowed func()
	opened    atomic.Int32
}

func (l *muted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &mutedConn{c, l, l.opened.Add(1)}, err
}

type mutedConn struct {
	net.Conn
	l      *muted
	number int32
}

func (c *mutedConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || c.number > c.l.silence.Load() {
			return n, err
		}
		c.l.swallowed()
	}
}

// A connection that died without a word costs one try, even where the server
// speaks HTTP/2.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	server.EnableHTTP2 = true
	l := &muted{Listener: server.Listener}
	server.Listener = l
	server.StartTLS()
	defer server.Close()
	s := open(t, server.URL)
	s.transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	send := func(ctx context.Context) error { return s.Send(ctx, delivertest.Events(t, 1))[0] }
	if err := send(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.swallowed = cancel
	l.silence.Store(l.opened.Load())
	if err := send(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("on the dead connection: got error %v", err)
	}
	if err := send(t.Context()); err != nil {
		t.Errorf("the dead connection was used again: %v", err)
	}
}

// The server takes connections and says nothing, not even in the handshake:
// nothing goes on dialling when Send has returned.
func TestNoHandshake(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := open(t, "https://"+l.Addr().String())
	s.transport.TLSHandshakeTimeout = 0 // so that nothing else ends it
	ctx, cancel := context.WithCancel(t.Context())
	dialled := make(chan net.Conn, 16)
	go func() {
		defer close(dialled)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := c.Read(make([]byte, 1)); err == nil { // the handshake has begun
				cancel()
			}
			dialled <- c
		}
	}()
	if err := s.Send(ctx, delivertest.Events(t, 3))[0]; !errors.Is(err, deliver.ErrUnavailable) {
		t.Errorf("got error %v", err)
	}
	l.Close()
	for c := range dialled {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("a dial goes on")
		}
		c.Close()
	}
}

// A server that closes a kept connection on the next request costs no try.
func TestStaleConnection(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if requests.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	s := open(t, server.URL)
	for range 2 {
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
			t.Error(err)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "http://example.com/?token=hush")
		s.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		err := s.Send(ctx, delivertest.Events(t, 1))[0]
		if !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second ||
			!strings.Contains(err.Error(), "no answer in time") || strings.Contains(err.Error(), "hush") {
			t.Errorf("got error %v after %v", err, time.Since(start))
		}
	})
}

func TestTLSError(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the refused handshake
	server.StartTLS()
	s := open(t, server.URL+"/?token=hush")
	s.transport.TLSHandshakeTimeout = 0 // a busy machine needs longer than a server in the field may
	err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
	if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "hush") {
		t.Errorf("unknown certificate: got error %v", err)
	}
}

package servertest

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Gateway stands between a client and a server, as a NAT or a load balancer
// does that fails over. Its methods may be called at any time.
type Gateway struct {
	// URL is the server's, through the gateway.
	URL string

	server string       // host:port
	epoch  atomic.Int64 // how often it forgot
	dials  atomic.Int64
	lost   chan struct{} // holds a value when something was swallowed
	all    sync.WaitGroup
	ctx    context.Context // ends with the test
}

// NewGateway starts a gateway to the server of a URL. It ends with the test.
func NewGateway(t testing.TB, serverURL string) *Gateway {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{server: u.Host, lost: make(chan struct{}, 1)}
	u.Host = l.Addr().String()
	g.URL = u.String()
	var cancel context.CancelFunc
	g.ctx, cancel = context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); l.Close(); g.all.Wait() })
	g.all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			g.dials.Add(1)
			g.all.Go(func() { g.serve(client) })
		}
	})
	return g
}

// Forget makes the connections that are there swallow what is sent, without a
// word. New ones work.
func (g *Gateway) Forget() { g.epoch.Add(1) }

// UntilLost is ctx, and is canceled when a client has sent something that was swallowed.
func (g *Gateway) UntilLost(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-g.lost:
		case <-ctx.Done():
		}
	}()
	return ctx
}

// Dials is how many connections clients have opened so far.
func (g *Gateway) Dials() int { return int(g.dials.Load()) }

func (g *Gateway) serve(client net.Conn) {
	born := g.epoch.Load()
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		client.Close()
		return
	}
	defer context.AfterFunc(g.ctx, func() { client.Close(); server.Close() })()
	var both sync.WaitGroup
	both.Go(func() { g.carry(server, client, born, g.tellLost); server.Close() })
	both.Go(func() { g.carry(client, server, born, func() {}); client.Close() })
	both.Wait()
}

func (g *Gateway) tellLost() {
	select {
	case g.lost <- struct{}{}:
	default: // nobody has heard of the last time yet
	}
}

// carry copies until one end closes, or the gateway forgets. It calls lost when it has
// swallowed something.
func (g *Gateway) carry(to, from net.Conn, born int64, lost func()) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if g.epoch.Load() != born {
			if err == nil {
				lost()
			}
			_, _ = io.Copy(io.Discard, from) // until the client gives it up
			return
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

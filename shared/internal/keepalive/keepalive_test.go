package keepalive

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestIsStale(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for idle, want := range map[time.Duration]bool{
		0:                        false,
		Limit:                    false,
		Limit + time.Millisecond: true,
		24 * time.Hour:           true,
		-time.Second:             true, // the clock was set back
	} {
		if got := IsStale(now.Add(-idle), now); got != want {
			t.Errorf("idle for %v: got %v, want %v", idle, got, want)
		}
	}
	if !IsStale(time.Time{}, now) {
		t.Error("what was never used is not stale")
	}
}

// post makes one call as a client of the transport does.
func post(ctx context.Context, tr *Transport) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://vod.example.com", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// answering is the client's end of a connection to a server. Once the server is
// muted it takes requests and answers none.
func answering(muted *bool) net.Conn {
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		r := bufio.NewReader(there)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			if !*muted {
				io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}
	}()
	return here
}

// After a freeze the timers have slept as well, so the transport's own idle
// timeout is taken away here: CloseIdle alone has to do it.
func TestCloseIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials, muted := 0, false
		tr := NewTransport(32, time.Second)
		tr.CloseIdle() // before any use
		tr.IdleConnTimeout = 0
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return answering(&muted), nil
		}
		defer tr.CloseIdleConnections()
		invoke := func(wantDials int) {
			t.Helper()
			tr.CloseIdle()
			if err := post(t.Context(), tr); err != nil || dials != wantDials {
				t.Errorf("%d connections, want %d, %v", dials, wantDials, err)
			}
		}
		invoke(1)
		time.Sleep(Limit)
		invoke(1)
		time.Sleep(Limit + time.Millisecond)
		invoke(2)
		invoke(2)
		tr.Now = func() time.Time { return time.Now().Add(-time.Hour) } // the clock was set back
		invoke(3)
	})
}

// A kept connection that goes silent costs one call: the next one dials, also
// when several were kept.
func TestSilentConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var open []*bool
		tr := NewTransport(32, time.Second)
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
			open = append(open, new(bool))
			return answering(open[len(open)-1]), nil
		}
		defer tr.CloseIdleConnections()
		held := make([]*http.Response, 2)
		for i := range held { // two at a time, so two connections are kept
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://vod.example.com", nil)
			var err error
			if held[i], err = tr.RoundTrip(r); err != nil {
				t.Fatal(err)
			}
		}
		for _, resp := range held {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		synctest.Wait()
		for _, muted := range open {
			*muted = true
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := post(ctx, tr); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("on the silent connection: got error %v", err)
		}
		if err := post(t.Context(), tr); err != nil || len(open) != 3 {
			t.Errorf("the next call: error %v, %d connections, want 3", err, len(open))
		}
	})
}

// A call that was given up leaves no dial behind.
func TestNoDialIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dialling := false
		tr := NewTransport(32, time.Second)
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialling = true
			<-ctx.Done()
			dialling = false
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := post(ctx, tr); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
		if synctest.Wait(); dialling {
			t.Error("the dial goes on")
			tr.CloseIdleConnections()
		}
	})
}

func TestNewTransport(t *testing.T) {
	t.Parallel()
	tr := NewTransport(32, time.Second)
	if tr.Proxy == nil || tr.ForceAttemptHTTP2 || tr.MaxIdleConnsPerHost != 32 || tr.IdleConnTimeout != Limit ||
		tr.TLSHandshakeTimeout != time.Second || tr.TLSClientConfig.ClientSessionCache == nil {
		t.Errorf("%+v", tr.Transport)
	}
}

package vod

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// After a freeze the timers have slept as well, so the transport's own idle
// timeout is taken away here: CloseIdle alone has to do it.
func TestCloseIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		tr := NewTransport()
		tr.IdleConnTimeout = 0
		tr.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials++
			here, there := net.Pipe()
			go func() { // a server of one connection
				r := bufio.NewReader(there)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						there.Close()
						return
					}
					io.Copy(io.Discard, req.Body)
					io.WriteString(there, "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n"+`{"Response":{"EventSet":[17  ]}}`+"\n")
				}
			}()
			return here, nil
		}
		defer tr.CloseIdleConnections()
		invoke := func(wantDials int) {
			t.Helper()
			tr.CloseIdle()
			if _, err := client(t, "http://vod.example.com", tr).PullEvents(t.Context(), 7); err != nil || dials != wantDials {
				t.Errorf("%d connections, want %d, %v", dials, wantDials, err)
			}
		}
		invoke(1)
		time.Sleep(maxIdle)
		invoke(1)
		time.Sleep(maxIdle + time.Millisecond)
		invoke(2)
		invoke(2)
		tr.last.Store(time.Now().Add(time.Hour).UnixNano()) // the clock was set back
		invoke(3)
	})
}

// A call that was given up leaves no dial behind.
func TestNoDialIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dialling := false
		tr := NewTransport()
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialling = true
			<-ctx.Done()
			dialling = false
			return nil, ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client(t, "http://vod.example.com", tr).PullEvents(ctx, 7); !errors.Is(err, context.DeadlineExceeded) {
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
	tr := NewTransport()
	if tr.Proxy == nil || tr.ForceAttemptHTTP2 || tr.MaxIdleConnsPerHost < 32 || tr.IdleConnTimeout != 20*time.Second {
		t.Errorf("%+v", tr.Transport)
	}
	tr.CloseIdle() // before any use
}

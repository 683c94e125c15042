package vodfake_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/vodfake"
)

// Over a real connection each fault shows as its kind says.
func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	for kind, leased := range map[vodfake.FaultKind]int{
		vodfake.Status: 0,
		vodfake.Drop:   0,
		vodfake.Hang:   0,
		vodfake.Lost:   1,
		vodfake.Cut:    1,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := vodfake.RunT(t)
			fill(s, 0, 1)
			s.Next("", vodfake.Fault{Kind: kind})
			ctx := context.Background()
			if kind == vodfake.Hang {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			if _, err := newClient(t, s, rightKeys).send(ctx, "PullEvents", nil); code(err) != "network" {
				t.Errorf("error %v", err)
			}
			if n := s.App(0).Leased; n != leased {
				t.Errorf("%d events leased, want %d", n, leased)
			}
		})
	}
}

// A held poll over a real connection is answered when an event comes. It does not
// keep RunT's cleanup waiting.
func TestHeldPollOverHTTP(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	c := newClient(t, s, rightKeys)
	done := make(chan int)
	go func() { done <- len(c.pull(0)) }()
	for s.App(0).Polls == 0 { // nothing tells that a poll is held
		runtime.Gosched()
	}
	fill(s, 0, 1)
	if n := <-done; n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	for _, x := range []struct{ method, path, want string }{
		{"GET", "/", `"Code":"UnsupportedProtocol"`},
		{"POST", "/", `"Code":"MissingParameter"`},
		{"GET", "/favicon.ico", "404"},
	} {
		r, err := http.NewRequest(x.method, s.URL+x.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(a.Body)
		a.Body.Close()
		if err != nil || !strings.Contains(string(b), x.want) {
			t.Errorf("%s %s: %d %s", x.method, x.path, a.StatusCode, b)
		}
	}
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{Latency: 25 * time.Millisecond})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		fill(s, 0, 1)
		start := time.Now()
		if n := len(c.pull(0)); n != 1 || time.Since(start) != 25*time.Millisecond {
			t.Errorf("%d events after %v", n, time.Since(start))
		}
		if calls := s.Calls(""); len(calls) != 1 || calls[0].Took != 25*time.Millisecond || calls[0].Events != 1 {
			t.Errorf("%+v", calls)
		}
	})
}

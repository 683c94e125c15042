package vod

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/tencentapi"
)

// A body may come in chunks or compressed. A body that is shorter than it says is
// an error.
func TestBodies(t *testing.T) {
	t.Parallel()
	body := pulled(MaxEvents)
	chunks := func(w http.ResponseWriter) {
		for b := range bytes.SplitSeq(body, []byte(":")) {
			w.Write(append(b, ':'))
			w.(http.Flusher).Flush()
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"chunks": func(w http.ResponseWriter, r *http.Request) {
			w.Write(body[:1000])
			w.(http.Flusher).Flush()
			w.Write(body[1000:])
		},
		"gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(body)
			z.Close()
		},
		"length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body)
		},
	} {
		if events, err := serve(t, h).PullEvents(t.Context(), 7); err != nil || len(events) != MaxEvents {
			t.Errorf("%s: %d events, %v", name, len(events), err)
		}
	}

	_, err := serve(t, func(w http.ResponseWriter, r *http.Request) { chunks(w); panic(http.ErrAbortHandler) }).PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut chunks: %v", err)
	}
	_, err = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
		w.Write(body)
	}).PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut length: %v", err)
	}
}

// VOD has leased the events that came before an answer broke off. They come with
// the error, and the call is not repeated.
func TestAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	calls := 0
	c, err := New(Options{Credentials: testKeys,
		Retry: func(context.Context, error, int, time.Duration) bool { return true },
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			calls++
			return respond([]byte(`{"Response":{"EventSet":[{"EventHandle":"1"},{"EventHandle":"2"},{"EventHandle":"3","P":{"a`))(r)
		})})
	if err != nil {
		t.Fatal(err)
	}
	events, err := c.PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || len(events) != 2 || string(events[1].Bytes) != `{"EventHandle":"2"}` || calls != 1 {
		t.Errorf("%d calls, %q, %v", calls, events, err)
	}
}

// An answer that is too long is one that broke off: it may be another one next time.
func TestTooLong(t *testing.T) {
	t.Parallel()
	err := client(t, "", nil).failure(t.Context(), t.Context(), "PullEvents", &tencentapi.AnswerTooLong{Most: 64})
	if !errors.Is(err, ErrRetry) || !strings.Contains(err.Error(), "longer than 64 bytes") {
		t.Error(err)
	}
}

// A client that is printed shows no key.
func TestClientShowsNoKey(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf("%+v %#v", client(t, "", nil), Options{Credentials: testKeys})
	for _, secret := range []string{testKeys.SecretId, testKeys.SecretKey, testKeys.Token} {
		if strings.Contains(text, secret) {
			t.Errorf("%q in %s", secret, text)
		}
	}
}

// hang takes a call and never answers.
var hang = tripper(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "", hang)
		pull := func(ctx context.Context, want time.Duration) error {
			t.Helper()
			start := time.Now()
			_, err := c.PullEvents(ctx, 7)
			if took := time.Since(start); took != want {
				t.Errorf("took %v, want %v", took, want)
			}
			return err
		}
		err := pull(t.Context(), Timeout)
		if !errors.Is(err, ErrRetry) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 10s") {
			t.Error(err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := pull(ctx, 3*time.Second); errors.Is(err, ErrRetry) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := pull(ctx, time.Second); errors.Is(err, ErrRetry) || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := pull(ctx, 0); !errors.Is(err, context.Canceled) { // not begun
			t.Error(err)
		}
	})
}

// The context also ends the reading of the body. A complete answer counts even if
// the context has ended meanwhile.
func TestTimeoutOfBody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"Response":{`))
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.PullEvents(ctx, 7); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	c = client(t, "", tripper(func(r *http.Request) (*http.Response, error) {
		resp, err := respond(pulled(1))(r)
		cancel()
		return resp, err
	}))
	if events, err := c.PullEvents(ctx, 7); err != nil || len(events) != 1 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

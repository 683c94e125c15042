package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/porttest"
)

func open(t testing.TB, rawURL string) *Sink {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(u)
	if err != nil {
		t.Fatal(err)
	}
	s.bodyTime = time.Minute // the machine may be slow
	t.Cleanup(func() { s.Close() })
	return s
}

// receiver is a server that can be killed and brought back.
type receiver struct {
	port   porttest.Port
	server *http.Server
	done   chan struct{}

	mu      sync.Mutex
	got     [][]byte
	refused map[string]bool // by webhook-id, which is the event's id
	hang    chan struct{}   // closed or nil: answer
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // the sink gave up
	}
	r.mu.Lock()
	hang := r.hang
	refused := r.refused[q.Header.Get("Webhook-Id")]
	r.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-q.Context().Done():
			return
		}
	}
	if refused {
		http.Error(w, "not this one", http.StatusUnprocessableEntity)
		return
	}
	r.mu.Lock()
	r.got = append(r.got, body)
	r.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

func (r *receiver) start(t testing.TB) {
	l, err := r.port.Listen()
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Handler: r}
	r.done = make(chan struct{})
	go func(server *http.Server, done chan struct{}) {
		server.Serve(l)
		close(done)
	}(r.server, r.done)
}

func (r *receiver) stop(t testing.TB) {
	if err := r.server.Close(); err != nil {
		t.Error(err)
	}
	<-r.done
}

func TestWebhook(t *testing.T) {
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		r := &receiver{port: porttest.KeepT(t), refused: map[string]bool{}}
		r.start(t)
		t.Cleanup(func() { r.stop(t) })
		return delivertest.Place{
			Open: func(t testing.TB) deliver.Sink {
				return open(t, "http://"+r.port.Address()+"/events?secret=the-receiver-does-not-check")
			},
			Received: func(t testing.TB) [][]byte {
				r.mu.Lock()
				defer r.mu.Unlock()
				return append([][]byte(nil), r.got...)
			},
			Stop:  r.stop,
			Start: r.start,
			Hang: func(t testing.TB) func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				hang := make(chan struct{})
				r.hang = hang
				return func() {
					close(hang)
					r.mu.Lock()
					defer r.mu.Unlock()
					r.hang = nil
				}
			},
			Refused: func(t testing.TB) *event.Event {
				e := delivertest.Event(t, "refused", 500)
				r.mu.Lock()
				defer r.mu.Unlock()
				r.refused[e.ID] = true
				return e
			},
		}
	})
}

// What a request looks like, down to a signature that a reader can check with
// openssl.
func TestRequest(t *testing.T) {
	t.Parallel()
	const key = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // the one of the Standard Webhooks documentation
	var got *http.Request
	var body []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "https://")
	s := open(t, "https://me:p%40ss@"+address+"/a%2Fb?z=1&secret=whsec_"+key+"&a=%20x&secret=plain-text+of+24+bytes-or-more")
	s.transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	s.now = func() time.Time { return time.Unix(1614265330, 0) }

	e := delivertest.Event(t, "387702292285462759", 300)
	if err := s.Send(t.Context(), []*event.Event{e})[0]; err != nil {
		t.Fatal(err)
	}
	if got.Method != "POST" || got.RequestURI != "/a%2Fb?z=1&a=%20x" || got.Host != address {
		t.Errorf("got %s %s of %s", got.Method, got.RequestURI, got.Host)
	}
	if user, password, ok := got.BasicAuth(); user != "me" || password != "p@ss" || !ok {
		t.Errorf("got user %q, password %q", user, password)
	}
	if string(body) != string(e.AppendCloudEvent(nil)) || got.ContentLength != int64(len(body)) {
		t.Errorf("got body %s", body)
	}
	signature := func(key string) string {
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "%s.1614265330.%s", e.ID, body)
		return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type":      "application/cloudevents+json",
		"Webhook-Id":        e.ID,
		"Webhook-Timestamp": "1614265330",
		"Webhook-Signature": signature(string(raw)) + " " + signature("plain-text+of+24+bytes-or-more"),
		"Idempotency-Key":   "",
	} {
		if have := strings.Join(got.Header.Values(name), "|"); have != want {
			t.Errorf("%s: got %q, want %q", name, have, want)
		}
	}
}

// After the server failed on one event those behind it of the same subject are
// not tried, so that a retry keeps their order; others are not held up.
func TestOrderOnFailure(t *testing.T) {
	t.Parallel()
	var down *event.Event
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		e, err := event.ParseCloudEvent(body)
		if err != nil {
			t.Error(err)
			return
		}
		seen[e.ID]++
		if e.ID == down.ID {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	events := []*event.Event{
		delivertest.Event(t, "a", 0), delivertest.Event(t, "a", 0), delivertest.Event(t, "b", 0), delivertest.Event(t, "a", 0),
	}
	down = events[1]
	errs := open(t, server.URL).Send(t.Context(), events)
	for i, want := range []struct {
		seen   int
		failed bool
	}{{1, false}, {1, true}, {1, false}, {0, true}} {
		if seen[events[i].ID] != want.seen || errors.Is(errs[i], deliver.ErrUnavailable) != want.failed {
			t.Errorf("event %d: seen %d times, error %v, want %+v", i, seen[events[i].ID], errs[i], want)
		}
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	full := make(chan struct{}) // nobody is answered before as many are there as may be
	fill := sync.OnceFunc(func() { close(full) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n >= inFlight {
			fill()
		}
		io.Copy(io.Discard, r.Body)
		<-full
	}))
	defer server.Close()
	s := open(t, server.URL)
	var all sync.WaitGroup
	for range 4 {
		events := delivertest.Events(t, 100)
		all.Go(func() {
			if err := errors.Join(s.Send(t.Context(), events)...); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != inFlight {
		t.Errorf("%d requests at a time, want %d", most.Load(), inFlight)
	}
}

func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	s := open(b, server.URL+"/?secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	events := delivertest.Events(b, 16)
	b.ReportAllocs()
	for b.Loop() {
		if err := errors.Join(s.Send(context.Background(), events)...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(16*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

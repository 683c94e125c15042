package webhook

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
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
	address string
	server  *http.Server
	done    chan struct{}

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
	address := r.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
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
		r := &receiver{refused: map[string]bool{}}
		r.start(t)
		t.Cleanup(func() { r.stop(t) })
		return delivertest.Place{
			Open: func(t testing.TB) deliver.Sink {
				return open(t, "http://"+r.address+"/events?secret=the-receiver-does-not-check")
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

// The example of the Standard Webhooks specification, so that the signature is
// not only what this package believes it to be.
func TestSignKnown(t *testing.T) {
	t.Parallel()
	key, err := parseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, []secret{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got, want := h.Get("Webhook-Signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	type class string
	const accepted, permanent, unavailable, failed class = "accepted", "permanent", "unavailable", "failed"
	for _, c := range []struct {
		status     int
		retryAfter string
		want       class
		after      time.Duration
	}{
		{200, "", accepted, 0},
		{201, "", accepted, 0},
		{202, "", accepted, 0},
		{204, "", accepted, 0},
		{206, "", accepted, 0},
		{300, "", failed, 0},
		{301, "", failed, 0},
		{302, "5", failed, 0},
		{303, "", failed, 0},
		{304, "", failed, 0},
		{307, "", failed, 0},
		{308, "", failed, 0},
		{400, "", permanent, 0},
		{413, "", permanent, 0},
		{415, "", permanent, 0},
		{422, "9", permanent, 0},
		{401, "", unavailable, 0},
		{403, "", unavailable, 0},
		{404, "9", unavailable, 9 * time.Second},
		{405, "", unavailable, 0},
		{407, "", unavailable, 0},
		{408, "", unavailable, 0},
		{410, "", unavailable, 0},
		{421, "", unavailable, 0},
		{425, "1", unavailable, time.Second},
		{429, "17", unavailable, 17 * time.Second},
		{429, "Tue, 24 Nov 2026 12:00:07 GMT", unavailable, 7 * time.Second},
		{429, "Tue, 24 Nov 2026 11:00:00 GMT", unavailable, 0},
		{402, "", failed, 0},
		{406, "", failed, 0},
		{409, "3", failed, 0},
		{418, "", failed, 0},
		{451, "", failed, 0},
		{499, "", failed, 0},
		{500, "", unavailable, 0},
		{502, "", unavailable, 0},
		{503, "120", unavailable, 2 * time.Minute},
		{503, "soon", unavailable, 0},
		{503, "-1", unavailable, 0},
		{503, "99999999999999999999", unavailable, 0},
		{599, "", unavailable, 0},
		{600, "", failed, 0},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.retryAfter), func(t *testing.T) {
			t.Parallel()
			var followed atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					followed.Store(true)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.status)
				if c.status != 204 && c.status != 304 {
					io.WriteString(w, "because\n of \x1b[31m"+strings.Repeat("x", 1000))
				}
			}))
			defer server.Close()
			s := open(t, server.URL+"/?secret=hush-of-24-bytes-or-more&token=hush")
			s.now = func() time.Time { return now }
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			got := accepted
			switch {
			case deliver.IsPermanent(err):
				got = permanent
			case errors.Is(err, deliver.ErrUnavailable):
				got = unavailable
				inner := err.(interface{ Unwrap() []error }).Unwrap()[0]
				if want := deliver.Unavailable(inner, c.after); !reflect.DeepEqual(err, want) {
					t.Errorf("got %#v, want it to ask for a patience of %v", err, c.after)
				}
			case err != nil:
				got = failed
			}
			if got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, err)
			}
			if followed.Load() {
				t.Error("a redirect was followed")
			}
			if err == nil {
				return
			}
			text := err.Error()
			if !strings.Contains(text, server.URL) || !strings.Contains(text, fmt.Sprint(c.status)) ||
				c.status != 304 && !strings.Contains(text, `"because\n of \x1b`) {
				t.Errorf("the error does not name host, status and reason: %s", text)
			}
			if strings.Contains(text, "hush") || len(text) > 600 {
				t.Errorf("the error says too much: %s", text)
			}
		})
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
		start := time.Now()
		err := s.Send(context.Background(), delivertest.Events(t, 1))[0]
		if !errors.Is(err, deliver.ErrUnavailable) || time.Since(start) != tryTime || strings.Contains(err.Error(), "hush") {
			t.Errorf("got error %v after %v", err, time.Since(start))
		}
	})
}

// A receiver that repeats what it was sent, however it writes it, brings nothing
// secret into the error, and with it into the log and the dead letter.
func TestEcho(t *testing.T) {
	t.Parallel()
	const key = "h/+sh/+sh/+sh/+sh/+sh/+sh/+sh/+sh/+s" // 27 bytes
	echoes := map[string]func(w http.ResponseWriter, r *http.Request){
		"the URL": func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			fmt.Fprintf(w, "cannot POST %s, nor %s nor %s nor %q of %s", r.RequestURI, r.URL.Path, r.URL.RawQuery, r.URL.Query(), password)
		},
		"the headers":         func(w http.ResponseWriter, r *http.Request) { r.Header.Write(w) },
		"the headers in JSON": func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(r.Header) },
		"the headers in PHP's JSON": func(w http.ResponseWriter, r *http.Request) {
			b, _ := json.Marshal(r.Header)
			w.Write(bytes.ReplaceAll(b, []byte("/"), []byte(`\/`)))
		},
		"the headers in HTML":  func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, html.EscapeString(fmt.Sprint(r.Header))) },
		"the headers in Go":    func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%#v", r.Header) },
		"the headers in a URL": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, url.Values(r.Header).Encode()) },
		"the authorization's base64": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Fields(r.Header.Get("Authorization"))[1])
		},
		"the authorization, decoded": func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			fmt.Fprint(w, user, password, " ", user+":"+password)
		},
		"the authorization, cut": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Authorization")[:16], "…") },
		"the signature, cut": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Header.Get("Webhook-Signature")[:16], "…")
		},
		"the secret": func(w http.ResponseWriter, r *http.Request) {
			raw, _ := base64.StdEncoding.DecodeString(key)
			fmt.Fprintf(w, "%s whsec_%s %s", raw, key, key)
		},
		"much, so that it is cut within a secret": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, strings.Repeat(strings.Fields(r.Header.Get("Authorization"))[1], 5000))
		},
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent http.Header
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent = r.Header
				w.Header().Set("Location", "http://[/"+r.RequestURI)
				w.WriteHeader(http.StatusFound)
				fmt.Fprint(w, "SAID ")
				echo(w, r)
			}))
			defer server.Close()
			address := strings.TrimPrefix(server.URL, "http://")
			s := open(t, "http://hush0:hu%2Bsh%2F%221@"+address+"/hush2/%22hush3?a=hush4&b=hu%73h5&secret=whsec_"+key)
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if err == nil || !strings.Contains(err.Error(), "302 Found") || !strings.Contains(err.Error(), "SAID") || !strings.Contains(err.Error(), stars) {
				t.Fatalf("got error %v", err)
			}
			basic := strings.Fields(sent.Get("Authorization"))[1]
			for _, secret := range []string{"hu", "h/+sh", basic[:8], basic[len(basic)-8:], sent.Get("Webhook-Signature")[3:11]} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q is in the error: %v", secret, err)
				}
			}
		})
	}
}

// The reason phrase, and an answer that is no HTTP, are quoted without what was
// sent, too.
func TestEchoOutsideTheBody(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"HTTP/1.1 400 %s %s\r\nContent-Length: 0\r\n\r\n", "%s-%s\r\n\r\n"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err == nil {
					io.Copy(io.Discard, r.Body)
					fmt.Fprintf(c, format, r.RequestURI, strings.Fields(r.Header.Get("Authorization"))[1])
				}
				c.Close()
			}
		}()
		err = open(t, "http://hush0:hush1@"+l.Addr().String()+"/hush2?hush3=hush4").Send(t.Context(), delivertest.Events(t, 1))[0]
		if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "aHVza") || !strings.Contains(err.Error(), stars) {
			t.Errorf("got error %v", err)
		}
	}
}

// The status decides. A body that drips on holds neither the event nor, once
// Send has returned, anything else.
func TestAnswerIsTakenAtItsStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dripping atomic.Int32
		s := open(t, "http://example.com/")
		s.bodyTime = bodyTime
		status := "200 OK"
		s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				r, err := http.ReadRequest(bufio.NewReader(there))
				if err != nil {
					return
				}
				io.Copy(io.Discard, r.Body)
				io.WriteString(there, "HTTP/1.1 "+status+"\r\nContent-Length: 1000\r\n\r\n")
				dripping.Add(1)
				defer dripping.Add(-1)
				for err == nil {
					time.Sleep(time.Second / 100)
					_, err = io.WriteString(there, "x")
				}
			}()
			return here, nil
		}
		for _, c := range []struct {
			status string
			want   verdict
		}{{"200 OK", taken}, {"202 Accepted", taken}, {"422 Unprocessable Entity", refused}, {"503 Service Unavailable", down}} {
			status = c.status
			start := time.Now()
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if (err == nil) != (c.want == taken) || deliver.IsPermanent(err) != (c.want == refused) || errors.Is(err, deliver.ErrUnavailable) != (c.want == down) {
				t.Errorf("%s: got error %v", c.status, err)
			}
			if took := time.Since(start); took > bodyTime {
				t.Errorf("%s: Send took %v", c.status, took)
			}
			if err != nil && !strings.Contains(err.Error(), "xxx") {
				t.Errorf("%s: what came of the body is not quoted: %v", c.status, err)
			}
			synctest.Wait()
			time.Sleep(time.Second / 100) // its next write fails
			if synctest.Wait(); dripping.Load() != 0 {
				t.Errorf("%s: the connection is still read", c.status)
			}
		}
	})
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, err string }{
		{"ftp://host/", "neither http nor https"},
		{"http:///path", "names no host"},
		{"http://:80/path", "names no host"},
		{"https://host/?secret=", "leave the parameter out"},
		{"https://host/?secret", "leave the parameter out"},
		{"https://host/?%73ecret=hush", "fewer than the 24"},
		{"https://host/?secret=whsec_", "not base64"},
		{"https://host/?secret=whsec_hush!", "not base64"},
		{"https://host/?secret=whsec_aHVzaA==", "has 4 bytes, fewer than the 24"},
		{"https://host/?secret=whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXM=", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=aHVzaGh1c2hodXNoaHVzaGh1c2hodXM=", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=hus", "has 3 bytes, fewer than the 24"},
		{"https://host/?secret=hush-hush-hush-hush-hus", "has 23 bytes, fewer than the 24"},
		{"https://host/?secret=v1,whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=v1,aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=%20whsec_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "must begin with whsec_"},
		{"https://host/?secret=whsk_aHVzaGh1c2hodXNoaHVzaGh1c2hodXNo", "asymmetric"},
		{"https://host/?secret=hush%zz", "%25"},
		{"https://u:hush@host/?x=1#hush", "%23"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if _, err = Open(u); err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got error %v, want one with %q", c.url, err, c.err)
		}
	}
}

// The key that the reference libraries find in a secret, where they take it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const key = "twenty-four bytes, or so"
	encoded := base64.StdEncoding.EncodeToString([]byte(key))
	for text, want := range map[string]string{
		"whsec_" + encoded: key,
		encoded:            key,
		"whsec_" + base64.StdEncoding.EncodeToString([]byte(key+"+")):                         key + "+",
		"whsec_" + strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="): key + "+",
		base64.StdEncoding.EncodeToString([]byte(key + "+")):                                  key + "+",
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="):            strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key+"+")), "="), // no base64 to them
		key: key,
	} {
		got, err := parseSecret(text)
		if err != nil || string(got.key) != want {
			t.Errorf("%s: got key %q, %v, want %q", text, got.key, err, want)
		}
	}
}

func TestTLSError(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the refused handshake
	server.StartTLS()
	err := open(t, server.URL+"/?token=hush").Send(t.Context(), delivertest.Events(t, 1))[0]
	if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "hush") {
		t.Errorf("unknown certificate: got error %v", err)
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

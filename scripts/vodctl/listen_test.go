package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/porttest"
	"vodevents/shared/sink/webhook"
	"vodevents/shared/vodfake"
)

// hook is a developer's server. It can be down. An event says how its first posts are
// answered.
type hook struct {
	t       *testing.T
	address string        // it stays the same
	port    porttest.Port // that of the address, for start
	ended   chan struct{} // of the test: what hangs ends

	mu     sync.Mutex
	server *http.Server
	posts  map[string]int // by subject
	took   map[string]bool
	secret string
}

// keptHook is a hook that can be started, again and again at its address.
func keptHook(t *testing.T) *hook {
	port := porttest.KeepT(t)
	return &hook{t: t, port: port, address: port.Address(), posts: map[string]int{}, took: map[string]bool{}}
}

func (h *hook) start() {
	h.t.Helper()
	l, err := h.port.Listen()
	if err != nil {
		h.t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	h.mu.Lock()
	h.server = server
	h.mu.Unlock()
	go server.Serve(l)
}

func (h *hook) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server.Close()
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var e struct{ ID, Subject string }
	if err != nil || json.Unmarshal(body, &e) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	h.posts[e.Subject]++
	first := h.posts[e.Subject] == 1
	secret := h.secret
	h.mu.Unlock()
	verifier, err := standard.NewWebhook(secret)
	if err == nil {
		err = verifier.Verify(body, r.Header)
	}
	if err != nil || r.Header.Get("Webhook-Id") != e.ID {
		h.t.Errorf("the signature of %s: %v", e.ID, err)
	}
	switch {
	case strings.HasPrefix(e.Subject, "panics"):
		panic(http.ErrAbortHandler) // closes the connection
	case strings.HasPrefix(e.Subject, "moved"):
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		return
	case first && strings.HasPrefix(e.Subject, "fails"):
		w.WriteHeader(http.StatusInternalServerError)
		return
	case first && strings.HasPrefix(e.Subject, "hangs"):
		select {
		case <-r.Context().Done():
		case <-h.ended:
		}
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.took[e.Subject] = true
	w.WriteHeader(http.StatusNoContent)
}

func (h *hook) has(subject string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.took[subject]
}

// shown is an output that another goroutine may read.
type shown struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shown) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shown) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// enough is a time that no machine needs.
const enough = 5 * time.Minute

// until waits for a state. It fails after enough time.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(enough); !is(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

func eventOf(subject string) string {
	return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q}}`, subject)
}

// A server that is not there yet, fails, hangs and restarts gets every event,
// and no event is confirmed before it was answered 2xx.
func TestListenOutlivesTheReceiver(t *testing.T) {
	t.Parallel()
	subjects := []string{"1", "fails-2", "hangs-3", "4"}
	var bodies []string
	for _, s := range subjects {
		bodies = append(bodies, eventOf(s))
	}
	vod, getenv := queueOf(t)
	h := keptHook(t)
	h.ended = make(chan struct{})
	defer close(h.ended) // nobody is there yet

	var mu sync.Mutex
	bySubject := map[string]string{} // subjects, by the stand-in's id
	vod.Watch(func(c vodfake.Change) {
		mu.Lock()
		defer mu.Unlock()
		if c.State == vodfake.Confirmed && !h.has(bySubject[c.ID]) {
			t.Errorf("%s is confirmed and was not taken", bySubject[c.ID])
		}
	})
	queue := func(subject, body string) {
		id := vod.Queue(theApp, []byte(body)) // nobody takes it yet: no server is there
		mu.Lock()
		defer mu.Unlock()
		bySubject[id] = subject
	}
	for i, s := range subjects {
		queue(s, bodies[i])
	}

	ctx, end := context.WithCancel(t.Context())
	defer end()
	var out, errs shown
	status := make(chan int)
	go func() {
		status <- run(ctx, []string{"listen", "-forward-to", "http://" + h.address + "/hook", "-timeout", "2s"}, getenv, nil, &out, &errs)
	}()
	until(t, "the wait for a server", func() bool { return strings.Contains(errs.String(), "waiting for your server") })
	_, after, _ := strings.Cut(errs.String(), "Signed with the secret ")
	secret, _, _ := strings.Cut(after, "\n")
	h.mu.Lock()
	h.secret = secret
	h.mu.Unlock()
	h.start()
	until(t, "the first events", func() bool { return h.has("1") })
	lease := 500 * time.Millisecond // of real time, and longer each time: a slow machine needs more for a pull
	until(t, "the end of the queue", func() bool {
		select {
		case <-time.After(lease):
		case <-ctx.Done():
		}
		lease *= 2
		vod.FastForward(31 * time.Second) // what was left comes again
		return vod.Pending(theApp) == 0
	})

	h.stop()
	queue("5", eventOf("5"))
	until(t, "the second wait for a server", func() bool { return strings.Count(errs.String(), "waiting for your server") > 1 })
	h.start()
	until(t, "the event after the restart", func() bool { return h.has("5") })
	until(t, "its confirmation", func() bool { return vod.Pending(theApp) == 0 })
	end()
	if s := <-status; s != statusOK && s != statusPartly { // a lease that ended early makes it partly
		t.Errorf("exit status %d: %s", s, &errs)
	}
	for _, want := range []string{"  500 Internal Server Error ", "  --- no answer ", "  204 No Content ", "NewFileUpload fails-2  "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line has %q:\n%s", want, &out)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.posts["fails-2"] < 2 || h.posts["hangs-3"] < 2 {
		t.Errorf("posts: %v", h.posts)
	}
}

// theApp is the application of queueOf.
const theApp = 1490012345

const theSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// listenTo runs listen in front of a queue until its end, with a server that has
// the secret already.
func listenTo(t *testing.T, h *hook, scheme string, flags []string, bodies ...string) (vod *vodfake.Server, end context.CancelFunc, status chan int, out, errs *shown) {
	t.Helper()
	h.t, h.posts, h.took, h.secret = t, map[string]int{}, map[string]bool{}, theSecret
	vod, getenv := queueOf(t, bodies...)
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	status, out, errs = make(chan int, 1), new(shown), new(shown)
	go func() {
		args := append([]string{"listen", "-forward-to", scheme + "://" + h.address + "/hook?secret=" + theSecret}, flags...)
		status <- run(ctx, args, getenv, nil, out, errs)
	}()
	return vod, end, status, out, errs
}

// A server closes the connection of one event, as a handler that panics does, and
// redirects another. It still gets the events after them. Neither of the two is
// confirmed, and no redirect is followed.
func TestListenGoesOnBehindABrokenConnection(t *testing.T) {
	t.Parallel()
	h := keptHook(t)
	h.start()
	defer h.stop()
	vod, _, status, out, errs := listenTo(t, h, "http", []string{"-n", "1"}, eventOf("panics-1"), eventOf("moved-2"), eventOf("3"))
	if s := <-status; s != statusOK {
		t.Errorf("exit status %d: %s", s, errs)
	}
	for _, want := range []string{"  --- broken off ", "  307 Temporary Redirect ", "  204 No Content "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line has %q:\n%s", want, out)
		}
	}
	if !strings.Contains(errs.String(), "1 forwarded, 2 failed, 0 skipped by -events; 1 confirmed") {
		t.Errorf("got %s", errs)
	}
	if a := vod.App(theApp); a.Confirmed != 1 {
		t.Errorf("%+v", a)
	}
}

// If nobody reads the lines any more, as in a pipe to head, it ends. What the server
// took is confirmed.
func TestListenEndsWithItsOutput(t *testing.T) {
	t.Parallel()
	h := keptHook(t)
	h.secret = theSecret
	h.start()
	defer h.stop()
	vod, getenv := queueOf(t, eventOf("1"), eventOf("2"))
	var errs shown
	run(t.Context(), []string{"listen", "-forward-to", "http://" + h.address + "/?secret=" + theSecret}, getenv, nil, &failing{room: 5}, &errs)
	if a := vod.App(theApp); a.Confirmed != 1 || h.has("2") || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("%+v: %s", a, &errs)
	}
}

// An untrusted certificate is reported, with what to do about it.
func TestListenToASelfSignedServer(t *testing.T) {
	t.Parallel()
	var got atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshakes that fail
	s.StartTLS()
	defer s.Close()
	h := &hook{address: s.Listener.Addr().String()}
	_, end, status, out, errs := listenTo(t, h, "https", nil, eventOf("1"))
	until(t, "the line of the event", func() bool { return strings.Contains(out.String(), "  --- broken off ") })
	end()
	if s := <-status; s != statusOK || got.Load() != 0 || !strings.Contains(errs.String(), "-skip-verify accepts any certificate") {
		t.Errorf("exit status %d, %d posts: %s", s, got.Load(), errs)
	}
	vod, _, status, _, errs := listenTo(t, h, "https", []string{"-skip-verify", "-n", "1"}, eventOf("1"))
	if s := <-status; s != statusOK || got.Load() != 1 || vod.App(theApp).Confirmed != 1 {
		t.Errorf("exit status %d, %d posts: %s", s, got.Load(), errs)
	}
}

// Ctrl-C waits for an answer that is under way: the event is confirmed if the answer
// is 2xx, and the events after it are left.
func TestListenEndsWithTheAnswerUnderWay(t *testing.T) {
	t.Parallel()
	came, answer := make(chan struct{}, 8), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		came <- struct{}{}
		<-answer
	}))
	defer s.Close()
	vod, end, status, _, errs := listenTo(t, &hook{address: s.Listener.Addr().String()}, "http", []string{"-timeout", "10m"}, eventOf("1"), eventOf("2"))
	<-came
	end()
	close(answer)
	if s := <-status; s != statusOK || len(came) != 0 || vod.App(theApp).Confirmed != 1 {
		t.Errorf("exit status %d, %d more posts, %+v: %s", s, len(came), vod.App(theApp), errs)
	}
}

// An application whose mode is PUSH gets nothing into its queue, and each is told. The
// stand-in queues events in either mode, so with one on this machine nobody is.
func TestListenWarnsOfPush(t *testing.T) {
	t.Parallel()
	for endpoint, warns := range map[string]bool{"https://vod.tencentcloudapi.com": true, "http://127.0.0.1:8081": false} {
		standIn := vodfake.New(vodfake.Options{})
		defer standIn.Close()
		for app, mode := range map[uint64]string{1490000001: vodfake.Push, 1490000002: vodfake.Pull} {
			if err := standIn.SetEventConfig(app, vodfake.EventConfig{Mode: mode}); err != nil {
				t.Fatal(err)
			}
		}
		env := map[string]string{
			"VOD_ENDPOINT": endpoint, "VOD_SUB_APP_IDS": "1490000001,1490000002",
			"VOD_SECRET_ID": vodfake.SecretId, "VOD_SECRET_KEY": vodfake.SecretKey,
		}
		var errs shown
		l := &listening{program: &program{getenv: func(name string) string { return env[name] }, stderr: &errs}}
		a, err := l.connect(standIn.Transport())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.look(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		const warning = "SubAppId 1490000001: mode is PUSH, so nothing comes into the queue: vodctl config set -mode pull"
		if got := errs.String(); strings.Contains(got, warning) != warns || strings.Contains(got, "1490000002") || len(standIn.Calls("DescribeEventConfig")) != 2 {
			t.Errorf("%s: told %q", endpoint, got)
		}
	}
}

// A server that says nothing until the lease is over has not got the event.
func TestListenWhenTheLeaseRunsOut(t *testing.T) {
	t.Parallel()
	came := make(chan struct{}, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then it notices that the client is gone
		came <- struct{}{}
		<-r.Context().Done()
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs shown
	l := &listening{program: &program{stdout: &out, stderr: &errs}, timeout: 10 * time.Minute, ctx: t.Context()}
	if l.to, err = webhook.Open(u); err != nil {
		t.Fatal(err)
	}
	defer l.to.Close()
	e, err := event.Parse([]byte(eventOf("1")), event.Origin{Mode: event.Reliable, Received: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	lease, over := context.WithCancel(t.Context())
	go func() {
		<-came
		over()
	}()
	if results := l.deliver(lease, []*event.Event{e, e}); results[0].Fate != deliver.Left || results[1].Fate != deliver.Left || l.forwarded != 0 || !strings.Contains(out.String(), "  --- no answer ") {
		t.Errorf("got %+v: %s", results, &out)
	}
}

package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/vodfake"
)

// hook is a developer's server. It can be away, and answers each event's first
// posts as the event says.
type hook struct {
	t       *testing.T
	address string
	ended   chan struct{} // of the test: what hangs ends

	mu     sync.Mutex
	server *http.Server
	posts  map[string]int // by subject
	took   map[string]bool
	secret string
}

func (h *hook) start() {
	h.t.Helper()
	address := h.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.address = l.Addr().String()
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
	key, bad := base64.StdEncoding.DecodeString(strings.TrimPrefix(h.secret, "whsec_"))
	h.mu.Unlock()
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", e.ID, r.Header.Get("Webhook-Timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); bad != nil || r.Header.Get("Webhook-Signature") != want || r.Header.Get("Webhook-Id") != e.ID {
		h.t.Errorf("the signature is %s, want %s", r.Header.Get("Webhook-Signature"), want)
	}
	switch {
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

// shown is an output that another goroutine reads meanwhile.
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

// until waits for a state; it fails after a time that no machine takes.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); <-time.After(10 * time.Millisecond) {
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
	const app = 1490012345
	subjects := []string{"1", "fails-2", "hangs-3", "4"}
	var bodies []string
	for _, s := range subjects {
		bodies = append(bodies, eventOf(s))
	}
	vod, getenv := queueOf(t)
	h := &hook{t: t, ended: make(chan struct{}), posts: map[string]int{}, took: map[string]bool{}}
	defer close(h.ended)
	h.start()
	h.stop() // its address is known, and nobody is there

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
		id := vod.Queue(app, []byte(body)) // nobody takes it yet: no server is there
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
	h.mu.Lock()
	h.secret, _, _ = strings.Cut(after, "\n")
	h.mu.Unlock()
	h.start()
	done := func() bool {
		vod.FastForward(31 * time.Second) // what was left comes again
		return vod.Pending(app) == 0
	}
	until(t, "the first events", func() bool { return h.has("1") })
	until(t, "the end of the queue", func() bool {
		select {
		case <-time.After(500 * time.Millisecond): // time for a pull between two leases
		case <-ctx.Done():
		}
		return done()
	})

	h.stop()
	queue("5", eventOf("5"))
	until(t, "the second wait for a server", func() bool { return strings.Count(errs.String(), "waiting for your server") > 1 })
	h.start()
	until(t, "the event after the restart", func() bool { return h.has("5") })
	until(t, "its confirmation", func() bool { return vod.Pending(app) == 0 })
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

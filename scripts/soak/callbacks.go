package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

const (
	senders         = 8   // callbacks under way at a time
	callbacks       = 24  // instances of callback: some still run after VOD gave up
	mostSends       = 200 // of one event; two are usual when something went wrong
	callbackTimeout = 15 * time.Second
	signKey         = "soak5key"
	subAppId        = 1500066000
)

// gateway is the HTTP trigger between VOD and the function. It cuts some callbacks
// off before their answer.
type gateway struct {
	pool *local.Pool

	mu   sync.Mutex
	rand *rand.Rand
}

var errCutOff = errors.New("the connection was cut")

// RoundTrip gives a request to an instance of the function.
func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if after, cut := g.cut(); cut {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, after, errCutOff)
		defer cancel()
	}
	raw, err := g.pool.Invoke(ctx, local.HTTPEvent(r, body), callbackTimeout, nil)
	if err != nil {
		if context.Cause(ctx) == errCutOff {
			return nil, errCutOff
		}
		return nil, err
	}
	var a struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("the answer %.100q: %w", raw, err)
	}
	return &http.Response{
		StatusCode: a.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader([]byte(a.Body))), ContentLength: int64(len(a.Body)), Request: r,
	}, nil
}

// cut draws whether a request is cut off, and when.
func (g *gateway) cut() (after time.Duration, cut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Duration(g.rand.IntN(20)) * time.Millisecond, g.rand.IntN(200) == 0
}

// push sends a callback until it is answered 200, or parked as it must be. VOD would
// give up earlier, and no receiver can bring back the callback that a killed instance
// was working on. So the soak sends it again after every answer but 200.
func (s *run) push(ctx context.Context, p planned) {
	s.ledger.send(p, s.vod.Now())
	for try := 0; ctx.Err() == nil; try++ {
		if try == mostSends {
			s.ledger.breaks(p.n, stuck, "it was not answered 200 after %d callbacks", try)
			return
		}
		if try > 0 {
			s.ledger.count(func(n *counts) { n.resent++ })
			wait(ctx, 10*time.Millisecond)
		}
		e, err := s.vod.Callback(ctx, "http://callback.example/", p.body)
		s.ledger.link(e.ID, p.n)
		if err != nil {
			continue
		}
		last := e.Deliveries[len(e.Deliveries)-1]
		if last.Status == http.StatusServiceUnavailable && p.do.parks() {
			return // the end shows whether it is parked
		}
		if last.Status == http.StatusOK {
			s.ledger.settle(p.n, s.vod.Now())
			s.answered(ctx, p)
			return
		}
	}
}

// answered checks that an event which was answered 200 is durable. If two events can
// have the same payload, the id depends on the signature's time, and only the final
// judgment finds the row.
func (s *run) answered(ctx context.Context, p planned) {
	s.pushed.Add(1)
	if e, err := event.Parse(p.body, event.Origin{Mode: event.Normal}); err == nil && e.StableID {
		s.notary.witness(ctx, claim{p.n, e.ID})
	}
}

// callbackFaults are the faults of VOD's callbacks, and of the network below them.
var callbackFaults = []vodfake.Chance{
	{Action: "Callback", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Duplicate}},
	{Action: "Callback", Probability: 0.01, Fault: vodfake.Fault{Kind: vodfake.Delay, DelayMs: 50}},
	{Action: "Callback", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.Drop}},
	{Action: "Callback", Probability: 0.005, Fault: vodfake.Fault{Kind: vodfake.SignatureExpired}},
}

// receiver is the webhook that is a sink beside the database. It notes what it
// takes, and fails now and then.
type receiver struct {
	ledger *ledger

	mu   sync.Mutex
	rand *rand.Rand
	down bool
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the function was killed
	}
	n := numberOf(body)
	h.mu.Lock()
	chance, down := h.rand.IntN(1000), h.down
	h.mu.Unlock()
	switch {
	case n == 0:
		http.Error(w, "nobody sent this", http.StatusBadRequest)
	case h.ledger.mark(n) == refused:
		http.Error(w, "no such tenant", http.StatusUnprocessableEntity)
	case down, chance < 20:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case chance < 30:
		http.Error(w, "a bug in the receiver", http.StatusInternalServerError)
	case chance < 40:
		panic(http.ErrAbortHandler) // the connection is cut before it is taken
	case chance < 50:
		h.ledger.taken(n)
		panic(http.ErrAbortHandler) // and after
	default:
		h.ledger.taken(n)
		h.ledger.note(n, "the receiver took it", "")
	}
}

func (h *receiver) setDown(down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = down
}

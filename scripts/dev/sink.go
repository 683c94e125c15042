package main

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"vodevents/shared/event"
)

// sinkFault is what dev's own sink does with the events that it gets: a share
// of them is answered Status, after a delay.
type sinkFault struct {
	Probability float64 `json:"probability"` // 0 to 1
	Status      int     `json:"status"`      // 0: 200
	DelayMs     int     `json:"delayMs"`
}

func (f sinkFault) on() bool { return f.Probability > 0 && (f.Status != 0 || f.DelayMs > 0) }

func (f sinkFault) check() error {
	switch {
	case !(f.Probability >= 0 && f.Probability <= 1):
		return problemf(http.StatusBadRequest, "sink: probability %v: give 0 to 1", f.Probability)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return problemf(http.StatusBadRequest, "sink: status %d: give 503 for a sink that is down, 400 for one that refuses the event, 0 for neither", f.Status)
	case f.DelayMs < 0 || f.DelayMs > 60_000:
		return problemf(http.StatusBadRequest, "sink: delayMs %d: give 0 to 60000", f.DelayMs)
	}
	return nil
}

// badSink is a sink that fails and sleeps at will, beside those that the user
// set. What it takes tells dev that an event was delivered.
type badSink struct {
	url  string
	took func(e *event.Event, status int)

	mu    sync.Mutex
	fault sinkFault
}

func newBadSink(l net.Listener, took func(*event.Event, int)) *badSink {
	return &badSink{url: "http://" + l.Addr().String() + "/", took: took}
}

func (s *badSink) get() sinkFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

func (s *badSink) set(f sinkFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *badSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	e, err := event.ParseCloudEvent(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status := http.StatusOK
	if f := s.get(); f.on() && rand.Float64() < f.Probability {
		select {
		case <-time.After(time.Duration(f.DelayMs) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
		if f.Status != 0 {
			status = f.Status
		}
	}
	s.took(e, status)
	w.WriteHeader(status)
	if status != http.StatusOK {
		io.WriteString(w, "so it was asked for on the page")
	}
}

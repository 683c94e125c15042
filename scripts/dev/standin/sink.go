package standin

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"vodevents/shared/event"
)

// SinkFault is what dev's own sink does with the events that it gets: a share
// of them is answered Status, after a delay.
type SinkFault struct {
	Probability float64 `json:"probability"` // 0 to 1
	Status      int     `json:"status"`      // 0: 200
	DelayMs     int     `json:"delayMs"`     // at most 60,000
}

// On says whether the fault can hit an event.
func (f SinkFault) On() bool { return f.Probability > 0 && (f.Status != 0 || f.DelayMs > 0) }

// Check says what is wrong with a fault.
func (f SinkFault) Check() error {
	switch {
	case !(f.Probability >= 0 && f.Probability <= 1):
		return fmt.Errorf("sink: probability %v: give 0 to 1", f.Probability)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("sink: status %d: give 503 for a sink that is down, 400 for one that refuses the event, 0 for neither", f.Status)
	case f.DelayMs < 0 || f.DelayMs > 60_000:
		return fmt.Errorf("sink: delayMs %d: give 0 to 60000", f.DelayMs)
	}
	return nil
}

// Sink is a sink beside those that the user set. It fails and sleeps at will,
// and what it takes tells dev that an event was delivered.
type Sink struct {
	// URL is where the functions reach it.
	URL string
	// Answered is told of each event that the sink answers.
	Answered func(e *event.Event, status int)

	mu    sync.Mutex
	fault SinkFault
}

// Fault returns the current fault of events.
func (s *Sink) Fault() SinkFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// SetFault changes it.
func (s *Sink) SetFault(f SinkFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	if f := s.Fault(); f.On() && rand.Float64() < f.Probability {
		select {
		case <-time.After(time.Duration(f.DelayMs) * time.Millisecond):
		case <-r.Context().Done():
			return
		}
		if f.Status != 0 {
			status = f.Status
		}
	}
	s.Answered(e, status)
	w.WriteHeader(status)
	if status != http.StatusOK {
		io.WriteString(w, "so it was asked for on the page")
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	beat          = 250 * time.Millisecond // of at most two messages each; figures and state are rare
	maxChanges    = 1000                   // in one message
	maxReaderLogs = 500                    // between two beats
	heartbeat     = 10 * time.Second
)

// reader is one client of the stream. The store's lock guards it.
type reader struct {
	waiting map[*record]struct{} // those of changed that are still to be told
	changed []*record            // in the order of their first change
	logs    []*logLine
	dropped int
	point   *point
	state   bool // configuration or faults changed
}

// touch has every reader told of a record.
func (s *store) touch(r *record) {
	for reader := range s.readers {
		if _, ok := reader.waiting[r]; !ok {
			reader.waiting[r] = struct{}{}
			reader.changed = append(reader.changed, r)
		}
	}
}

// touchState has every reader told of the configuration.
func (s *store) touchState() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for reader := range s.readers {
		reader.state = true
	}
}

func (r *reader) log(l *logLine) {
	if len(r.logs) == maxReaderLogs {
		r.dropped++
		return
	}
	r.logs = append(r.logs, l)
}

// message is one server-sent event.
type message struct {
	name string
	data any
}

// take gives what a reader is to be told now.
func (s *store) take(r *reader) (m []message, state bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(r.changed) > 0 {
		var events []summary
		n := 0
		for ; n < len(r.changed) && len(events) < maxChanges; n++ {
			if _, ok := r.waiting[r.changed[n]]; ok { // else it was dropped
				delete(r.waiting, r.changed[n])
				events = append(events, r.changed[n].summary())
			}
		}
		if r.changed = r.changed[n:]; len(r.changed) == 0 {
			r.changed = nil
		}
		if len(events) > 0 {
			m = append(m, message{"change", map[string]any{"events": events}})
		}
	}
	if len(r.logs) > 0 {
		m = append(m, message{"log", map[string]any{"logs": r.logs, "dropped": r.dropped}})
		r.logs, r.dropped = nil, 0
	}
	if r.point != nil {
		m = append(m, message{"figures", map[string]any{"totals": s.sum(), "point": r.point}})
		r.point = nil
	}
	state, r.state = r.state, false
	return m, state
}

// stream serves GET /api/stream.
func (d *dev) stream(w http.ResponseWriter, r *http.Request) error {
	reader := &reader{waiting: map[*record]struct{}{}, state: true}
	d.store.mu.Lock()
	d.store.readers[reader] = struct{}{}
	d.store.mu.Unlock()
	defer func() {
		d.store.mu.Lock()
		delete(d.store.readers, reader)
		d.store.mu.Unlock()
	}()

	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	last := time.Now()
	for {
		messages, state := d.store.take(reader)
		if state {
			messages = append(messages, message{"state", map[string]any{"config": d.settings(), "faults": d.faults()}})
		}
		for _, m := range messages {
			data, err := json.Marshal(m.data)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", m.name, data); err != nil {
				return nil // it has gone
			}
		}
		if now := time.Now(); len(messages) > 0 || now.Sub(last) >= heartbeat {
			if len(messages) == 0 {
				fmt.Fprint(w, ": still here\n\n")
			}
			if out.Flush() != nil {
				return nil
			}
			last = now
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return nil
		case <-d.done:
			return nil
		}
	}
}

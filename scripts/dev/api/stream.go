package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"vodevents/scripts/dev/journal"
)

const (
	beat      = 250 * time.Millisecond // of at most two messages each; figures and state are rare
	heartbeat = 10 * time.Second
)

// message is one server-sent event.
type message struct {
	name string
	data any
}

// changes are the events and media that changed. They are one message, since media
// change with their events.
type changes struct {
	Events []journal.Summary `json:"events,omitempty"`
	Media  []journal.Media   `json:"media,omitempty"`
}

// revision tells which of two answers is newer: an answer to a change and a message of
// the stream may overtake each other. Read it before the state that it numbers.
type revision struct {
	Revision int64 `json:"revision"`
}

func (a *API) revision() revision { return revision{a.Journal.Revision()} }

// messages are what a client is told of an update.
func (a *API) messages(u journal.Update) (m []message) {
	if len(u.Events)+len(u.Media) > 0 {
		m = append(m, message{"change", changes{u.Events, u.Media}})
	}
	if len(u.Logs) > 0 {
		m = append(m, message{"log", map[string]any{"logs": u.Logs, "dropped": u.Dropped}})
	}
	if u.Figures != nil {
		m = append(m, message{"figures", u.Figures})
	}
	if u.Touched {
		state := map[string]any{"config": a.settings(), "faults": a.faults()}
		if a.Letters.Waiting != nil {
			state["letters"] = a.Letters.Waiting()
		}
		m = append(m, message{"state", state})
	}
	return m
}

// getStream tells a client what changes, until it goes.
func (a *API) getStream(w http.ResponseWriter, r *http.Request) error {
	reader := a.Journal.Follow()
	defer reader.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	last := time.Now()
	for {
		messages := a.messages(reader.Next())
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
		case <-a.Done:
			return nil
		}
	}
}

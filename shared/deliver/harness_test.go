package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// script is a sink that answers as a test tells it and keeps what it took. The
// real sinks have servers of their own, which a synctest bubble has no room for.
type script struct {
	mu    sync.Mutex
	sends int
	took  []string // ids
	all   []*event.Event
	fail  func(send int, e *event.Event) error
	delay time.Duration
}

func (s *script) Send(ctx context.Context, events []*event.Event) []error {
	s.mu.Lock()
	s.sends++
	n, delay := s.sends, s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return FailAll(len(events), ctx.Err())
		}
	}
	errs := make([]error, len(events))
	for i, e := range events {
		if s.fail != nil {
			errs[i] = s.fail(n, e)
		}
		if errs[i] == nil {
			s.mu.Lock()
			s.took = append(s.took, e.ID)
			s.all = append(s.all, e)
			s.mu.Unlock()
		}
	}
	return errs
}

func (s *script) CloseIdle() {}

func (s *script) Close() error { return nil }

func upload(n int) *event.Event {
	raw := fmt.Sprintf(`{"EventHandle":"h%d","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, n, n)
	e, err := event.Parse([]byte(raw), event.Origin{Mode: event.Reliable, Received: time.Now()})
	if err != nil {
		panic(err)
	}
	return e
}

func uploads(n int) []*event.Event {
	events := make([]*event.Event, n)
	for i := range events {
		events[i] = upload(i)
	}
	return events
}

var errOwn = errors.New("refused this one")

// fate is what becomes of one event.
func fate(t *testing.T, p *Pipeline, ctx context.Context, e *event.Event) Fate {
	t.Helper()
	return p.Deliver(ctx, []*event.Event{e})[0].Fate
}

// attempts is how many a store remembers of an event.
func attempts(t *testing.T, s Store, e *event.Event) int {
	t.Helper()
	r, err := s.Claim(t.Context(), "look", []string{e.ID}, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	return r[0].Attempts
}

func captureLog(t *testing.T) *bytes.Buffer {
	var buf bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&buf, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &buf
}

// parkedInLog are the CloudEvents that a log holds.
func parkedInLog(t *testing.T, log []byte) []string {
	t.Helper()
	texts := map[string]string{}
	var whole []string
	for line := range bytes.Lines(log) {
		var p struct {
			Msg string
			parklog.Part
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.Msg != parklog.Message {
			continue
		}
		texts[p.Parking] += p.Text
		if p.Part.Part == p.Of {
			whole = append(whole, texts[p.Parking])
		}
	}
	return whole
}

package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// Every event has one line with its fate: delivered and duplicate at debug, all
// others at info or above, with the cause.
func TestEveryEventHasOneLineWithItsFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		before := slog.Default()
		defer slog.SetDefault(before)
		slog.SetDefault(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		store := NewMemory()
		ctx := t.Context()
		claim := func(n int) string { return upload(n).ID }
		if _, err := store.Claim(ctx, "other", []string{claim(3)}, time.Hour, false); err != nil {
			t.Fatal(err)
		}
		if err := store.Settle(ctx, "other", []Outcome{{ID: claim(1), State: StateDone}, {ID: claim(5), State: StateParked}}); err != nil {
			t.Fatal(err)
		}
		p := &Pipeline{Store: store, Sinks: []Sink{answers(err500, "4")}, DeadLetter: &script{}, MaxAttempts: 5,
			Handler: func(_ context.Context, e *event.Event) error {
				if e.Subject == "2" {
					return Permanent(errors.New("never"))
				}
				return nil
			}}
		results := p.Deliver(ctx, uploads(6))
		want := []struct {
			fate  Fate
			level slog.Level
		}{{Delivered, slog.LevelDebug}, {Duplicate, slog.LevelDebug}, {Parked, slog.LevelWarn}, {Claimed, slog.LevelInfo}, {Left, slog.LevelWarn}, {Parked, slog.LevelWarn}}
		lines := map[string]int{}
		for line := range bytes.Lines(log.Bytes()) {
			var l struct {
				Level                           slog.Level
				ID, Type, Subject, Fate, Reason string
				Error                           string
			}
			if err := json.Unmarshal(line, &l); err != nil {
				t.Fatal(err)
			}
			if l.Fate == "" {
				continue
			}
			lines[l.Subject]++
			n := int(l.Subject[0] - '0')
			if r := results[n]; string(r.Fate) != l.Fate || l.Fate != string(want[n].fate) || l.Level != want[n].level ||
				(l.Error == "") != (r.Cause == nil) || l.Reason != string(r.Reason) || l.ID != claim(n) || l.Type != "NewFileUpload" {
				t.Errorf("event %d is %+v: %s", n, r, line)
			}
		}
		for n := range 6 {
			if got := lines[string(rune('0'+n))]; got != 1 {
				t.Errorf("event %d has %d lines", n, got)
			}
		}
	})
}

// While a sink is down its events are no warnings: the sink is one.
func TestEventsOfASinkThatIsDownAreNoWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := captureLog(t)
		p := &Pipeline{Store: NewMemory(), Sinks: []Sink{answers(refused, "0", "1", "2")}, MaxAttempts: 5}
		p.Deliver(t.Context(), uploads(3))
		if info, warn := bytes.Count(log.Bytes(), []byte(`"level":"INFO"`)), bytes.Count(log.Bytes(), []byte(`"level":"WARN"`)); info != 3 || warn != 1 {
			t.Errorf("%d lines at info, %d warnings: %s", info, warn, log)
		}
	})
}

// noRoom is a log that takes all lines but those of parked events.
type noRoom struct{ bytes.Buffer }

func (l *noRoom) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(parklog.Message)) {
		return 0, errors.New("no space left on device")
	}
	return l.Buffer.Write(b)
}

// What neither a sink nor the log took is lost where nobody brings it again.
// That is an error, and in a queue it is none.
func TestALostEventIsAnError(t *testing.T) {
	for way, want := range map[Way]string{Pulled: `"level":"INFO"`, Pushed: `"level":"ERROR"`} {
		synctest.Test(t, func(t *testing.T) {
			var log noRoom
			before := slog.Default()
			defer slog.SetDefault(before)
			slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
			p := &Pipeline{Way: way, Store: NewMemory(), Sinks: []Sink{answers(refused, "0")}, MaxAttempts: 5}
			if got := fate(t, p, t.Context(), upload(0)); got != Left {
				t.Errorf("way %v: got %v", way, got)
			}
			for line := range bytes.Lines(log.Bytes()) {
				if bytes.Contains(line, []byte(`"fate":"left"`)) && bytes.Contains(line, []byte(want)) {
					return
				}
			}
			t.Errorf("way %v: no line of the event with %s: %s", way, want, &log)
		})
	}
}

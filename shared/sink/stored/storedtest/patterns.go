// Package storedtest holds every table of events to the filters of the package
// stored.
package storedtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// Table is a table of events that is read.
type Table interface {
	Page(context.Context, stored.Filter, int) ([]stored.Row, error)
	Summary(context.Context, stored.Filter) (stored.Summary, error)
}

// endings are what may follow a type or a subject: what an order of texts puts
// before a space and behind everything, what SQL has for patterns, and nothing.
var endings = []string{"", "\x01", "\t", "\n", " ", "  ", "!", "%", "_", "0", "~", "\x7f", "é", "\ud7ff", "\ue000", "\uffff", "😀", "\U0010ffff", "l", "L"}

// TestPatterns checks that a table finds the rows whose types and subjects fit a
// filter, and no others, whatever order of texts its indexes have. fill adds so many
// other rows that the database uses its indexes.
func TestPatterns(t *testing.T, sink deliver.Sink, table Table, fill func()) {
	t.Helper()
	var events []*event.Event
	for i, end := range endings {
		body, err := json.Marshal(map[string]any{"EventType": "Evil" + end, "EvilEvent": map[string]string{"FileId": "77" + end}})
		if err != nil {
			t.Fatal(err)
		}
		e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Date(2026, 11, 24, 0, i, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	for _, err := range sink.Send(t.Context(), events) {
		if err != nil {
			t.Fatal(err)
		}
	}
	all := page(t, table, stored.Filter{})
	fill()
	for _, pattern := range []string{"", "*", "?", "??", "*?", "*??", "*???", " *", "\t*", "!*", "%*", "_*", "😀*", "l", " ", "!", "%", "_"} {
		for _, f := range []stored.Filter{{Type: "Evil" + pattern}, {Type: "com.tencent.cloud.vod.Evil" + pattern}, {Subject: "77" + pattern}} {
			var got, want []string
			for _, r := range page(t, table, f) {
				got = append(got, shown(r))
			}
			for _, r := range all {
				if f.Wants(r) {
					want = append(want, shown(r))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("type %q, subject %q:\n got %s\nwant %s", f.Type, f.Subject, got, want)
			}
			if s, err := table.Summary(t.Context(), f); err != nil || s.Events != len(want) {
				t.Errorf("type %q, subject %q: summary %+v, %v, want %d", f.Type, f.Subject, s, err, len(want))
			}
		}
	}
}

func page(t *testing.T, table Table, f stored.Filter) []stored.Row {
	t.Helper()
	rows, err := table.Page(t.Context(), f, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func shown(r stored.Row) string { return fmt.Sprintf("%q %q", r.Type, r.Subject) }

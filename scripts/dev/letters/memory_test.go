package letters

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// text returns a CloudEvent of the n-th file, parked or not.
func text(t testing.TB, n int, parked bool) string {
	t.Helper()
	e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"52858907842735%05d"}}`, n),
		event.Origin{Mode: event.Reliable, Received: time.Date(2026, 11, 24, 8, 0, n/7, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if parked {
		e.Parking = &event.Parking{Reason: "permanent", Attempts: 1}
	}
	return string(e.AppendCloudEvent(nil))
}

func post(m *Memory, body string) int {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
	return w.Code
}

// A full memory is down, so the event stays where it came from. An event that it has
// already needs no room.
func TestFullMemoryIsDown(t *testing.T) {
	t.Parallel()
	changes := 0
	m := &Memory{Changed: func() { changes++ }}
	for n := range MaxLetters {
		if status := post(m, text(t, n, true)); status != http.StatusOK {
			t.Fatalf("letter %d: %d", n, status)
		}
	}
	if status := post(m, text(t, MaxLetters, true)); status != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", status)
	}
	if status := post(m, text(t, 7, true)); status != http.StatusOK || m.Len() != MaxLetters || changes != MaxLetters+1 {
		t.Errorf("one again: %d; %d letters, %d changes", status, m.Len(), changes)
	}
}

// Anything but a parked event is refused for good.
func TestMemoryTakesParkedEventsAlone(t *testing.T) {
	t.Parallel()
	m := &Memory{Changed: func() { t.Error("it changed") }}
	for _, body := range []string{"", "{", text(t, 1, false)} {
		if status := post(m, body); status != http.StatusBadRequest {
			t.Errorf("%.40s: %d", body, status)
		}
	}
}

// The pages of a memory are in the order of receipt, whatever the order of parking.
// Together they have each letter once.
func TestPagesOfMemory(t *testing.T) {
	t.Parallel()
	m := &Memory{Changed: func() {}}
	const n = 50
	for i := range n {
		post(m, text(t, i*17%n, true))
	}
	var all []stored.Row
	for f := (stored.Filter{}); ; {
		page, err := m.Page(t.Context(), f, 8)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		f.After = page[len(page)-1].Place()
	}
	seen := map[string]bool{}
	for i, r := range all {
		if seen[r.ID] = true; i > 0 && byPlace(all[i-1], r) >= 0 {
			t.Errorf("row %d, %v, comes after %v", i, r.Place(), all[i-1].Place())
		}
	}
	if len(seen) != n || len(all) != n {
		t.Errorf("%d rows, %d letters", len(all), len(seen))
	}
	s, err := m.Summary(t.Context(), stored.Filter{Since: all[10].Received})
	if want := len(all) - 7; err != nil || s.Events != want || !s.Last.Equal(all[n-1].Received) {
		t.Errorf("%+v, %v, want %d", s, err, want)
	}
}

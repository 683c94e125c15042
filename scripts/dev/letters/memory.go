package letters

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"vodevents/shared/sink/stored"
)

const (
	// MaxLetters is how many dead letters a Memory holds.
	MaxLetters = 10_000

	// maxLetter is the most bytes of one: the largest event in a CloudEvent.
	maxLetter = 16 << 20
)

// Memory holds the dead letters of a run. It is also an http.Handler, which the
// functions have as DEAD_LETTER, an http:// sink. When it is full it says that it is
// down, so that a pulled event stays in its queue.
type Memory struct {
	// Changed is called when there are more letters, or fewer.
	Changed func()

	mu   sync.Mutex
	rows []stored.Row        // in the order of their places
	held map[string]struct{} // their ids
}

// String implements [Place].
func (m *Memory) String() string { return "this run's memory" }

// Len returns how many there are.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.rows)
}

func (m *Memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLetter))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	row, err := stored.ParseRow(text)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case row.Parking == nil:
		http.Error(w, "the event is not parked: it has no parkreason", http.StatusBadRequest)
		return
	case !m.put(row):
		http.Error(w, fmt.Sprintf("there are %d dead letters already: deliver or discard some", MaxLetters), http.StatusServiceUnavailable)
		return
	}
	m.Changed()
}

// put adds a letter, or replaces the one with the same id. false: there is no room.
func (m *Memory) put(row stored.Row) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, again := m.held[row.ID]; again {
		m.rows = slices.DeleteFunc(m.rows, func(r stored.Row) bool { return r.ID == row.ID })
	}
	if len(m.rows) >= MaxLetters {
		return false
	}
	if m.held == nil {
		m.held = map[string]struct{}{}
	}
	m.held[row.ID] = struct{}{}
	at, _ := slices.BinarySearchFunc(m.rows, row, byPlace)
	m.rows = slices.Insert(m.rows, at, row)
	return true
}

func byPlace(a, b stored.Row) int {
	return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.ID, b.ID))
}

// Summary implements [Place].
func (m *Memory) Summary(_ context.Context, f stored.Filter) (s stored.Summary, err error) {
	for _, r := range m.asked(f) {
		if s.Events == 0 {
			s.First = r.Received
		}
		s.Events, s.Parked, s.Last = s.Events+1, s.Parked+1, r.Received
	}
	return s, nil
}

// Page implements [Place].
func (m *Memory) Page(_ context.Context, f stored.Filter, most int) ([]stored.Row, error) {
	all := m.asked(f)
	return all[:min(most, len(all))], nil
}

func (m *Memory) asked(f stored.Filter) (rows []stored.Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := stored.Row{ID: f.After.ID, Received: f.After.Received}
	for _, r := range m.rows {
		if f.Wants(r) && (f.After.IsZero() || byPlace(r, after) > 0) {
			rows = append(rows, r)
		}
	}
	return rows
}

// Unpark implements [Place].
func (m *Memory) Unpark(_ context.Context, ids []string) ([]string, error) { return m.drop(ids), nil }

// Discard implements [Place].
func (m *Memory) Discard(_ context.Context, ids []string) ([]string, error) { return m.drop(ids), nil }

func (m *Memory) drop(ids []string) (dropped []string) {
	m.mu.Lock()
	m.rows = slices.DeleteFunc(m.rows, func(r stored.Row) bool {
		is := slices.Contains(ids, r.ID)
		if is {
			dropped = append(dropped, r.ID)
			delete(m.held, r.ID)
		}
		return is
	})
	m.mu.Unlock()
	m.Changed()
	return dropped
}

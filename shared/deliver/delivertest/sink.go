// Package delivertest holds the conformance suites that every sink and every
// dedup store of this project passes: [TestSink] and TestStore. Somebody who
// writes a new sink starts with a Place for it.
package delivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// Place is where a sink under test delivers to: a server, a file, a table. The
// optional members are nil where the sink has no such thing.
type Place struct {
	// Open opens a sink on this place.
	Open func(t testing.TB) deliver.Sink

	// Received returns the CloudEvents that the place holds, oldest first, each
	// a JSON object; the suite reads id, type, subject and data of it. It still
	// knows what came before Stop.
	Received func(t testing.TB) [][]byte

	// Unordered: the place keeps no order, as a table. Everywhere else events
	// of one subject arrive in their batch's order.
	Unordered bool

	// ExactlyOnce: the place holds an event once, however often it was sent.
	ExactlyOnce bool

	// Stop ends the server as a kill would: its connections break and new ones
	// are refused. Start brings it back at the same address with what it held.
	// Optional.
	Stop, Start func(t testing.TB)

	// Hang makes the server accept what is sent and not answer, until release
	// is called. Optional.
	Hang func(t testing.TB) (release func())

	// Refused returns an event that the server will refuse for good: too big,
	// or one the server was told to refuse. Optional.
	Refused func(t testing.TB) *event.Event
}

// TestSink runs the suite that every sink must pass. Each case asks for an
// empty place of its own. It counts goroutines, so it must not run in parallel
// with other tests.
func TestSink(t *testing.T, place func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, p Place)
	}{
		{"Batch", testBatch},
		{"Order", testOrder},
		{"PartialFailure", testPartialFailure},
		{"Canceled", testCanceled},
		{"Hanging", testHanging},
		{"GoneAndBack", testGoneAndBack},
		{"RestartUnderLoad", testRestartUnderLoad},
		{"Big", testBig},
		{"Concurrent", testConcurrent},
		{"Twice", testTwice},
		{"CloseIdle", testCloseIdle},
		{"Close", testClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, place(t)) })
	}
}

var serial atomic.Int64

// Event makes an event that no other is equal to, a NewFileUpload whose FileId
// is subject and whose payload is about size bytes long. Its raw bytes hold
// line breaks, as a sink may meet them.
func Event(t testing.TB, subject string, size int) *event.Event {
	t.Helper()
	n := serial.Add(1)
	raw := fmt.Sprintf("{\"EventType\":\"NewFileUpload\",\r\n\"EventHandle\":\"handle-%d\","+
		"\"FileUploadEvent\":{\n\"FileId\":%q,\"MediaBasicInfo\":{\"Name\":\"飲茶 №%d\",\"Description\":\"%s\"},"+
		"\"ProcedureTaskId\":\"\",\"Size\":9007199254740993}}",
		n, subject, n, strings.Repeat("x", max(0, size-180)))
	e, err := event.Parse([]byte(raw), event.Origin{
		Mode: event.Reliable, SubAppId: 1500000001, Received: time.Unix(1764000000, 0).UTC(),
	})
	if err != nil {
		t.Fatalf("the suite's own event does not parse: %v", err)
	}
	return e
}

// Events makes n different events of different subjects, about 5 kB each, as
// large as a usual event of VOD.
func Events(t testing.TB, n int) []*event.Event {
	t.Helper()
	events := make([]*event.Event, n)
	for i := range events {
		events[i] = Event(t, fmt.Sprintf("53873970%010d", serial.Add(1)), 5000)
	}
	return events
}

func testBatch(t *testing.T, p Place) {
	s := open(t, p)
	if errs := s.Send(t.Context(), nil); len(errs) != 0 {
		t.Errorf("no events: got errors %v", errs)
	}
	events := Events(t, 16)
	send(t, s, events)
	send(t, s, events[:0])
	one := Events(t, 1)
	send(t, s, one)
	holds(t, p, append(events, one...))
}

func testOrder(t *testing.T, p Place) {
	if p.Unordered {
		t.Skip("this sink's place keeps no order")
	}
	s := open(t, p)
	var events []*event.Event
	for i := range 48 {
		events = append(events, Event(t, []string{"first", "second", "third"}[i%3], 300))
	}
	send(t, s, events)
	holds(t, p, events)

	want, got := map[string][]string{}, map[string][]string{}
	for _, e := range events {
		want[e.Subject] = append(want[e.Subject], e.ID)
	}
	for _, r := range received(t, p) {
		got[r.Subject] = append(got[r.Subject], r.ID)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("events of one subject did not arrive in their order:\n got %v\nwant %v", got, want)
	}
}

func testBig(t *testing.T, p Place) {
	s := open(t, p)
	events := []*event.Event{Event(t, "small", 500), Event(t, "big", 2<<20), Event(t, "small", 500)}
	send(t, s, events)
	holds(t, p, events)
}

func testConcurrent(t *testing.T, p Place) {
	s := open(t, p)
	var (
		all  sync.WaitGroup
		sent []*event.Event
	)
	for range 8 {
		events := Events(t, 5*16)
		sent = append(sent, events...)
		all.Go(func() {
			for i := 0; i < len(events); i += 16 {
				send(t, s, events[i:i+16])
				s.CloseIdle()
			}
		})
	}
	all.Wait()
	holds(t, p, sent)
}

func testTwice(t *testing.T, p Place) {
	s := open(t, p)
	events := Events(t, 4)
	send(t, s, events)
	send(t, s, append(Events(t, 1), events...)) // a retry after a lost answer
	holds(t, p, events)
	if !p.ExactlyOnce {
		return
	}
	times := map[string]int{}
	for _, r := range received(t, p) {
		times[r.ID]++
	}
	for _, e := range events {
		if times[e.ID] != 1 {
			t.Errorf("event %s is there %d times, want once", e.ID, times[e.ID])
		}
	}
}

func testCloseIdle(t *testing.T, p Place) {
	s := open(t, p)
	s.CloseIdle() // never used
	events := Events(t, 6)
	for i := range events {
		send(t, s, events[i:i+1])
		s.CloseIdle()
		s.CloseIdle()
	}
	holds(t, p, events)
}

func testClose(t *testing.T, p Place) {
	if err := p.Open(t).Close(); err != nil {
		t.Errorf("closing a sink that was never used: %v", err)
	}
	events := Events(t, 3)
	before := runtime.NumGoroutine()
	s := p.Open(t)
	send(t, s, events)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	s.CloseIdle()
	if errs := s.Send(t.Context(), events); len(errs) != len(events) || errs[0] == nil || errs[1] == nil || errs[2] == nil {
		t.Errorf("Send after Close: got %v, want an error for each event", errs)
	}
	holds(t, p, events)
	nothingLeft(t, before)
}

func open(t *testing.T, p Place) deliver.Sink {
	t.Helper()
	s := p.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// send wants every event to be taken. It may run in any goroutine.
func send(t *testing.T, s deliver.Sink, events []*event.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	errs := s.Send(ctx, events)
	if len(errs) != len(events) {
		t.Errorf("got %d errors for %d events", len(errs), len(events))
	}
	for i, err := range errs {
		if err != nil {
			t.Errorf("event %d of %d: %v", i, len(events), err)
		}
	}
}

// enough is a time that no machine needs.
const enough = 5 * time.Minute

// Something may outlive its call by so many ticks. They take 12 s, less than what a
// library that does not care leaves behind: 15 s in pgx. They are counted because a
// busy machine, which has no time for what should end, has none for ticks either.
const (
	tick      = 5 * time.Millisecond
	leftTicks = 12 * int(time.Second/tick)
)

type cloudEvent struct {
	ID, Type, Subject string
	Data              json.RawMessage
}

func (c cloudEvent) sameAs(d cloudEvent) bool {
	return c.ID == d.ID && c.Type == d.Type && c.Subject == d.Subject &&
		(bytes.Equal(c.Data, d.Data) || reflect.DeepEqual(decode(c.Data), decode(d.Data)))
}

func decode(b []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // 64-bit numbers must come out as they went in
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

func received(t *testing.T, p Place) []cloudEvent {
	t.Helper()
	var out []cloudEvent
	for _, b := range p.Received(t) {
		var c cloudEvent
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("the sink's place holds no JSON: %v\n%.500q", err, b)
		}
		out = append(out, c)
	}
	return out
}

// holds wants each event in the sink's place, unchanged.
func holds(t *testing.T, p Place, events []*event.Event) {
	t.Helper()
	got := map[string]cloudEvent{}
	for _, r := range received(t, p) {
		got[r.ID] = r
	}
	missing := 0
	for _, e := range events {
		var want cloudEvent
		if err := json.Unmarshal(e.AppendCloudEvent(nil), &want); err != nil {
			t.Fatalf("the event makes no JSON: %v", err)
		}
		if have, ok := got[e.ID]; !ok {
			missing++
		} else if !have.sameAs(want) {
			t.Errorf("event %s changed on its way:\n got %.600v\nwant %.600v", e.ID, have, want)
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d events are not in the sink's place", missing, len(events))
	}
}

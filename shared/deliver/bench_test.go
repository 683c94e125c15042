package deliver

import (
	"context"
	"fmt"
	"testing"
	"time"

	"vodevents/shared/event"
)

// taker is a sink that takes everything at once.
type taker struct{}

func (taker) Send(_ context.Context, events []*event.Event) []error {
	return make([]error, len(events))
}
func (taker) CloseIdle()   {}
func (taker) Close() error { return nil }

// One batch of 16 new events, in which nothing goes wrong.
func BenchmarkDeliver(b *testing.B) {
	p := &Pipeline{Sinks: []Sink{taker{}}, Store: NewMemory(), MaxAttempts: 5,
		Handler: func(context.Context, *event.Event) error { return nil }}
	events := make([]*event.Event, 16)
	for i := range events {
		e := *upload(i)
		events[i] = &e
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, e := range events {
			n++
			e.ID = fmt.Sprintf("%032x", n)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 28*time.Second)
		p.Deliver(ctx, events)
		cancel()
	}
}

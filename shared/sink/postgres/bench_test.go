package postgres

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// benchEvents makes n events as VOD sends them: 5 kB of members with names,
// URLs and numbers that hardly compress.
func benchEvents(b *testing.B, n int) []*event.Event {
	b.Helper()
	events := make([]*event.Event, n)
	for i := range events {
		var body strings.Builder
		fmt.Fprintf(&body, `{"EventType":"NewFileUpload","EventHandle":"%d","FileUploadEvent":{"FileId":"%d"`, i, rand.Uint64())
		for m := 0; body.Len() < 5000; m++ {
			fmt.Fprintf(&body, `,"Member%d":{"Url":"https://%016x.vod2.example.com/%016x/%016x/f0.mp4","Size":%d,"Duration":%.4f}`,
				m, rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Float64()*1000)
		}
		body.WriteString(`}}`)
		e, err := event.Parse([]byte(body.String()), event.Origin{Mode: event.Reliable, Received: time.Now()})
		if err != nil {
			b.Fatal(err)
		}
		events[i] = e
	}
	return events
}

// Send of batches of 16 events at 5 kB, 16 in flight, as pull has them.
func BenchmarkSend(b *testing.B) {
	const batch = 16
	u, _ := newTable(b)
	s := openSink(b, u)
	if err := s.Send(b.Context(), benchEvents(b, 1))[0]; err != nil {
		b.Fatal(err)
	}
	events := benchEvents(b, batch*b.N)
	var at atomic.Int64
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := int(at.Add(batch))
			for _, err := range s.Send(b.Context(), events[n-batch:n]) {
				if err != nil {
					b.Error(err)
				}
			}
		}
	})
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "events/s")
}

// Claim and Settle of batches of 16 events, 16 in flight.
func BenchmarkStore(b *testing.B) {
	const batch = 16
	u, _ := newTable(b)
	s, err := OpenStore(u)
	must(b, err)
	defer s.Close()
	b.SetParallelism(8)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		ids := make([]string, batch)
		outcomes := make([]deliver.Outcome, batch)
		for pb.Next() {
			for i := range ids {
				ids[i] = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
				outcomes[i] = deliver.Outcome{ID: ids[i], State: deliver.StateDone}
			}
			if _, err := s.Claim(b.Context(), "A", ids, time.Hour, false); err != nil {
				b.Error(err)
			}
			if err := s.Settle(b.Context(), "A", outcomes); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "events/s")
}

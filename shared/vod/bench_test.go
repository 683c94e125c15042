package vod

import (
	"fmt"
	"testing"
)

// A pull of 16 events of about 5 kB without a network: signing, the SDK, the
// body's one read, and parse.
func BenchmarkPullEvents(b *testing.B) {
	body := pulled(MaxEvents)
	c := client(b, "", respond(body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.PullEvents(b.Context(), 1490012345); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

// A confirm: hardly more than signing and the SDK.
func BenchmarkConfirmEvents(b *testing.B) {
	c := client(b, "", respond([]byte(`{"Response":{"RequestId":"5f2c7a1e-0d3b-4c8e-9a55-2b7d64f0c1ee"}}`)))
	handles := make([]string, MaxEvents)
	for i := range handles {
		handles[i] = fmt.Sprintf("%019d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.ConfirmEvents(b.Context(), 1490012345, handles); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	t := NewTransport()
	b.ReportAllocs()
	for b.Loop() {
		client(b, "", t)
	}
}

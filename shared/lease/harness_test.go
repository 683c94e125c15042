package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// bench is a stand-in for VOD, a client of it, and a record of what was delivered.
// All of it lives in one synctest bubble.
type bench struct {
	*vodfake.Server
	t      *testing.T
	client *vod.Client

	mu        sync.Mutex
	delivered map[string]int // by subject
	deliver   func(context.Context, []*event.Event) []deliver.Result
}

func newBench(t *testing.T, o vodfake.Options) *bench {
	t.Helper()
	b := &bench{Server: vodfake.New(o), t: t, delivered: make(map[string]int)}
	t.Cleanup(b.Close)
	client, err := vod.New(vod.Options{
		Endpoint:    "http://vod.test",
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
		Transport:   b.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.client = client
	return b
}

// queue puts n events into an application's queue.
func (b *bench) queue(app uint64, n int) {
	for i := range n {
		b.Queue(app, fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d-%d"}}`, app, i))
	}
}

// all gives every event the same fate.
func all(fate deliver.Fate, events []*event.Event) []deliver.Result {
	return slices.Repeat([]deliver.Result{{Fate: fate}}, len(events))
}

// sinkDown is the result of events that met a sink that is down.
func sinkDown(events []*event.Event) []deliver.Result {
	return slices.Repeat([]deliver.Result{{Fate: deliver.Left, Cause: errors.New("refused"), Down: true}}, len(events))
}

// take is the bench's Deliver. It notes which events deliver took.
func (b *bench) take(ctx context.Context, events []*event.Event) []deliver.Result {
	results := all(deliver.Delivered, events)
	if b.deliver != nil {
		results = b.deliver(ctx, events)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, r := range results {
		if r.Fate == deliver.Delivered {
			b.delivered[events[i].Subject]++
		}
	}
	return results
}

// dawdle makes each delivery take d. most is the most that ran at once.
func (b *bench) dawdle(d time.Duration) (most *int) {
	var mu sync.Mutex
	running := 0
	most = new(int)
	b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
		mu.Lock()
		running++
		*most = max(*most, running)
		mu.Unlock()
		time.Sleep(d) // of the bubble
		mu.Lock()
		running--
		mu.Unlock()
		return all(deliver.Delivered, events)
	}
	return most
}

func (b *bench) options() Options {
	return Options{Client: b.client, Deliver: b.take, Rate: 100, Concurrency: 16}
}

// drain runs one invocation.
func (b *bench) drain(timeout time.Duration, o Options) Result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), timeout)
	defer cancel()
	start := time.Now()
	r, err := Drain(ctx, o)
	if err != nil {
		b.t.Errorf("drain: %v", err)
	}
	if took := time.Since(start); took >= timeout {
		b.t.Errorf("an invocation of %v took %v", timeout, took)
	}
	return r
}

// confirms counts the handles that each ConfirmEvents call names.
func (b *bench) confirms() (sizes func() []int) {
	var mu sync.Mutex
	var all []int
	b.Control("ConfirmEvents", func(c *vodfake.Call) *vodfake.Fault {
		var p struct{ EventHandles []string }
		if err := json.Unmarshal(c.Body, &p); err != nil {
			b.t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, len(p.EventHandles))
		return nil
	})
	return func() []int {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

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
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// bench is a stand-in of VOD, a client of it, and a place that notes what was
// delivered. Everything in it lives in one synctest bubble.
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
		Credentials: vod.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey},
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

// all gives every event one fate.
func all(fate deliver.Fate, events []*event.Event) []deliver.Result {
	return slices.Repeat([]deliver.Result{{Fate: fate}}, len(events))
}

// sinkDown is what becomes of events that met a sink that is down.
func sinkDown(events []*event.Event) []deliver.Result {
	return slices.Repeat([]deliver.Result{{Fate: deliver.Left, Cause: errors.New("refused"), Down: true}}, len(events))
}

// take is the Deliver of the bench: it notes what deliver took.
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

// dawdle has each delivery take d, and returns how many ran at once at most.
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

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 5000)
		r := b.drain(time.Minute, b.options())
		want := Counts{Pulled: 5000, Delivered: 5000, Confirmed: 5000, Stopped: Empty, Polls: r.Polls, ElapsedMs: r.ElapsedMs}
		if r.Counts != want {
			t.Errorf("got %+v", r)
		}
		if len(b.delivered) != 5000 || b.Pending(0) != 0 {
			t.Errorf("%d delivered, %d pending", len(b.delivered), b.Pending(0))
		}
		// 313 pulls at 98 a second, and the last poll, which is held for 5 s.
		if ms := r.ElapsedMs; ms > 3600+5100 {
			t.Errorf("took %d ms", ms)
		}
		// While the last answers come back, up to a few polls may meet an empty
		// queue, but not one for each of 16 slots.
		if idle := r.Polls - 313; idle > 6 {
			t.Errorf("%d idle polls", idle)
		}
		for _, action := range []string{"PullEvents", "ConfirmEvents"} {
			if n := b.Busiest(action); n > 100 {
				t.Errorf("%d calls of %s in one second", n, action)
			}
		}
	})
}

func TestEmptyQueueCostsOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		r := b.drain(time.Minute, b.options())
		if r.Polls != 1 || r.Stopped != Empty || r.ElapsedMs > 5100 {
			t.Errorf("got %+v", r)
		}
		if text, err := json.Marshal(r); err != nil || string(text) !=
			`{"pulled":0,"delivered":0,"duplicates":0,"confirmed":0,"parked":0,"left":0,"polls":1,"stopped":"empty","elapsed_ms":5000}` {
			t.Errorf("result %s, %v", text, err)
		}
	})
}

func TestInvocationLengths(t *testing.T) {
	for _, timeout := range []time.Duration{3 * time.Second, 12 * time.Second, time.Minute, 900 * time.Second} {
		for _, until := range []Until{UntilEmpty, UntilDeadline} {
			t.Run(fmt.Sprint(timeout, until), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, vodfake.Options{})
					b.queue(0, 40)
					o := b.options()
					o.Until = until
					r := b.drain(timeout, o)
					if len(b.delivered) != 40 || r.Confirmed != 40 {
						t.Errorf("%d delivered, %+v", len(b.delivered), r)
					}
					want := Empty
					if until == UntilDeadline || timeout == 3*time.Second {
						want = Deadline
					}
					if r.Stopped != want {
						t.Errorf("stopped: %s, want %s", r.Stopped, want)
					}
					if until == UntilDeadline && time.Duration(r.ElapsedMs)*time.Millisecond < timeout-7*time.Second {
						t.Errorf("ended after %d ms of %v", r.ElapsedMs, timeout)
					}
				})
			})
		}
	}
}

// An event whose confirm never arrives comes back exactly when its lease ends.
func TestRedeliveryAfterLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		start := time.Now()
		var seen []time.Duration
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			seen = append(seen, time.Since(start))
			if len(seen) == 1 {
				return all(deliver.Left, events)
			}
			return all(deliver.Delivered, events)
		}
		o := b.options()
		o.Until = UntilDeadline
		r := b.drain(time.Minute, o)
		if len(seen) != 2 || seen[1] != vod.Lease {
			t.Errorf("delivered after %v", seen)
		}
		if r.Pulled != 2 || r.Confirmed != 1 || r.Left != 1 {
			t.Errorf("got %+v", r)
		}
	})
}

// A delivery that takes nearly all of the lease ends in time for its confirm.
func TestSlowDelivery(t *testing.T) {
	for _, tt := range []struct {
		takes     time.Duration
		confirmed int
	}{{27 * time.Second, 16}, {29 * time.Second, 0}} {
		t.Run(tt.takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 16)
				b.deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
					select {
					case <-time.After(tt.takes):
						return all(deliver.Delivered, events)
					case <-ctx.Done():
						return all(deliver.Left, events)
					}
				}
				r := b.drain(time.Minute, b.options())
				if r.Confirmed != tt.confirmed || r.Left != 16-tt.confirmed {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

func TestSlowSinkSlowsThePulls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 2000)
		most := b.dawdle(2 * time.Second)
		o := b.options()
		o.Concurrency = 4
		r := b.drain(900*time.Second, o)
		if r.Confirmed != 2000 || r.Left != 0 {
			t.Errorf("a lease ran out: %+v", r)
		}
		if *most > 4 {
			t.Errorf("%d batches at once", *most)
		}
	})
}

// Memory is bounded by bytes too: big answers hold back the pulls.
func TestHeldBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		filler := strings.Repeat("x", 256<<10)
		for i := range 160 { // batches of 4 MB
			b.Queue(0, fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d","Text":"%s"}}`, i, filler))
		}
		most := b.dawdle(time.Second)
		r := b.drain(time.Minute, b.options())
		// The second answer was on its way before the size of the first was known.
		if r.Confirmed != 160 || *most > 2 {
			t.Errorf("%d batches of 4 MB at once, %+v", *most, r)
		}
	})
}

// Answers that hold more than the bound each come one at a time: a function of
// 128 MB bears one of 16 MB, but not two side by side.
func TestLargeAnswersComeOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 100 * time.Millisecond})
		filler := strings.Repeat("x", 1<<20)
		for i := range 64 {
			b.Queue(0, fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d","Text":"%s"}}`, i, filler))
		}
		r := b.drain(time.Minute, b.options())
		if r.Confirmed != 64 {
			t.Errorf("got %+v", r)
		}
		var end time.Time
		for _, c := range b.Calls("PullEvents") {
			if c.Events > 1 && c.Time.Before(end) {
				t.Errorf("a pull of %d events began %v before the one before it ended", c.Events, end.Sub(c.Time))
			}
			end = c.Time.Add(c.Took)
		}
	})
}

// VOD's clock jumps by an hour in the middle of a drain: every lease is over,
// the confirms under way are refused, and all of those events come again.
func TestClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 1000)
		b.dawdle(200 * time.Millisecond)
		time.AfterFunc(500*time.Millisecond, func() { b.FastForward(time.Hour) })
		r := b.drain(time.Minute, b.options())
		if r.Confirmed != 1000 || len(b.delivered) != 1000 || b.Pending(0) != 0 {
			t.Errorf("%d delivered, %d pending, %+v", len(b.delivered), b.Pending(0), r)
		}
		// At most 16 batches were delivered, and as many waited for a confirm.
		if r.Left == 0 || r.Left > 2*16*16 {
			t.Errorf("%d events were leased when the clock jumped", r.Left)
		}
	})
}

func TestPartialFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 16)
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			results := all(deliver.Delivered, events)
			results[3].Fate = deliver.Left
			results[5].Fate = deliver.Duplicate
			results[7].Fate = deliver.Parked
			results[9].Fate = deliver.Claimed
			return results
		}
		r := b.drain(20*time.Second, b.options())
		want := Counts{Pulled: 16, Delivered: 12, Duplicates: 1, Parked: 1, Confirmed: 14, Left: 2, Stopped: Empty, Polls: r.Polls, ElapsedMs: r.ElapsedMs}
		if r.Counts != want {
			t.Errorf("got %+v", r)
		}
		if b.Pending(0) != 2 {
			t.Errorf("%d pending", b.Pending(0))
		}
	})
}

// What has no handle cannot be confirmed, but it must not be lost either.
func TestElementsWithoutHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		b.Next("PullEvents", vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"EventSet":[{"EventType":"X","P":{"FileId":"x"}},null,7],"RequestId":"r"}}`})
		var types []string
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			for _, e := range events {
				types = append(types, e.Type)
			}
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Pulled != 4 || r.Delivered != 4 || r.Confirmed != 1 || r.Left != 3 {
			t.Errorf("got %+v", r)
		}
		if want := []string{"X", event.TypeUnparsed, event.TypeUnparsed, "NewFileUpload"}; !slices.Equal(types, want) {
			t.Errorf("delivered %q, want %q", types, want)
		}
	})
}

func TestConfirmFaults(t *testing.T) {
	tests := map[string]struct {
		faults            []vodfake.Fault
		pulled, confirmed int
	}{
		// The stand-in takes a stale handle's lease away, so its event comes again.
		"one stale handle costs only itself":      {[]vodfake.Fault{{Kind: vodfake.Stale}}, 17, 16},
		"a gateway in trouble":                    {[]vodfake.Fault{{Kind: vodfake.Status}, {Kind: vodfake.Drop}, {Kind: vodfake.Fail}}, 16, 16},
		"too many calls":                          {[]vodfake.Fault{{Kind: vodfake.Limit}, {Kind: vodfake.Limit}}, 16, 16},
		"no answer for 3 s":                       {[]vodfake.Fault{{Kind: vodfake.Hang}}, 16, 16},
		"a lost answer leaves all in doubt":       {[]vodfake.Fault{{Kind: vodfake.Lost}}, 16, 0},
		"the keys lack the right to confirm":      {[]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 16, 0},
		"refused twice, as a group and one of it": {[]vodfake.Fault{{Kind: vodfake.Stale}, {Kind: vodfake.Fail}}, 17, 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 16)
				b.Next("ConfirmEvents", tt.faults...)
				r := b.drain(time.Minute, b.options())
				if r.Delivered != tt.pulled || r.Confirmed != tt.confirmed || r.Left != tt.pulled-tt.confirmed {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// A confirm that has no answer when the first lease of its group ends is asked
// again for those whose leases live, be it of the group or one by one.
func TestConfirmOutlivesTheOldestLease(t *testing.T) {
	silent := slices.Repeat([]vodfake.Fault{{Kind: vodfake.Hang}}, 16)
	for name, faults := range map[string][]vodfake.Fault{
		"no answers for the group": silent[:2],
		"no answers one by one":    append([]vodfake.Fault{{Kind: vodfake.Fail, Code: "InvalidParameterValue"}}, silent...),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 1)
				var second atomic.Bool
				b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
					if !second.Swap(true) {
						time.Sleep(27 * time.Second) // of the bubble
					}
					return all(deliver.Delivered, events)
				}
				time.AfterFunc(27*time.Second-20*time.Millisecond, func() { b.queue(0, 15) }) // they wait 50 ms for others
				b.Next("ConfirmEvents", faults...)
				o := b.options()
				o.Until = UntilDeadline
				// The first event's lease ends under way, so it comes twice.
				if r := b.drain(50*time.Second, o); r.Pulled != 17 || r.Confirmed != 16 || r.Left != 1 {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

func TestPullFaults(t *testing.T) {
	tests := map[string]struct {
		faults  []vodfake.Fault
		pulled  int
		stopped string
		code    string
		err     error
	}{
		"a gateway in trouble":      {[]vodfake.Fault{{Kind: vodfake.Status}, {Kind: vodfake.Drop}, {Kind: vodfake.Fail}}, 40, Empty, "", nil},
		"too many calls":            {[]vodfake.Fault{{Kind: vodfake.Limit}, {Kind: vodfake.Limit}}, 40, Empty, "", nil},
		"no answer for 10 s":        {[]vodfake.Fault{{Kind: vodfake.Hang}}, 40, Empty, "", nil},
		"a cut answer comes back":   {[]vodfake.Fault{{Kind: vodfake.Cut}}, 24, Empty, "", nil},
		"no right to pull":          {[]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 0, Failed, "UnauthorizedOperation", vod.ErrAuth},
		"a wrong SubAppId":          {[]vodfake.Fault{{Kind: vodfake.Fail, Code: "InvalidParameterValue"}}, 0, Failed, "InvalidParameterValue", errAny},
		"VOD is down":               {slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail}}, 9), 0, Failed, "InternalError", errAny},
		"VOD fails after one batch": {[]vodfake.Fault{{Kind: ""}, {Kind: vodfake.Fail, Code: "AuthFailure.SecretIdNotFound"}, {Kind: vodfake.Fail, Code: "AuthFailure.SecretIdNotFound"}}, 16, Failed, "AuthFailure.SecretIdNotFound", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, vodfake.Options{})
				b.queue(0, 40)
				b.Next("PullEvents", tt.faults...)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				r, err := Drain(ctx, b.options())
				if !errors.Is(err, tt.err) && !(tt.err == errAny && err != nil) {
					t.Errorf("got error %v", err)
				}
				if r.Pulled != tt.pulled || r.Confirmed != tt.pulled || r.Stopped != tt.stopped || r.Error != tt.code {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

var errAny = errors.New("any error")

func TestSinkDownStopsThePulling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1000)
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			return sinkDown(events)
		}
		r := b.drain(time.Minute, b.options())
		if r.Stopped != SinkDown || r.Pulled > 100 || r.Left != r.Pulled || r.Delivered != 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestSeveralApplications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond, Alternatives: vodfake.Alternatives{RequireSubAppId: true}})
		o := b.options()
		for i := range 3 {
			app := uint64(1490012345 + i)
			o.SubAppIds = append(o.SubAppIds, app)
			b.queue(app, 1000*i)
		}
		r := b.drain(time.Minute, o)
		if r.Confirmed != 3000 || r.Stopped != Empty || len(r.Apps) != 3 {
			t.Errorf("got %+v", r)
		}
		for i, a := range r.Apps {
			if a.SubAppId != o.SubAppIds[i] || a.Confirmed != 1000*i || b.Pending(a.SubAppId) != 0 {
				t.Errorf("got %+v", a)
			}
		}
		if n := b.Busiest("PullEvents"); n > 100 {
			t.Errorf("%d pulls in one second", n)
		}
	})
}

// One application whose queue is refused does not keep the others from theirs.
func TestOneApplicationFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{SubAppIds: []uint64{7}})
		b.queue(7, 20)
		o := b.options()
		o.SubAppIds = []uint64{6, 7}
		r := b.drain(time.Minute, o)
		if r.Confirmed != 20 || r.Stopped != Failed || r.Error == "" || r.Apps[1].Stopped != Empty {
			t.Errorf("got %+v", r)
		}
	})
}

func TestOverlappingInvocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 25 * time.Millisecond})
		b.queue(0, 1500)
		var wg sync.WaitGroup
		var results [2]Result
		for i := range results {
			wg.Go(func() {
				o := b.options()
				o.Rate = 50
				results[i] = b.drain(time.Minute, o)
			})
		}
		wg.Wait()
		if n := results[0].Confirmed + results[1].Confirmed; n != 1500 || len(b.delivered) != 1500 {
			t.Errorf("%d confirmed, %d delivered: %+v", n, len(b.delivered), results)
		}
		for _, n := range b.delivered {
			if n != 1 {
				t.Error("delivered twice")
			}
		}
	})
}

func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		ctx, stop := context.WithCancel(t.Context())
		o := b.options()
		o.Until = UntilStopped
		var latency time.Duration
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			time.Sleep(time.Second) // of the bubble
			return all(deliver.Delivered, events)
		}
		b.Next("PullEvents", slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}}, 10)...)
		done := make(chan Result)
		go func() {
			r, err := Drain(ctx, o)
			if err != nil {
				t.Error(err)
			}
			done <- r
		}()
		time.Sleep(time.Minute) // of the bubble, as all here
		b.queue(0, 1)
		sent := time.Now()
		for b.Pending(0) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		latency = time.Since(sent)
		if latency > 1200*time.Millisecond {
			t.Errorf("an event took %v, of which its delivery is 1 s", latency)
		}
		b.queue(0, 50)
		time.Sleep(500 * time.Millisecond)
		stop()
		r := <-done
		if took := time.Since(sent); took > 10*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if r.Stopped != Empty || r.Left != 0 || r.Confirmed != r.Delivered || r.Confirmed < 17 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		o := b.options()
		o.Rate = 0
		if r := b.drain(time.Minute, o); r.Polls != 0 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestPanickingDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 20)
		first := true
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			if first {
				first = false
				panic("a bug")
			}
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Pulled != 20 || r.Left != 16 || r.Confirmed != 4 {
			t.Errorf("got %+v", r)
		}
	})
}

// A delivery that breaks its promise and outlives the invocation costs its own
// events; the answer still comes in time.
func TestDeliveryThatNeverReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 1)
		release := make(chan struct{})
		b.deliver = func(_ context.Context, events []*event.Event) []deliver.Result {
			<-release
			return all(deliver.Delivered, events)
		}
		r := b.drain(20*time.Second, b.options())
		if r.Left != 1 || r.Confirmed != 0 {
			t.Errorf("got %+v", r)
		}
		close(release)
	})
}

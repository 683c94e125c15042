package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

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

// Memory is bounded by bytes, too.
func TestLargeBatchesHoldBackThePulls(t *testing.T) {
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

// Answers larger than the bound come one at a time: a function of 128 MB bears
// one of 16 MB, but not two.
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

func TestWhatAFailedPullLeadsTo(t *testing.T) {
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

// If VOD does not hold a poll on an empty queue but answers at once, it is asked
// once a second, not a hundred times.
func TestAPollThatIsNotHeldDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.Control("PullEvents", func(*vodfake.Call) *vodfake.Fault {
			return &vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"EventSet":null,"RequestId":"r"}}`}
		})
		o := b.options()
		o.Until = UntilDeadline
		if r := b.drain(time.Minute, o); r.Polls < 50 || r.Polls > 60 {
			t.Errorf("got %+v", r)
		}
	})
}

// Sixteen pulls in flight that fail together are one failure in the row of five
// that ends an invocation.
func TestPullsThatFailTogetherAreOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{Latency: 300 * time.Millisecond})
		b.queue(0, 3000)
		b.Next("PullEvents", append(make([]vodfake.Fault, 40), slices.Repeat([]vodfake.Fault{{Kind: vodfake.Fail}}, 16)...)...)
		if r := b.drain(time.Minute, b.options()); r.Stopped != Empty || r.Confirmed != 3000 {
			t.Errorf("got %+v", r)
		}
	})
}

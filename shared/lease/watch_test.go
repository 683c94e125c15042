package lease

import (
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/vodfake"
)

// Who watches is told of every poll and of how long each event took from its
// receipt to its confirm.
func TestPollsAndConfirmsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, vodfake.Options{})
		b.queue(0, 3)
		b.dawdle(7 * time.Second)
		refused := false
		b.Control("PullEvents", func(*vodfake.Call) *vodfake.Fault {
			if refused {
				return nil
			}
			refused = true
			return &vodfake.Fault{Kind: vodfake.Fail}
		})
		polls, came, failed, confirmed := 0, 0, 0, 0
		o := b.options()
		o.Polled = func(n int, err error) {
			polls++
			came += n
			if err != nil {
				failed++
			}
		}
		o.Confirmed = func(n int, after time.Duration) {
			confirmed += n
			if after < 7*time.Second || after > 8*time.Second {
				t.Errorf("confirmed %v after its receipt, want 7 s", after)
			}
		}
		r := b.drain(time.Minute, o)
		if polls != r.Polls || came != 3 || failed != 1 || confirmed != 3 || r.Confirmed != 3 {
			t.Errorf("%d polls of %d events, %d failed, %d confirmed; the result is %+v", polls, came, failed, confirmed, r)
		}
	})
}

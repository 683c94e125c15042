package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/vod"
)

// Three retries, each after a longer pause. The user hears of those that end
// more than a second after the call began.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure := &vod.Error{Action: "PullEvents", Code: "RequestLimitExceeded", Message: "slow down"}
		for range 100 { // the pauses are random
			var said strings.Builder
			p := &program{stderr: &said}
			start, tries := time.Now(), 1
			for p.retry(t.Context(), failure, tries, time.Since(start)) {
				if took := time.Since(start); took > time.Second && said.Len() == 0 {
					t.Fatalf("nothing said after %v", took)
				}
				tries++
			}
			if took := time.Since(start); tries != 4 || took < 1400*time.Millisecond || took > 2800*time.Millisecond {
				t.Fatalf("%d tries in %v", tries, took)
			}
			const last = "vodctl: PullEvents failed with RequestLimitExceeded; trying again (3 of 3)\n"
			if !strings.HasSuffix(said.String(), last) || strings.Contains(said.String(), "(1 of 3)") {
				t.Fatalf("said %q", said.String())
			}
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		start := time.Now()
		if (&program{}).retry(ctx, errors.New("x"), 1, 0) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("it waited %v", time.Since(start))
		}
	})
}

package runner

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The timer fires when it is due and can be changed while it waits.
func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		timer, err := newTimer("10s", "30 * * * * * *")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now() // a whole minute
		var fired []time.Duration
		go timer.Run(ctx, func() { fired = append(fired, time.Since(began)) })
		check := func(want ...time.Duration) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(fired, want) {
				t.Errorf("fired at %v, want %v", fired, want)
			}
			fired = nil
		}
		time.Sleep(25 * time.Second)
		check(10*time.Second, 20*time.Second)
		for _, every := range []string{"99ms", "soon", ""} {
			if timer.Set(every) == nil {
				t.Errorf("%q is taken", every)
			}
		}
		if err := timer.Set("cron"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Second)
		check(30*time.Second, 90*time.Second)
		if err := timer.Set("off"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		check()
		cancel()
		synctest.Wait()
	})
}

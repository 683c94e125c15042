package functions_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/scf/local"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/vodfake"
)

// 5,000 events through both functions into PostgreSQL, half of them pushed and
// half pulled, while PostgreSQL restarts and the functions are killed at
// random: 5,000 rows, none missing, none twice.
func TestNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	const each = 2500
	db := pgtest.RunT(t)
	s := vodfake.RunT(t)
	env := append(vodEnv(s), "SINK="+db.URL, "DEDUP="+db.URL, "PATH="+os.Getenv("PATH"))
	for i := range each {
		s.Queue(0, uploadNamed(i, "pulled"))
	}

	var pushes, pulls atomic.Int64 // instances that were started
	starter := func(binary string, n *atomic.Int64, mortality time.Duration) func(context.Context) (*local.Function, error) {
		return func(ctx context.Context) (*local.Function, error) {
			f, err := local.Start(ctx, binary, env)
			// The first dozen instances do not live long.
			if err == nil && n.Add(1) <= 12 {
				time.AfterFunc(mortality/2+rand.N(mortality), f.Kill)
			}
			return f, err
		}
	}
	callback := local.NewPool(8, starter(callbackBin, &pushes, 700*time.Millisecond))
	defer callback.Close()
	pull := local.NewPool(2, starter(pullBin, &pulls, 1500*time.Millisecond))
	defer pull.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var wg sync.WaitGroup

	// As VOD does, a callback is sent again when nobody answers it.
	work := make(chan int)
	var resent atomic.Int64
	for range 8 {
		wg.Go(func() {
			for i := range work {
				payload := local.PostEvent(uploadNamed(each+i, "pushed"))
				for try := 0; ; try++ {
					raw, err := callback.Invoke(ctx, payload, 30*time.Second, nil)
					var a struct{ StatusCode int }
					if err == nil && json.Unmarshal(raw, &a) == nil && a.StatusCode == 200 {
						break
					}
					resent.Add(1)
					if ctx.Err() != nil {
						t.Errorf("callback %d: %v %s", i, err, raw)
						break
					}
				}
			}
		})
	}
	wg.Go(func() {
		for i := range each {
			work <- i
		}
		close(work)
	})
	// Two timers, so that invocations overlap.
	for range 2 {
		wg.Go(func() {
			for s.Pending(0) > 0 && ctx.Err() == nil {
				_, err := pull.Invoke(ctx, []byte(`{}`), 20*time.Second, nil)
				if err != nil {
					s.FastForward(vodfake.Lease) // the leases of the dead
				} else if s.Pending(0) > 0 {
					s.FastForward(vodfake.Lease / 2)
				}
			}
		})
	}
	restarts := make(chan struct{})
	go func() {
		defer close(restarts)
		for i := range 3 {
			// Not by the clock but by what has arrived: a restart in the midst.
			for s.Confirmed(0) < (i+1)*each/5 && ctx.Err() == nil {
				select {
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			end := db.Stop
			if i == 1 {
				end = db.Kill
			}
			if err := end(); err != nil {
				t.Error(err)
			}
			if err := db.Start(); err != nil {
				t.Error(err)
			}
		}
	}()
	wg.Wait()
	<-restarts

	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var rows, subjects, pushed int
	err = conn.QueryRow(t.Context(), `select count(*), count(distinct subject), count(*) filter (where mode = 'normal') from vod_events`).Scan(&rows, &subjects, &pushed)
	if err != nil {
		t.Fatal(err)
	}
	if rows != 2*each || subjects != 2*each || pushed != each {
		t.Errorf("%d rows of %d subjects, %d of them pushed; want %d of %d, %d", rows, subjects, pushed, 2*each, 2*each, each)
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d events are left in the queue", s.Pending(0))
	}
	if pushes.Load() < 12 || pulls.Load() < 4 || resent.Load() == 0 {
		t.Errorf("too little went wrong: %d and %d instances, %d callbacks sent again", pushes.Load(), pulls.Load(), resent.Load())
	}
	t.Logf("%d callback and %d pull instances, %d callbacks sent again", pushes.Load(), pulls.Load(), resent.Load())
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/scf/local"
	"vodevents/shared/sink/postgres/pgtest"
)

// A burst is a number of callbacks, spread evenly over a second, for a number of
// instances of the function and one database.
const (
	burstSize        = 500
	burstInstances   = 50
	burstConnections = 100
)

// burst is what became of a burst.
type burst struct {
	instances, taken, parked, rows int
	p50, p99, longest              float64 // ms, from a callback's arrival to its answer, including an instance's start
}

// good tells whether each callback was answered 200 and has its row, and none was
// parked.
func (b burst) good() bool { return b.taken == burstSize && b.rows == burstSize && b.parked == 0 }

// sendBurst sends a burst. timeout is that of an invocation.
func sendBurst(ctx context.Context, binary string, timeout time.Duration) (b burst, err error) {
	s, err := pgtest.Run(fmt.Sprint("max_connections=", burstConnections))
	if err != nil {
		return b, err
	}
	defer s.Close()
	var parked, started atomic.Int64
	pool := local.NewPool(burstInstances, func(ctx context.Context) (*local.Function, error) {
		started.Add(1)
		return local.Start(ctx, binary, []string{"SINK=" + s.URL, "DEDUP=" + s.URL}, local.WithLines(nil, func(line []byte) {
			if bytes.Contains(line, []byte(`"fate":"parked"`)) {
				parked.Add(1)
			}
		}))
	})
	defer pool.Close()

	took, errs := make([]float64, burstSize), make([]error, burstSize)
	var taken atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for i := range burstSize {
		due := began.Add(time.Duration(i) * time.Second / burstSize)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			raw, err := pool.Invoke(ctx, local.PostEvent(body(i)), timeout, nil)
			took[i] = time.Since(due).Seconds() * 1000
			var answer struct{ StatusCode int }
			if errs[i] = errors.Join(err, json.Unmarshal(raw, &answer)); errs[i] == nil && answer.StatusCode == 200 {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return b, err
	}
	c, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return b, err
	}
	defer c.Close(ctx)
	if err := c.QueryRow(ctx, "SELECT count(*) FROM vod_events WHERE parkreason IS NULL").Scan(&b.rows); err != nil {
		return b, err
	}
	slices.Sort(took)
	b.instances, b.taken, b.parked = int(started.Load()), int(taken.Load()), int(parked.Load())
	b.p50, b.p99, b.longest = took[burstSize/2], took[burstSize*99/100], took[burstSize-1]
	return b, nil
}

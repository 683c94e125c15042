package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// callers is how many callers send callbacks at the same time. Each sends the next one
// when it has an answer.
const callers = 64

// beside compares the function callback on a host with a handler that does nothing but
// the INSERT (scripts/bench/bare).
type beside struct {
	database       string
	function, bare load
}

// load is what a server of callbacks does for all callers.
type load struct {
	perSecond, p50, p99 float64 // events, ms, ms

	took    []float64 // ms, of each callback
	elapsed time.Duration
}

// callersTable measures callbacks into databases and prints them as a table.
func callersTable(ctx context.Context, dir string, o options) (all []beside, err error) {
	total := 20_000
	if o.quick {
		total /= 5
	}
	for _, db := range []struct {
		name  string
		start func() (url string, stop func(), err error)
	}{{"PostgreSQL", startPostgres}, {"MySQL", startMySQL}} {
		if !strings.Contains("callbacks into "+db.name, o.only) {
			continue
		}
		if all == nil {
			fmt.Printf("\n| callbacks, %d callers | events/s | p50 ms | p99 ms |\n|---|---|---|---|\n", callers)
		}
		b, err := callersInto(ctx, dir, db.start, total)
		if err != nil {
			return nil, fmt.Errorf("callbacks into %s: %w", db.name, err)
		}
		b.database = db.name
		all = append(all, b)
		for _, l := range []struct {
			name string
			load
		}{{"callback", b.function}, {"a bare handler", b.bare}} {
			fmt.Printf("| %s, %s | %.0f | %.1f | %.1f |\n", db.name, l.name, l.perSecond, l.p50, l.p99)
		}
	}
	return all, nil
}

// turns is how often the two servers take turns. Whatever else the machine does then
// slows down both.
const turns = 10

// callersInto measures both servers with one database.
func callersInto(ctx context.Context, dir string, start func() (string, func(), error), total int) (b beside, err error) {
	sink, stop, err := start()
	if err != nil {
		return b, err
	}
	defer stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	next := 0 // the number of the next callback
	servers := []struct {
		binary string
		into   *load
		addr   string
	}{{"callback", &b.function, ""}, {"bare", &b.bare, ""}}
	for i := range servers {
		s, err := listen(ctx, filepath.Join(dir, servers[i].binary), sink, nil)
		if err != nil {
			return b, err
		}
		defer s.stop()
		servers[i].addr = s.addr
		// The function comes first: it makes the table.
		if err := post(client, s.addr, body(next)); err != nil {
			return b, err
		}
		next++
	}
	for range turns {
		for _, s := range servers {
			if err := s.into.add(client, s.addr, next, total/turns); err != nil {
				return b, err
			}
			next += total / turns
		}
	}
	b.function.finish()
	b.bare.finish()
	return b, nil
}

// add makes the callers send n callbacks to a server, from number first on.
func (l *load) add(client *http.Client, addr string, first, n int) error {
	took, errs := make([]float64, n), make([]error, callers)
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for c := range callers {
		wg.Go(func() {
			for errs[c] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				event := body(first + i)
				sent := time.Now()
				errs[c] = post(client, addr, event)
				took[i] = time.Since(sent).Seconds() * 1000
			}
		})
	}
	wg.Wait()
	l.elapsed += time.Since(began)
	l.took = append(l.took, took...)
	return errors.Join(errs...)
}

// finish computes the figures.
func (l *load) finish() {
	n := len(l.took)
	slices.Sort(l.took)
	l.perSecond = float64(n) / l.elapsed.Seconds()
	l.p50, l.p99 = l.took[n/2], l.took[n*99/100]
}

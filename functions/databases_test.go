package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vodevents/shared/longtest"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// Hundreds of events, and thousands in the long tests, go through both functions
// into a database, half of them pushed and half pulled. Meanwhile the database
// restarts, crashes and takes no writes, and the functions are killed at random.
// There is a row for each event, none is missing, and none is there twice.
func TestNothingLostNothingTwice(t *testing.T) {
	t.Parallel()
	eachDatabase(t, testNothingLostNothingTwice)
}

func testNothingLostNothingTwice(t *testing.T, db *database) {
	each, deaths := 400, 4
	if longtest.On() {
		each, deaths = 2500, 10
	}
	s := runVOD(t)
	env := append(vodEnv(s), "SINK="+db.url, "DEDUP="+db.url, "PATH="+os.Getenv("PATH"))
	for i := range each {
		s.Queue(0, uploadNamed(i, "pulled"))
	}

	pushing := &mortals{start: func(ctx context.Context) (*local.Function, error) { return local.Start(ctx, callbackBin, env) }}
	callback := local.NewPool(8, pushing.one)
	defer callback.Close()
	pulling := &mortals{start: func(ctx context.Context) (*local.Function, error) { return local.Start(ctx, pullBin, env) }}
	pull := local.NewPool(2, pulling.one)
	defer pull.Close()

	// Count what has arrived, not the time, so that the kills come in the midst
	// of the work on any machine.
	var confirms atomic.Int64
	s.Watch(func(c vodfake.Change) {
		if c.State == vodfake.Confirmed && confirms.Add(1)%int64(each/deaths) == 0 {
			go pulling.kill()
		}
	})
	var wg sync.WaitGroup
	resent := pushAll(t, &wg, callback, pushing, each, each/deaths)
	pullAll(t, &wg, s, pull)
	over := trouble(t, db, func(i int) bool { return confirms.Load() >= int64((i+1)*each/5) })
	wg.Wait()
	<-over

	got := db.counts(t, `select count(*), count(distinct subject), count(case when mode = 'normal' then 1 end) from vod_events`, 3)
	if want := []int{2 * each, 2 * each, each}; !slices.Equal(got, want) {
		t.Errorf("rows, subjects and rows that were pushed are %d, want %d", got, want)
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d events are left in the queue", s.Pending(0))
	}
	if pushing.killed.Load() == 0 || pulling.killed.Load() == 0 || resent.Load() == 0 {
		t.Error("too little went wrong")
	}
	t.Logf("%d callback and %d pull instances were killed, %d callbacks sent again", pushing.killed.Load(), pulling.killed.Load(), resent.Load())
}

// pushAll pushes the events from each to 2*each-1. A callback that nobody answers is sent
// again, as VOD does. An instance is killed each time that so many events as deadly says
// were sent. In the second half one is killed at every event until a callback is lost.
func pushAll(t *testing.T, wg *sync.WaitGroup, callback *local.Pool, pushing *mortals, each, deadly int) (resent *atomic.Int64) {
	ctx := t.Context()
	resent = new(atomic.Int64)
	work := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range work {
				if (i+1)%deadly == 0 || i > each/2 && resent.Load() == 0 { // an instance that is idle takes no event with it
					go pushing.kill()
				}
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
	return resent
}

// pullAll fires two timers, so that invocations overlap, until the queue is empty.
func pullAll(t *testing.T, wg *sync.WaitGroup, s *vodfake.Server, pull *local.Pool) {
	ctx := t.Context()
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
}

// trouble restarts, crashes and locks the database, each when due says so.
func trouble(t *testing.T, db *database, due func(i int) bool) (over <-chan struct{}) {
	ctx := t.Context()
	troubles := []func() error{
		func() error { return errors.Join(db.stop(), db.start()) },
		func() error { return errors.Join(db.kill(), db.start()) },
		func() error {
			db.exec(t, db.readOnly(true)...)
			<-time.After(time.Second) // as long as writes fail; nothing depends on it
			db.exec(t, db.readOnly(false)...)
			return nil
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, trouble := range troubles {
			for !due(i) && ctx.Err() == nil {
				select {
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			if err := trouble(); err != nil {
				t.Error(err)
			}
		}
	}()
	return done
}

// mortals are the running instances, any of which may be killed.
type mortals struct {
	start  func(context.Context) (*local.Function, error)
	mu     sync.Mutex
	alive  []*local.Function
	killed atomic.Int64
}

func (m *mortals) one(ctx context.Context) (*local.Function, error) {
	f, err := m.start(ctx)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.alive = append(m.alive, f)
	}
	return f, err
}

// kill kills an instance, if there is one.
func (m *mortals) kill() {
	m.mu.Lock()
	var victim *local.Function
	if n := len(m.alive); n > 0 {
		i := rand.IntN(n)
		victim = m.alive[i]
		m.alive = slices.Delete(m.alive, i, i+1)
	}
	m.mu.Unlock()
	if victim != nil {
		victim.Kill()
		m.killed.Add(1)
	}
}

// Each of many instances of callback is frozen after one event and keeps its
// connection. The server has room for a third of them, and still takes every event:
// it closes idle connections, and a callback waits for that.
func TestMoreFrozenInstancesThanConnections(t *testing.T) {
	t.Parallel()
	room := int(longtest.Scale(10, 20))
	instances := 3 * room
	eachDatabaseWith(t, room, func(t *testing.T, db *database) {
		env := append(vodEnv(runVOD(t)), "SINK="+db.url, "DEDUP="+db.url)
		all := make([]*function, instances)
		for i := range all {
			all[i] = start(t, callbackBin, env...)
		}
		post := func(i int) {
			raw, err := all[i].Invoke(t.Context(), local.PostEvent(uploadNamed(i, "a")), time.Minute, nil)
			if err != nil || !strings.Contains(string(raw), `"statusCode":200`) {
				t.Errorf("instance %d: %s, %v", i, raw, err)
			}
		}
		// More than the server has room for come at once: one after the other they would
		// come more slowly than it closes idle connections, on a machine that is slow.
		var together sync.WaitGroup
		for i := range room + 3 {
			together.Go(func() { post(i) })
		}
		together.Wait()
		for i := room + 3; i < instances; i++ {
			post(i)
		}
		waited := 0
		for _, f := range all {
			if strings.Contains(strings.Join(f.log.take(), ""), db.crowded) {
				waited++
			}
		}
		if got := db.counts(t, `SELECT count(*), count(parkreason) FROM vod_events`, 2); got[0] != instances || got[1] != 0 {
			t.Errorf("%d rows, %d of them parked, want %d", got[0], got[1], instances)
		}
		if waited == 0 {
			t.Error("the server had room for every instance")
		}
	})
}

// A database that was asleep answers its first connection late. A callback waits
// for it, and its event is there once.
func TestACallbackWaitsForAColdDatabase(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db *database) {
		f := start(t, callbackBin, append(vodEnv(runVOD(t)), "SINK="+db.url, "DEDUP="+db.url)...)
		if err := db.hang(); err != nil {
			t.Fatal(err)
		}
		awake := make(chan error)
		go func() {
			<-time.After(3 * time.Second) // as long as it wakes; nothing depends on it
			awake <- db.release()
		}()
		status, answer := f.post(uploadNamed(1, "a"))
		if err := <-awake; err != nil || status != 200 {
			t.Fatalf("%d %s, %v", status, answer, err)
		}
		if got := db.counts(t, `SELECT count(*), count(parkreason) FROM vod_events`, 2); got[0] != 1 || got[1] != 0 {
			t.Errorf("%d rows, %d of them parked, want 1", got[0], got[1])
		}
	})
}

// A pull whose database had no room for another connection keeps none when it
// has answered: it may be frozen then, while other instances wait.
func TestAPullLeavesNoConnectionToACrowdedDatabase(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	s := vodfake.RunT(t)
	c, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	exec := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	connections := func() (n int) {
		t.Helper()
		if err := c.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE usename = 'small'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec(`CREATE ROLE small LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA public TO small`)
	u := strings.Replace(db, "postgres@", "small@", 1) + "&idle_session_timeout=0" // the server ends nothing by itself
	f := start(t, pullBin, append(vodEnv(s), "SINK="+u, "DEDUP="+u)...)
	s.Queue(0, uploadNamed(1, "a"))
	f.drain(20 * time.Second)
	if n := connections(); n != 1 {
		t.Fatalf("%d connections are kept where there is room, want 1", n)
	}

	// While the sink waits in the only connection, the claim is to be renewed.
	exec(`BEGIN; LOCK TABLE vod_events IN EXCLUSIVE MODE`)
	s.Queue(0, uploadNamed(2, "a"))
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		f.drain(20 * time.Second)
	}()
	for !strings.Contains(strings.Join(f.log.take(), ""), "53300") {
		select {
		case <-drained:
			t.Fatal("nothing asked for another connection")
		case <-time.After(10 * time.Millisecond):
		}
	}
	exec(`COMMIT`)
	<-drained
	for deadline := time.Now().Add(5 * time.Minute); connections() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a connection is kept")
		}
	}
}

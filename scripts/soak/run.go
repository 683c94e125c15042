package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

type options struct {
	events   int
	seed     uint64
	database string
	log      io.Writer // gets a line for each round
	bin      string    // where both functions are built; empty: not built yet
}

// run is one soak, with all its parts.
type run struct {
	*plan
	began    time.Time // when all parts were there
	dir      string
	db       *database
	vod      *vodfake.Server
	receiver *receiver
	ledger   *ledger
	notary   *notary

	pushing, pulling *mortals
	callback, pull   *local.Pool
	log              *os.File // what the functions write

	pushed  atomic.Int64   // callbacks that were answered 200
	pulls   atomic.Int64   // running invocations of pull
	work    sync.WaitGroup // of the round
	stopped []func()
}

// soak runs all rounds and judges.
func soak(ctx context.Context, o options) (*report, error) {
	s, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	s.began = time.Now()
	var rounds []roundReport
	for r := range s.rounds {
		began := time.Now()
		if err := s.round(ctx, r); err != nil {
			return nil, fmt.Errorf("seed %d, round %d: %w", o.seed, r, err)
		}
		if err := s.stuck(r); err != nil {
			return nil, fmt.Errorf("seed %d, round %d: %w", o.seed, r, err)
		}
		m := s.mishapsOf(r)
		fmt.Fprintf(o.log, "round %d of %d: %.1f s, %s, %d kills\n", r+1, s.rounds, time.Since(began).Seconds(), m.trouble.name, len(m.deaths))
		rounds = append(rounds, roundReport{at: s.at(r), trouble: m.trouble.name, kills: len(m.deaths)})
	}
	s.callback.Close()
	s.pull.Close()
	a, err := s.judge(ctx)
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", o.seed, err)
	}
	return s.report(o, a, rounds), nil
}

// stop ends what was started, the last first.
func (s *run) stop() {
	for _, stop := range slices.Backward(s.stopped) {
		stop()
	}
}

func start(ctx context.Context, o options) (s *run, err error) {
	s = &run{ledger: newLedger(o.events)}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "soak"); err != nil {
		return s, err
	}
	s.stopped = append(s.stopped, func() { os.RemoveAll(s.dir) })
	if o.bin == "" {
		o.bin = s.dir
		if err := build(ctx, o.bin); err != nil {
			return s, err
		}
	}
	if s.db, err = startDatabase(ctx, o.database); err != nil {
		return s, err
	}
	s.stopped = append(s.stopped, s.db.close)
	s.notary = &notary{db: s.db, ledger: s.ledger}

	s.receiver = &receiver{ledger: s.ledger, rand: rand.New(rand.NewPCG(o.seed, 3<<32))}
	hook, err := s.serve(s.receiver)
	if err != nil {
		return s, err
	}
	gate := &gateway{rand: rand.New(rand.NewPCG(o.seed, 4<<32))}
	s.vod = vodfake.New(vodfake.Options{
		Alternatives:      vodfake.Alternatives{SameHandle: o.seed%2 == 0, ConfirmGood: o.seed%4 < 2, NullMembers: true, RequireSubAppId: true},
		EventConfig:       vodfake.EventConfig{SignKey: signKey},
		CallbackTransport: gate, Hold: hold, Keep: 4096, Seed: o.seed,
	})
	s.stopped = append(s.stopped, s.vod.Close)
	api, err := s.serve(s.vod)
	if err != nil {
		return s, err
	}
	if err := s.vod.SetFaults(append(slices.Clone(apiFaults), callbackFaults...)...); err != nil {
		return s, err
	}
	s.vod.Watch(s.ledger.watch)
	s.vod.Control("ConfirmEvents", s.beforeConfirm)
	s.vod.SetTime(week)
	s.plan = newPlan(o.seed, o.events)
	return s, s.startFunctions(o, gate, api, "SINK="+s.db.sink+" "+hook+"?types="+receiverTypes,
		"DEAD_LETTER="+s.db.sink, "DEDUP="+s.db.dedup)
}

// hold is how long a poll of the empty queue is held. VOD's 5 s would only make the
// soak longer.
const hold = 500 * time.Millisecond

// serve serves a handler on a free port.
func (s *run) serve(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(l) // until Close
	s.stopped = append(s.stopped, func() { server.Close() })
	return "http://" + l.Addr().String(), nil
}

// startFunctions makes the pools of both functions.
func (s *run) startFunctions(o options, gate *gateway, api string, sinks ...string) (err error) {
	done := filepath.Join(s.dir, "done")
	if err := os.Mkdir(done, 0o700); err != nil {
		return err
	}
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return err
	}
	s.stopped = append(s.stopped, func() { s.log.Close() })
	env := append([]string{
		"PATH=" + os.Getenv("PATH"), "SOAK_DIR=" + done,
		"VOD_ENDPOINT=" + api, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey,
		fmt.Sprint("VOD_SUB_APP_IDS=", subAppId), "CALLBACK_SIGN_KEY=" + signKey, "MAX_ATTEMPTS=3",
	}, sinks...)
	function := func(name string, stream uint64) *mortals {
		return &mortals{rand: rand.New(rand.NewPCG(o.seed, stream)), start: func(ctx context.Context) (*local.Function, error) {
			return local.Start(ctx, filepath.Join(o.bin, name), env, local.WithStdout(s.log), local.WithStderr(s.log))
		}}
	}
	s.pushing, s.pulling = function("callback", 5<<32), function("pull", 6<<32)
	s.callback, s.pull = local.NewPool(callbacks, s.pushing.one), local.NewPool(timers, s.pulling.one)
	gate.pool = s.callback
	s.stopped = append(s.stopped, s.callback.Close, s.pull.Close)
	return nil
}

// round sends the events of a round, and waits until all are through.
func (s *run) round(ctx context.Context, r int) error {
	s.vod.FastForward(s.at(r).Sub(s.vod.Now())) // nothing is in the queue
	from, to := s.plan.round(r)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	confirmed, answered := s.vod.Confirmed(subAppId), s.pushed.Load()
	through := func() int { return s.vod.Confirmed(subAppId) - confirmed + int(s.pushed.Load()-answered) }
	toPush, toQueue := make(chan planned, senders), make(chan planned, senders)
	s.work.Go(func() {
		defer close(toPush)
		defer close(toQueue)
		for n := from; n < to; n++ {
			p := s.plan.event(n)
			to := toQueue
			if p.pushed {
				to = toPush
			}
			select {
			case to <- p:
			case <-ctx.Done():
				return
			}
		}
	})
	pushed, queued, drained, over := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.pushAll(ctx, toPush, pushed)
	s.queueAll(ctx, toQueue, queued)
	s.pullAll(ctx, queued, drained)
	go func() { <-pushed; <-drained; close(over) }()
	err := s.strike(ctx, s.mishapsOf(r), through, over)
	if err != nil {
		cancel()
	}
	<-over
	s.work.Wait()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	s.ledger.unkept(from, to)
	return s.notary.catchUp(ctx)
}

// stuck returns an error if an event of a round does not get through.
func (s *run) stuck(r int) error {
	if len(s.ledger.broken) > 0 && s.ledger.broken[0].which == stuck {
		return errors.New(s.explain(s.ledger.broken[0]))
	}
	left := s.vod.Pending(subAppId)
	if left == 0 {
		return nil
	}
	from, to := s.plan.round(r)
	for n := from; n < to; n++ {
		if one := &s.ledger.records[n]; !one.pushed && one.settled.IsZero() {
			return errors.New(s.explain(broken{n, stuck, fmt.Sprintf("it is one of %d in the queue after %d leases", left, mostLeases)}))
		}
	}
	return fmt.Errorf("%d events are left in the queue", left)
}

// pushAll sends callbacks until there are no more, and closes pushed.
func (s *run) pushAll(ctx context.Context, from <-chan planned, pushed chan<- struct{}) {
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for p := range from {
				s.push(ctx, p)
			}
		})
	}
	s.work.Go(func() { all.Wait(); close(pushed) })
}

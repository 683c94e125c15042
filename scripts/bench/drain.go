package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// api says how VOD behaves in a run.
type api struct {
	latency time.Duration
	rate    int // calls a second of an action; negative: no limit
}

var (
	limited   = api{25 * time.Millisecond, 100}
	unlimited = api{0, -1}
)

// figures of one run.
type figures struct {
	perSecond float64 // from the first pull's answer to the last confirm
	cpu       float64 // µs an event, of the function's process
	memory    float64 // MB, the most that was resident (VmHWM)
	p50, p99  float64 // ms from an event's pull to its confirm, both as VOD sees them
	refused   int     // calls answered RequestLimitExceeded
}

// serve starts a stand-in for VOD on a free port.
func serve(a api) (s *vodfake.Server, url string, stop func(), err error) {
	s = vodfake.New(vodfake.Options{Latency: a.latency, Rate: a.rate, Keep: 1 << 16})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	srv := &http.Server{Handler: s}
	go srv.Serve(l) // until Close
	return s, "http://" + l.Addr().String(), func() { srv.Close(); s.Close() }, nil
}

// start starts a function against the stand-in, on TCP as SCF does, because older
// functions know nothing else. Its events and its log go to /dev/null, because reading
// them would take CPU time from the function.
func start(ctx context.Context, binary, url string, env []string) (*local.Function, func(), error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	env = append([]string{
		"VOD_ENDPOINT=" + url, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey,
		"LOG_LEVEL=warn",
	}, env...)
	f, err := local.Start(ctx, binary, env, local.WithTCP(), local.WithStdout(null), local.WithStderr(os.Stderr))
	if err != nil {
		null.Close()
		return nil, nil, err
	}
	return f, func() { f.Close(); null.Close() }, nil
}

// drain makes the function empty a queue of n events in one invocation.
func drain(ctx context.Context, binary string, n int, a api, env []string) (figures, error) {
	s, url, stop, err := serve(a)
	if err != nil {
		return figures{}, err
	}
	defer stop()
	if a.rate < 0 {
		env = append(env, "PULL_RATE=100000")
	}
	for i := range n {
		s.Queue(0, body(i))
	}
	seen := record{pulled: make(map[string]time.Time, n), took: make([]float64, 0, n)}
	defer s.Watch(seen.note)()

	f, end, err := start(ctx, binary, url, env)
	if err != nil {
		return figures{}, err
	}
	defer end()
	before, err := cpuTime(f.PID())
	if err != nil {
		return figures{}, err
	}
	if _, err := f.Invoke(ctx, local.TimerEvent(time.Now()), 15*time.Minute, nil); err != nil {
		return figures{}, err
	}
	after, err := cpuTime(f.PID())
	if err != nil {
		return figures{}, err
	}
	memory, err := peakMemory(f.PID())
	if err != nil {
		return figures{}, err
	}
	if left := s.Pending(0); left > 0 || len(seen.took) != n {
		return figures{}, fmt.Errorf("%d of %d events confirmed, %d left", len(seen.took), n, left)
	}
	slices.Sort(seen.took)
	return figures{
		perSecond: float64(n) / seen.last.Sub(seen.first).Seconds(),
		cpu:       (after - before).Seconds() * 1e6 / float64(n),
		memory:    memory,
		p50:       seen.took[n/2],
		p99:       seen.took[n*99/100],
		refused:   refusedCalls(s),
	}, nil
}

// record is what a run looks like to VOD.
type record struct {
	mu          sync.Mutex
	first, last time.Time            // the first pull's answer, the last confirm
	pulled      map[string]time.Time // when each event was pulled, by id
	took        []float64            // ms from the pull to the confirm of each event
}

func (r *record) note(c vodfake.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch c.State {
	case vodfake.Pulled:
		if r.first.IsZero() {
			r.first = c.Time
		}
		r.pulled[c.ID] = c.Time
	case vodfake.Confirmed:
		r.last = c.Time
		r.took = append(r.took, c.Time.Sub(r.pulled[c.ID]).Seconds()*1000)
	}
}

func refusedCalls(s *vodfake.Server) (n int) {
	for _, c := range s.Calls("") {
		if strings.HasPrefix(c.Code, "RequestLimitExceeded") {
			n++
		}
	}
	return n
}

// idle is what an empty queue costs.
type idle struct {
	polls int
	after time.Duration // from the poll's answer to the function's
}

func drainEmpty(ctx context.Context, binary string) (idle, error) {
	s, url, stop, err := serve(limited)
	if err != nil {
		return idle{}, err
	}
	defer stop()
	f, end, err := start(ctx, binary, url, nil)
	if err != nil {
		return idle{}, err
	}
	defer end()
	if _, err := f.Invoke(ctx, []byte(`{}`), time.Minute, nil); err != nil {
		return idle{}, err
	}
	back := time.Now()
	calls := s.Calls("")
	if len(calls) == 0 {
		return idle{}, fmt.Errorf("no poll was made")
	}
	c := calls[len(calls)-1]
	return idle{len(calls), back.Sub(c.Time.Add(c.Took))}, nil
}

// starts measures the median time from the start of each binary to its first
// answer. The binaries take turns, so that all meet the same load.
func starts(ctx context.Context, dir string, names ...string) (map[string]time.Duration, error) {
	all := make(map[string][]time.Duration)
	for range 41 {
		for _, name := range names {
			began := time.Now()
			f, err := local.Start(ctx, filepath.Join(dir, name), nil, local.WithTCP()) // as under SCF
			if err != nil {
				return nil, err
			}
			all[name] = append(all[name], time.Since(began))
			f.Kill()
		}
	}
	median := make(map[string]time.Duration)
	for name, d := range all {
		slices.Sort(d)
		median[name] = d[len(d)/2]
	}
	return median, nil
}

// body is one event of about 5 kB, such as a procedure with a dozen results
// sends.
func body(i int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1500012345-procedurev2-%08x","Status":"FINISH","ErrCode":0,"Message":"SUCCESS","FileId":"51454037%011d","FileName":"harbor at dawn","FileUrl":"https://media.example.com/in/%d.mp4","MediaProcessResultSet":[`, i, i, i)
	for r := range 12 {
		if r > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Url":"https://media.example.com/out/%d/v.f1000%d.mp4","Size":%d,"Container":"mov,mp4,m4a,3gp,3g2,mj2","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"%032x","Duration":60.6,"Definition":%d}}}`, 100010+r, i, r, 31_000_000+i, i*31+r, 100010+r)
	}
	b.WriteString(`],"SessionContext":"","SessionId":"","TasksPriority":0,"TasksNotifyMode":"Finish"}}`)
	if !json.Valid(b.Bytes()) {
		panic("bench: the event is no JSON")
	}
	return b.Bytes()
}

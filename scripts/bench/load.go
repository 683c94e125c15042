package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pressure is the load on a server of callbacks.
type pressure struct {
	last    time.Duration // how long the callers go on; 0: number decides
	number  int           // of callbacks
	largest int           // bytes of the largest body; the smallest has 1 kB

	idle int           // connections that have had an answer and ask nothing more
	slow int           // connections that never finish a header, and as many that never finish a body
	cut  time.Duration // between two connections that end within a body; 0: none
	once bool          // open each slow connection once, and wait until the server has ended it
}

// outcome is what became of the callbacks.
type outcome struct {
	load
	sent, lost, extra int     // lost: answered 200 but not on standard output
	megabytes         float64 // of all bodies
	memory            float64 // MB, the most that was resident (VmHWM)
	beside            crowd
}

// loadTables measures the function callback on a host under load, and a burst of
// callbacks as SCF would bring it. It prints the tables and reports whether every
// callback was taken and none was lost.
func loadTables(ctx context.Context, dir string, o options) (ok bool, err error) {
	var text bytes.Buffer
	out := io.MultiWriter(os.Stdout, &text)
	fmt.Fprintf(out, "| %d callers, bodies of 1 kB to 2 MB | minutes | callbacks | callbacks/s | MB/s | p50 ms | p99 ms | memory MB |\n|---|---|---|---|---|---|---|---|\n", callers)
	idle := idleConnections
	if room := openFiles(); room-1000 < idle {
		idle = room - 1000
		fmt.Fprintf(os.Stderr, "bench: %d idle connections instead of %d: raise the limit of open files (ulimit -n), which is %d\n", idle, idleConnections, room)
	}
	ok = true
	for _, row := range []struct {
		name string
		pressure
	}{
		{"alone", pressure{last: o.last / 5, largest: 2 << 20}},
		{fmt.Sprintf("beside %d idle connections, slow headers and bodies, and cut ones", idle),
			pressure{last: o.last, largest: 2 << 20, idle: idle, slow: 100, cut: 50 * time.Millisecond}},
	} {
		got, err := press(ctx, filepath.Join(dir, "callback"), row.pressure)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(out, "| %s | %.1f | %d | %.0f | %.0f | %.1f | %.1f | %.0f |\n", row.name, got.elapsed.Minutes(), got.sent, got.perSecond,
			got.megabytes/got.elapsed.Seconds(), got.p50, got.p99, got.memory)
		fmt.Printf("- %d lost, %d twice; %s\n", got.lost, got.extra, got.beside)
		ok = ok && got.lost == 0 && got.extra == 0
	}
	fmt.Fprint(out, "\n| a burst | instances | taken | parked | rows | p50 ms | p99 ms | longest ms |\n|---|---|---|---|---|---|---|---|\n")
	b, err := sendBurst(ctx, filepath.Join(dir, "callback"), 15*time.Second)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "| %d callbacks in a second, PostgreSQL of %d connections | %d | %d | %d | %d | %.0f | %.0f | %.0f |\n",
		burstSize, burstConnections, b.instances, b.taken, b.parked, b.rows, b.p50, b.p99, b.longest)
	ok = ok && b.good()
	if o.write {
		err = replaceTable("scripts/bench/README.md", "load", text.Bytes())
	}
	return ok, err
}

// replaceTable puts a text between the marks of a name.
func replaceTable(path, name string, text []byte) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- /"+name+" -->\n")
	before, rest, found := bytes.Cut(old, begin)
	_, after, closed := bytes.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no marks %s", path, begin)
	}
	return os.WriteFile(path, slices.Concat(before, begin, text, end, after), 0o644)
}

// memoryLimit is the limit in scripts/host/vod-callback.service.
const memoryLimit = "GOMEMLIMIT=320MiB"

// press starts a server, puts it under load, and compares what it wrote with what it
// answered.
func press(ctx context.Context, binary string, p pressure) (outcome, error) {
	written := new(lines)
	s, err := listen(ctx, binary, "stdout:", written, memoryLimit)
	if err != nil {
		return outcome{}, err
	}
	defer s.stop()
	beside, err := gather(ctx, s.addr, p)
	if err != nil {
		return outcome{}, err
	}
	c := &calling{addr: s.addr, pressure: p, answered: map[string]bool{}, filler: filler(p.largest),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}}
	got, err := c.run(ctx)
	c.client.CloseIdleConnections()
	ended := 0
	if p.once {
		ended = 2 * p.slow
	}
	got.beside = beside.leave(ended)
	if err != nil {
		return outcome{}, err
	}
	if got.memory, err = peakMemory(s.pid); err != nil {
		return outcome{}, err
	}
	s.stop() // now all its output is here
	for id := range c.answered {
		if written.ids[id] == 0 {
			got.lost++
		}
	}
	for id, n := range written.ids {
		if got.extra += n - 1; !c.answered[id] {
			got.extra++
		}
	}
	return got, got.beside.err
}

// calling is the callers' work: each sends the next callback when it has an answer.
type calling struct {
	pressure
	addr   string
	client *http.Client
	filler string

	mu       sync.Mutex
	next     int
	answered map[string]bool // the ids
	bytes    int
	took     []float64
}

func (c *calling) run(ctx context.Context) (outcome, error) {
	began := time.Now()
	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for errs[i] == nil {
				n, more := c.take(began)
				if !more || ctx.Err() != nil {
					return
				}
				errs[i] = c.send(n)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return outcome{}, err
	}
	got := outcome{load: load{took: c.took, elapsed: time.Since(began)}, sent: len(c.took), megabytes: float64(c.bytes) / 1e6}
	got.finish()
	return got, nil
}

// take returns the number of the next callback, if there is one.
func (c *calling) take(began time.Time) (n int, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last > 0 && time.Since(began) >= c.last || c.last == 0 && c.next >= c.number {
		return 0, false
	}
	c.next++
	return c.next, true
}

func (c *calling) send(n int) error {
	event := c.event(n)
	sent := time.Now()
	id, err := postFor(c.client, c.addr, event)
	took := time.Since(sent).Seconds() * 1000
	if err != nil {
		return fmt.Errorf("callback %d of %d bytes: %w", n, len(event), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answered[id] {
		return fmt.Errorf("callback %d: another one has its id %s", n, id)
	}
	c.answered[id] = true
	c.bytes += len(event)
	c.took = append(c.took, took)
	return nil
}

// event returns the n-th body. Sizes are spread evenly over the powers of two, and
// every hundredth body has the largest size.
func (c *calling) event(n int) []byte {
	size := float64(c.largest)
	if n%100 != 0 {
		size = 1024 * math.Pow(size/1024, rand.New(rand.NewPCG(uint64(n), 1)).Float64())
	}
	head := fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%019d","MediaBasicInfo":{"Name":"harbor.mp4","Description":"`, 5_285_000_000_000_000_000+n)
	const tail = `"}}}`
	return []byte(head + c.filler[:max(0, int(size)-len(head)-len(tail))] + tail)
}

// filler is text of a body, with characters of one to three bytes that JSON need not
// escape.
func filler(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString("harbor at dawn, ")
		b.WriteString(strconv.Itoa(i))
		b.WriteString(" and on; ")
	}
	return b.String()[:size]
}

// lines takes the standard output of a server and keeps the id of each event.
type lines struct {
	mu   sync.Mutex
	ids  map[string]int
	head []byte // the first bytes of the line that is not complete
}

// headLength is enough for specversion and id.
const headLength = 100

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = map[string]int{}
	}
	for line := range bytes.Lines(p) {
		l.head = append(l.head, line[:min(len(line), headLength-len(l.head))]...)
		if line[len(line)-1] != '\n' {
			break
		}
		_, id, _ := strings.Cut(string(l.head), `"id":"`)
		id, _, _ = strings.Cut(id, `"`)
		l.ids[id]++
		l.head = l.head[:0]
	}
	return len(p), nil
}

// openFiles returns how many files a process may have open (RLIMIT_NOFILE, which Go
// raises to its hard limit), or enough if the system does not say so.
func openFiles() int {
	text, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return math.MaxInt
	}
	_, rest, _ := strings.Cut(string(text), "Max open files")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return math.MaxInt
	}
	n, err := strconv.Atoi(fields[1])
	if err != nil { // unlimited
		return math.MaxInt
	}
	return n
}

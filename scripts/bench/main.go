// Command bench measures the function pull as SCF runs it: a built binary under
// the rpc protocol. VOD is a stand-in in this process. Beside it, bench measures
// the loop that people write (scripts/bench/naive) and a program that only
// copies bytes (scripts/bench/floor). It prints the table of
// scripts/bench/README.md and exits with status 1 if a goal is missed.
//
// With -old, bench measures the functions of another checkout and those of this
// one in turns. It exits with status 1 if a figure is worse by more than 5 %.
//
// With -load, bench puts the function callback under load instead: callers with
// bodies of up to 2 MB for ten minutes, beside thousands of idle, slow and cut
// connections; and a burst of callbacks on many instances. It exits with status 1 if
// a callback was lost, refused or parked.
//
//	go run ./scripts/bench [-quick] [-only NAME]
//	go run ./scripts/bench -load [-for 10m] [-write]
//	go run ./scripts/bench -old DIR [-rounds 5] [-quick] [-only NAME]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"vodevents/shared/sink/cos/costest"
	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
)

type options struct {
	quick  bool
	only   string
	old    string
	rounds int
	load   bool
	last   time.Duration
	write  bool
}

func main() {
	var o options
	flag.BoolVar(&o.quick, "quick", false, "use a fifth of the events: to see that it works, not for figures")
	flag.StringVar(&o.only, "only", "", "run only the rows whose name contains `NAME`")
	flag.StringVar(&o.old, "old", "", "compare with the functions of the checkout in `DIR`")
	flag.IntVar(&o.rounds, "rounds", 5, "with -old: how often to measure each")
	flag.BoolVar(&o.load, "load", false, "put the function callback under load")
	flag.DurationVar(&o.last, "for", 10*time.Minute, "with -load: how long the callers go on")
	flag.BoolVar(&o.write, "write", false, "with -load: put the tables into scripts/bench/README.md")
	flag.Parse()
	o.rounds = max(o.rounds, 1)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// run builds the binaries, measures, and reports whether every figure is good
// enough.
func run(ctx context.Context, o options) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if o.old != "" {
		return compare(ctx, dir, o)
	}
	if o.load {
		if err := build(ctx, ".", dir, "./functions/callback"); err != nil {
			return false, err
		}
		return loadTables(ctx, dir, o)
	}
	if err := build(ctx, ".", dir, "./functions/pull", "./scripts/bench/naive", "./scripts/bench/lean", "./scripts/bench/floor", "./functions/callback", "./scripts/bench/bare", "./scripts/vodctl"); err != nil {
		return false, err
	}
	if err := link(ctx, ".", filepath.Join(dir, "clients"), "./scripts/bench/lean", "clients"); err != nil {
		return false, err
	}
	return table(ctx, dir, o)
}

// table measures all rows, prints them, and reports whether every goal is met.
func table(ctx context.Context, dir string, o options) (ok bool, err error) {
	// First, while this process is small: the rows fill it with events.
	start := make(map[string]time.Duration)
	if strings.Contains("start", o.only) {
		if start, err = starts(ctx, dir, "pull", "lean", "clients"); err != nil {
			return false, err
		}
	}
	got := make(map[string]figures)
	fmt.Println("| run | events/s | CPU µs/event | memory MB | p50 ms | p99 ms |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, r := range rows {
		if !strings.Contains(r.name, o.only) {
			continue
		}
		if o.quick {
			r.events /= 5
		}
		f, err := r.measure(ctx, dir)
		if err != nil {
			return false, fmt.Errorf("%s: %w", r.name, err)
		}
		got[r.name] = f
		fmt.Printf("| %s | %.0f | %.0f | %.1f | %.0f | %.0f |\n", r.name, f.perSecond, f.cpu, f.memory, f.p50, f.p99)
	}
	many, err := callersTable(ctx, dir, o)
	if err != nil {
		return false, err
	}
	var empty []idle
	if strings.Contains("empty queue", o.only) {
		for range 3 {
			i, err := drainEmpty(ctx, filepath.Join(dir, "pull"))
			if err != nil {
				return false, fmt.Errorf("empty queue: %w", err)
			}
			empty = append(empty, i)
		}
	}
	ok = judge(got, many, empty, start)
	if strings.Contains("media rebuild", o.only) {
		n := rebuildEvents
		if o.quick {
			n /= 5
		}
		r, err := rebuild(ctx, dir, n)
		if err != nil {
			return false, fmt.Errorf("media rebuild: %w", err)
		}
		word := "met"
		if r.perSecond < 3000 {
			word, ok = "MISSED", false
		}
		fmt.Printf("- %s: media rebuild of %d events, at least 3000/s: %.0f/s, %.1f MB\n", word, n, r.perSecond, r.memory)
	}
	return ok, nil
}

// build builds packages of the checkout in root into dir, as they are deployed.
func build(ctx context.Context, root, dir string, pkgs ...string) error {
	for _, pkg := range pkgs {
		if err := link(ctx, root, filepath.Join(dir, filepath.Base(pkg)), pkg); err != nil {
			return err
		}
	}
	return nil
}

// link builds one package into a file, as scripts/build does.
func link(ctx context.Context, root, binary, pkg string, tags ...string) error {
	tags = append(tags, "nethttpomithttp2")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags="+strings.Join(tags, ","), "-o", binary, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Dir = root
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return rewrite(binary)
}

// rewrite writes a file again, in pieces, as unzip does. The file as the linker wrote it
// starts slower. A file that is written at once is cached in huge folios, and newer
// kernels map all of a folio that is touched: the whole executable would be resident.
func rewrite(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		return err
	}
	for piece := range slices.Chunk(text, 32<<10) {
		if _, err := f.Write(piece); err != nil {
			f.Close()
			return err
		}
	}
	return f.Close()
}

// row is one line of the table: a binary that drains a queue of events.
type row struct {
	name   string
	binary string
	events int
	api    api
	sink   func() (url string, stop func(), err error) // nil: standard output
}

var rows = []row{
	{"25 ms, 100 calls/s, pull", "pull", 15_000, limited, nil},
	{"25 ms, 100 calls/s, naive", "naive", 3_000, limited, nil},
	{"no latency, no limit, pull", "pull", 100_000, unlimited, nil},
	{"no latency, no limit, pull without other sinks", "lean", 100_000, unlimited, nil},
	{"no latency, no limit, bytes copied", "floor", 100_000, unlimited, nil},
	{"no latency, no limit, naive", "naive", 15_000, unlimited, nil},
	{"25 ms, 100 calls/s, pull to PostgreSQL", "pull", 15_000, limited, startPostgres},
	{"25 ms, 100 calls/s, pull to PostgreSQL with media", "pull", 15_000, limited, withMedia(startPostgres)},
	{"25 ms, 100 calls/s, pull to MySQL", "pull", 15_000, limited, startMySQL},
	{"25 ms, 100 calls/s, pull to Kafka", "pull", 15_000, limited, startKafka},
	{toCOS, "pull", 15_000, limited, startCOS},
}

func (r row) measure(ctx context.Context, dir string) (figures, error) {
	sink := "stdout:"
	if r.sink != nil {
		url, stop, err := r.sink()
		if err != nil {
			return figures{}, err
		}
		defer stop()
		sink = url
	}
	return drain(ctx, filepath.Join(dir, r.binary), r.events, r.api, []string{"SINK=" + sink})
}

// startCOS starts an S3 in this process that takes 5 ms for each request.
func startCOS() (string, func(), error) {
	s, err := costest.Run()
	if err != nil {
		return "", nil, err
	}
	s.Latency = 5 * time.Millisecond
	return s.URL("vod"), s.Close, nil
}

func startPostgres() (string, func(), error) {
	s, err := pgtest.Run()
	if err != nil {
		return "", nil, err
	}
	return s.URL, func() { s.Close() }, nil
}

// withMedia makes the sink keep the state of each media, too.
func withMedia(start func() (string, func(), error)) func() (string, func(), error) {
	return func() (string, func(), error) {
		url, stop, err := start()
		return url + "&media=vod_media", stop, err
	}
}

func startMySQL() (string, func(), error) {
	// A production database has such sizes, unlike one for a test.
	s, err := mytest.Run("--innodb-buffer-pool-size=256M", "--innodb-log-file-size=512M")
	if err != nil {
		return "", nil, err
	}
	return s.URL, func() { s.Close() }, nil
}

func startKafka() (string, func(), error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "vod"))
	if err != nil {
		return "", nil, err
	}
	return "kafka://" + c.ListenAddrs()[0] + "/vod", c.Close, nil
}

// Command bench measures the function pull as SCF runs it: a built binary under
// the rpc protocol. VOD is a stand-in in this process. Beside it, bench measures
// the loop that people write (scripts/bench/naive). It prints the table of
// scripts/bench/README.md and exits with status 1 if a goal is missed.
//
//	go run ./scripts/bench [-quick] [-only NAME]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"vodevents/shared/sink/postgres/pgtest"
)

func main() {
	quick := flag.Bool("quick", false, "a fifth of the events: to see that it works, not for figures")
	only := flag.String("only", "", "run only the rows whose name contains `NAME`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *quick, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if !ok {
		os.Exit(1)
	}
}

// run builds the binaries, measures all rows, and reports whether every goal is
// met.
func run(ctx context.Context, quick bool, only string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	for _, pkg := range []string{"./functions/pull", "./scripts/bench/naive", "./scripts/bench/lean"} {
		if err := build(ctx, dir, pkg); err != nil {
			return false, err
		}
	}
	// First, while this process is small: the rows fill it with events.
	start := make(map[string]time.Duration)
	if strings.Contains("start", only) {
		if start, err = starts(ctx, dir, "pull", "lean"); err != nil {
			return false, err
		}
	}
	got := make(map[string]figures)
	fmt.Println("| run | events/s | CPU µs/event | memory MB | p50 ms | p99 ms |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, r := range rows {
		if !strings.Contains(r.name, only) {
			continue
		}
		if quick {
			r.events /= 5
		}
		f, err := r.measure(ctx, dir)
		if err != nil {
			return false, fmt.Errorf("%s: %w", r.name, err)
		}
		got[r.name] = f
		fmt.Printf("| %s | %.0f | %.0f | %.1f | %.0f | %.0f |\n", r.name, f.perSecond, f.cpu, f.memory, f.p50, f.p99)
	}
	var empty []idle
	if strings.Contains("empty queue", only) {
		for range 3 {
			i, err := drainEmpty(ctx, filepath.Join(dir, "pull"))
			if err != nil {
				return false, fmt.Errorf("empty queue: %w", err)
			}
			empty = append(empty, i)
		}
	}
	return judge(got, empty, start), nil
}

// build builds a package's binary in dir, as it is deployed.
func build(ctx context.Context, dir, pkg string) error {
	binary := filepath.Join(dir, filepath.Base(pkg))
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build %s: %w", pkg, err)
	}
	return rewrite(binary)
}

// rewrite writes a file anew, as unzipping does. The file that the linker wrote
// itself starts slower.
func rewrite(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o755)
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
	{"no latency, no limit, naive", "naive", 15_000, unlimited, nil},
	{"25 ms, 100 calls/s, pull to PostgreSQL", "pull", 15_000, limited, startPostgres},
	{"25 ms, 100 calls/s, pull to Kafka", "pull", 15_000, limited, startKafka},
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

func startPostgres() (string, func(), error) {
	s, err := pgtest.Run()
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

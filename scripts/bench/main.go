// Command bench measures the function pull as SCF runs it, a built binary under
// the rpc protocol, against a stand-in of VOD in this process, side by side
// with the loop that people write (scripts/bench/naive). It prints the table
// that the README shows and exits with status 1 when a goal is missed.
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

func run(ctx context.Context, quick bool, only string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	for _, pkg := range []string{"./functions/pull", "./scripts/bench/naive", "./scripts/bench/lean"} {
		binary := filepath.Join(dir, filepath.Base(pkg))
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, pkg)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return false, fmt.Errorf("go build %s: %w", pkg, err)
		}
		if err := rewrite(binary); err != nil {
			return false, err
		}
	}
	// First, while this process is small: the runs fill it with events.
	start := make(map[string]time.Duration)
	if strings.Contains("start", only) {
		if start, err = starts(ctx, dir, "pull", "lean"); err != nil {
			return false, err
		}
	}
	size := func(n int) int {
		if quick {
			return n / 5
		}
		return n
	}

	runs := []struct {
		name   string
		pkg    string
		events int
		api    api
		sink   func() (url string, stop func(), err error)
	}{
		{"25 ms, 100 calls/s, pull", "pull", size(15000), limited, nil},
		{"25 ms, 100 calls/s, naive", "naive", size(3000), limited, nil},
		{"no latency, no limit, pull", "pull", size(100000), unlimited, nil},
		{"no latency, no limit, pull without other sinks", "lean", size(100000), unlimited, nil},
		{"no latency, no limit, naive", "naive", size(15000), unlimited, nil},
		{"25 ms, 100 calls/s, pull to PostgreSQL", "pull", size(15000), limited, startPostgres},
		{"25 ms, 100 calls/s, pull to Kafka", "pull", size(15000), limited, startKafka},
	}
	got := make(map[string]figures)
	fmt.Println("| run | events/s | CPU µs/event | memory MB | p50 ms | p99 ms |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, r := range runs {
		if !strings.Contains(r.name, only) {
			continue
		}
		env := []string{"SINK=stdout:"}
		stop := func() {}
		if r.sink != nil {
			url, stopSink, err := r.sink()
			if err != nil {
				return false, fmt.Errorf("%s: %w", r.name, err)
			}
			env, stop = []string{"SINK=" + url}, stopSink
		}
		f, err := drain(ctx, filepath.Join(dir, r.pkg), r.events, r.api, env)
		stop()
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
	names := make([]string, 0, len(runs))
	for _, r := range runs {
		names = append(names, r.name)
	}
	return judge(names, got, empty, start), nil
}

// judge holds the figures against the goals and prints what it finds.
func judge(names []string, got map[string]figures, empty []idle, start map[string]time.Duration) bool {
	all := true
	goal := func(name string, measured bool, ok bool, format string, args ...any) {
		if !measured {
			return
		}
		word := "met"
		if !ok {
			word, all = "MISSED", false
		}
		fmt.Printf("- %s: %s: %s\n", word, name, fmt.Sprintf(format, args...))
	}
	fmt.Println()
	fast, isFast := got["25 ms, 100 calls/s, pull"]
	naive, isNaive := got["25 ms, 100 calls/s, naive"]
	goal("at least 1500 events/s at the API's limit", isFast, fast.perSecond >= 1500, "%.0f", fast.perSecond)
	goal("no call refused", isFast, fast.refused == 0, "%d refused", fast.refused)
	if isFast && isNaive {
		fmt.Printf("- the naive loop drains %.0f events/s, %.1f times less\n", naive.perSecond, fast.perSecond/naive.perSecond)
	}
	cpu, isCPU := got["no latency, no limit, pull"]
	naiveCPU, isNaiveCPU := got["no latency, no limit, naive"]
	goal("at most 90 µs of CPU an event", isCPU, cpu.cpu <= 90, "%.0f", cpu.cpu)
	goal("at most a quarter of the naive loop's CPU", isCPU && isNaiveCPU, cpu.cpu <= naiveCPU.cpu/4, "%.0f of %.0f µs", cpu.cpu, naiveCPU.cpu)
	lean, isLean := got["no latency, no limit, pull without other sinks"]
	goal("stdout: within 10 % of the CPU without the other sinks", isCPU && isLean, cpu.cpu <= 1.1*lean.cpu, "%.0f against %.0f µs", cpu.cpu, lean.cpu)
	for _, name := range names {
		f, ok := got[name]
		goal("at most 32 MB: "+name, ok && !strings.Contains(name, "naive"), f.memory <= 32, "%.1f", f.memory)
	}
	for _, name := range []string{"25 ms, 100 calls/s, pull to PostgreSQL", "25 ms, 100 calls/s, pull to Kafka"} {
		f, ok := got[name]
		goal("at least 1400 events/s: "+name, ok, f.perSecond >= 1400, "%.0f", f.perSecond)
	}
	for _, i := range empty {
		goal("an empty queue costs one poll, back in 100 ms of its answer", true, i.polls == 1 && i.after < 100*time.Millisecond,
			"%d poll, %.1f ms", i.polls, i.after.Seconds()*1000)
	}
	a, isA := start["pull"]
	b := start["lean"]
	goal("start within 10 % of a build without the other sinks", isA, float64(a) <= 1.1*float64(b), "%.2f against %.2f ms", a.Seconds()*1000, b.Seconds()*1000)
	return all
}

// rewrite writes a file anew, as unzipping does: what the linker wrote itself
// starts slower.
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

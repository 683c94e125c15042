package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkFloor measures the CPU time an event takes in the function pull and in
// a program that copies bytes and knows nothing of events. The two take turns:
//
//	go test -run xxx -bench Floor -benchtime 5x ./scripts/bench
//
// The ratio shows what checking, ids, dedup and the engine cost. The API has no
// latency and no limit, and the events have about 5 kB.
func BenchmarkFloor(b *testing.B) {
	const events = 20_000
	dir := b.TempDir()
	for _, pkg := range []string{"../../functions/pull", "./floor"} {
		build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, filepath.Base(pkg)), pkg)
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	var pull, floor, memory float64
	b.ResetTimer()
	for range b.N {
		for name, cpu := range map[string]*float64{"pull": &pull, "floor": &floor} {
			f, err := drain(b.Context(), filepath.Join(dir, name), events, unlimited, []string{"SINK=stdout:"})
			if err != nil {
				b.Fatal(err)
			}
			*cpu += f.cpu / float64(b.N)
			if name == "pull" {
				memory = max(memory, f.memory)
			}
		}
	}
	b.ReportMetric(pull, "pull-µs/event")
	b.ReportMetric(floor, "floor-µs/event")
	b.ReportMetric(pull/floor, "pull/floor")
	b.ReportMetric(memory, "pull-MB")
}

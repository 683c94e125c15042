package main

import (
	"fmt"
	"time"
)

// toCOS is the row of the events that go into a bucket.
const toCOS = "25 ms, 100 calls/s, pull to COS at 5 ms"

// judge prints whether each goal is met, and returns whether all are. It skips
// the goals of rows that were not measured.
func judge(got map[string]figures, many []beside, empty []idle, start map[string]time.Duration) bool {
	var v verdict
	goal := v.goal
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
	if floor, isFloor := got["no latency, no limit, bytes copied"]; isCPU && isFloor {
		fmt.Printf("- pull takes %.2f times the CPU of copying the bytes\n", cpu.cpu/floor.cpu)
	}
	for _, r := range rows {
		f, ok := got[r.name]
		most := 32.0
		if r.name == toCOS {
			most = 40 // a request under way, with its buffers, for each of 32 events
		}
		goal(fmt.Sprintf("at most %.0f MB: %s", most, r.name), ok && (r.binary == "pull" || r.binary == "lean"), f.memory <= most, "%.1f", f.memory)
	}
	for _, name := range []string{"25 ms, 100 calls/s, pull to PostgreSQL", "25 ms, 100 calls/s, pull to MySQL", "25 ms, 100 calls/s, pull to Kafka"} {
		f, ok := got[name]
		goal("at least 1400 events/s: "+name, ok, f.perSecond >= 1400, "%.0f", f.perSecond)
	}
	cos, isCOS := got[toCOS]
	goal("at least 300 events/s: "+toCOS, isCOS, cos.perSecond >= 300, "%.0f", cos.perSecond)
	plain, isPlain := got["25 ms, 100 calls/s, pull to PostgreSQL"]
	media, isMedia := got["25 ms, 100 calls/s, pull to PostgreSQL with media"]
	goal("with media: at least 0.85 of the rate without", isPlain && isMedia, media.perSecond >= 0.85*plain.perSecond, "%.2f", media.perSecond/plain.perSecond)
	goal("with media: at most 1.5 times the CPU without", isPlain && isMedia, media.cpu <= 1.5*plain.cpu, "%.2f", media.cpu/plain.cpu)
	for _, m := range many {
		goal("at least 0.8 of a bare handler: callbacks into "+m.database, true, m.function.perSecond >= 0.8*m.bare.perSecond,
			"%.2f", m.function.perSecond/m.bare.perSecond)
	}
	for _, i := range empty {
		goal("an empty queue costs one poll, and the function returns within 100 ms of its answer", true, i.polls == 1 && i.after < 100*time.Millisecond,
			"%d poll, %.1f ms", i.polls, i.after.Seconds()*1000)
	}
	a, isA := start["pull"]
	b := start["lean"]
	goal("start within 10 % of a build without the other sinks", isA, float64(a) <= 1.1*float64(b), "%.2f against %.2f ms", a.Seconds()*1000, b.Seconds()*1000)
	if isA {
		fmt.Printf("- the latter starts in %.2f ms if it only imports the libraries of the sinks\n", start["clients"].Seconds()*1000)
	}
	return !v.missed
}

// verdict says whether a goal was missed.
type verdict struct{ missed bool }

// goal prints whether a goal is met, if it was measured.
func (v *verdict) goal(name string, measured bool, ok bool, format string, args ...any) {
	if !measured {
		return
	}
	word := "met"
	if !ok {
		word, v.missed = "MISSED", true
	}
	fmt.Printf("- %s: %s: %s\n", word, name, fmt.Sprintf(format, args...))
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/vodfake"
)

// settings are what /api/config answers.
type settings struct {
	Real, Signed  bool
	Callback, API string
	*vodfake.EventConfig
	Alternatives *standin.Alternatives
	Every, Cron  string
	Next         time.Time
	Clock        *clock
	Variables    []struct{ Name, Value string }
}

// clock is what /api/clock answers.
type clock struct{ OffsetMs int64 }

// faults are what /api/faults answers.
type faults struct {
	Faults []vodfake.Chance
	Sink   standin.SinkFault
}

// kind is one of what /api/kinds answers.
type kind struct {
	Type, Field, Text, Body string
	Events                  int
}

const noSink = `{"sink":{"probability":0,"status":0,"delayMs":0}}`

// firing is what an invocation of pull came to.
type firing struct {
	TookMs float64
	Error  string
	Result struct {
		Polls   int
		Stopped string
	}
}

// printed is the line of an event in the terminal.
func printed(d detail) string {
	return fmt.Sprintf(`^\d\d:\d\d:\d\d\.\d{3}  %-8s  %-22s  %-19s  %s$`, d.Mode, d.Type, cmp.Or(d.Subject, "-"), d.EventID)
}

// states are a history's, without repetitions.
func states(d detail) (s []string) {
	for _, step := range d.History {
		s = append(s, string(step.State))
	}
	return slices.Compact(s)
}

// noCurl leaves a test out, but not where everything has to be there.
func noCurl(t *testing.T) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("curl is not installed")
	}
	t.Skip("curl is not installed")
}

// totals are the figures of the whole run.
func (p *program) totals() journal.Totals {
	p.t.Helper()
	var f struct{ Totals journal.Totals }
	p.call(200, "GET", "/api/figures", "", &f)
	return f.Totals
}

// config changes the configuration.
func (p *program) config(put string) (s settings) {
	p.t.Helper()
	p.call(200, "PUT", "/api/config", put, &s)
	return s
}

// list gives the events that fit, the newest first.
func (p *program) list(query string) []journal.Summary {
	p.t.Helper()
	var got struct{ Events []journal.Summary }
	p.call(200, "GET", "/api/events?"+query, "", &got)
	return got.Events
}

// faults sets what goes wrong.
func (p *program) faults(put string) (f faults) {
	p.t.Helper()
	p.call(200, "PUT", "/api/faults", put, &f)
	return f
}

// eventually looks at each message of the stream until fn is true.
func (p *program) eventually(what string, fn func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range p.stream(ctx) {
		if fn() {
			return
		}
	}
	p.t.Fatalf("never: %s", what)
}

// fire fires the timer of pull and waits for the end of the invocation.
func (p *program) fire() (f firing) {
	p.call(200, "POST", "/api/timer", "", &f)
	return f
}

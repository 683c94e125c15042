package deliver

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata anew")

// The README's table of guarantees is the rows of way.go in words. With -update
// the test writes it into testdata/guarantees.md.
func TestGuarantees(t *testing.T) {
	got := guaranteesTable()
	name := filepath.Join("testdata", "guarantees.md")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("way.go says something else than testdata/guarantees.md, which goes into the README; run go test ./shared/deliver -update, and bring the README up to date:\n%s", got)
	}
}

func guaranteesTable() string {
	columns := []guarantees{ways[Pushed], ways[Pulled], ways[Replayed]}
	var b strings.Builder
	row := func(what string, cell func(g *guarantees) string) {
		fmt.Fprintf(&b, "| %s |", what)
		for i := range columns {
			fmt.Fprintf(&b, " %s |", cell(&columns[i]))
		}
		b.WriteByte('\n')
	}
	row("an event that is", func(g *guarantees) string { return g.way })
	b.WriteString(strings.Repeat("|---", len(columns)+1) + "|\n")
	row("brought again by", func(g *guarantees) string {
		if g.bringsAgain == "" {
			return "nobody"
		}
		return g.bringsAgain
	})
	row("while a sink is down", func(g *guarantees) string { return "tried again " + lasting(g.retryDown) + left(g) })
	row("that fails beside others", func(g *guarantees) string { return "tried again " + lasting(g.retryBeside) + left(g) })
	row("that the handler fails", func(g *guarantees) string {
		if g.retryFailed {
			return "tried again " + lasting(toTheEnd)
		}
		return "left"
	})
	row("in another delivery's hands", func(g *guarantees) string {
		if g.waitForClaim {
			return "waited for"
		}
		return "left"
	})
	row("parked before", func(g *guarantees) string {
		if g.takeParked {
			return "delivered"
		}
		return "confirmed"
	})
	row("parked", func(g *guarantees) string {
		var when []string
		for _, r := range g.parkWhen {
			when = append(when, inWords[r])
		}
		if when == nil {
			return "never"
		}
		return strings.Join(when, "; ")
	})
	row("parked in", func(g *guarantees) string {
		switch {
		case len(g.parkWhen) == 0:
			return "–"
		case g.bringsAgain == "":
			return "DEAD_LETTER, else the log"
		}
		return "DEAD_LETTER; without one the log; while it is down the queue"
	})
	return b.String()
}

// inWords are the reasons for which an event is parked.
var inWords = map[Reason]string{
	ReasonPermanent: "refused for good",
	ReasonUnparsed:  "no event",
	ReasonAttempts:  "failed MAX_ATTEMPTS times, with DEAD_LETTER",
	ReasonDeadline:  "the time is over",
	ReasonClaimed:   "in another delivery's hands to the end",
}

func lasting(d time.Duration) string {
	if d == toTheEnd {
		return "until the time is nearly over"
	}
	return fmt.Sprintf("for %v", d)
}

func left(g *guarantees) string {
	if g.bringsAgain == "" {
		return ""
	}
	return ", then left"
}

package deliver

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of guarantees into the README")

// The README has the rows of way.go in words. go test ./shared/deliver -update
// puts them there.
func TestGuarantees(t *testing.T) {
	const path, begin, end = "../../README.md", "<!-- guarantees -->\n", "<!-- /guarantees -->\n"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	table, after, closed := strings.Cut(rest, end)
	switch got := guaranteesTable(); {
	case !ok || !closed:
		t.Fatalf("README.md has no place for the table: %s%s", begin, end)
	case table == got:
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+got+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("way.go and the table in README.md differ; go test ./shared/deliver -update writes it:\n%s", got)
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
	row("", func(g *guarantees) string { return headings[g.way] })
	b.WriteString(strings.Repeat("|---", len(columns)+1) + "|\n")
	row("a left event comes again from", func(g *guarantees) string {
		if g.bringsAgain == "" {
			return "nobody"
		}
		return g.bringsAgain
	})
	row("a sink is down", func(g *guarantees) string { return "try " + lasting(g.retryDown) + left(g) })
	row("a sink fails on one event and takes others", func(g *guarantees) string { return "try " + lasting(g.retryBeside) + left(g) })
	row("your code fails", func(g *guarantees) string {
		if g.retryFailed {
			return "try " + lasting(toTheEnd)
		}
		return "leave it"
	})
	row("another delivery has the event", func(g *guarantees) string {
		if g.waitForClaim {
			return "wait for it"
		}
		return "leave it"
	})
	row("the event was parked before", func(g *guarantees) string {
		if g.takeParked {
			return "deliver it"
		}
		return "confirm it"
	})
	row("no sink wants the event", func(g *guarantees) string { return settled[g.way] })
	row("it is parked when", func(g *guarantees) string {
		var when []string
		for _, r := range g.parkWhen {
			when = append(when, inWords[r])
		}
		if when == nil {
			return "never"
		}
		return strings.Join(when, "; ")
	})
	row("it is parked in", func(g *guarantees) string {
		switch {
		case len(g.parkWhen) == 0:
			return "–"
		case g.bringsAgain == "":
			return "`DEAD_LETTER`, else the log"
		}
		return "`DEAD_LETTER`, or the log if there is none; it waits in the queue while that is down"
	})
	return b.String()
}

// headings are what the README calls the ways.
var headings = map[string]string{
	"pushed":   "normal: `callback`",
	"pulled":   "reliable: `pull`",
	"replayed": "`vodctl replay`",
}

// settled is what whoever brings an event gets to know when it is settled.
var settled = map[string]string{
	"pushed":   "answer 200",
	"pulled":   "confirm it, count it `unwanted`",
	"replayed": "count it",
}

// inWords are the reasons for which an event is parked.
var inWords = map[Reason]string{
	ReasonPermanent: "a sink or your code refuses it for good",
	ReasonUnparsed:  "it is no event",
	ReasonAttempts:  "it failed `MAX_ATTEMPTS` times and `DEAD_LETTER` is set",
	ReasonDeadline:  "the time is over",
	ReasonClaimed:   "another delivery still has it then",

	ReasonRefuted:    "VOD refutes it, with `CALLBACK_VERIFY=ask`",
	ReasonUnverified: "VOD cannot be asked until then",
}

func lasting(d time.Duration) string {
	if d == toTheEnd {
		return "until the time is nearly over"
	}
	return fmt.Sprintf("for %.0f s", d.Seconds())
}

func left(g *guarantees) string {
	if g.bringsAgain == "" {
		return ""
	}
	return ", then leave it"
}

package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
)

// report is what a soak found.
type report struct {
	options
	database string
	took     time.Duration
	counts
	broken    map[guarantee]int
	first     string // the history of the first event that went wrong; empty: none
	delivered int    // events that have a row of the sink
	again     int    // further rows of events that may come twice
	hooked    int    // events that the webhook took more than once
	parked    map[string]int
	mediaRows int // compared with the fold in memory
	modelRows int // those compared with the slow model, too
	rounds    []roundReport
	p50, p99  time.Duration
}

// roundReport is a round in the picture.
type roundReport struct {
	at       time.Time
	trouble  string
	kills    int
	p50, p99 time.Duration
}

func (s *run) report(o options, a *audit, rounds []roundReport) *report {
	l := s.ledger
	r := &report{
		options: o, database: s.db.name, took: time.Since(s.began), counts: l.counts, broken: map[guarantee]int{},
		parked: map[string]int{}, mediaRows: a.media.rows, modelRows: a.media.ofModel, rounds: rounds,
	}
	for _, b := range l.broken {
		r.broken[b.which]++
	}
	if len(l.broken) > 0 {
		r.first = s.explain(l.broken[0])
	}
	var all []time.Duration
	for i := range rounds {
		from, to := s.plan.round(i)
		var of []time.Duration
		for n := from; n < to; n++ {
			one := &l.records[n]
			if !one.settled.IsZero() {
				of = append(of, one.settled.Sub(one.sent))
			}
			r.add(one)
		}
		rounds[i].p50, rounds[i].p99 = percentile(of, 50), percentile(of, 99)
		all = append(all, of...)
	}
	r.p50, r.p99 = percentile(all, 50), percentile(all, 99)
	return r
}

func (r *report) add(one *record) {
	if one.sunk {
		r.delivered++
	}
	if len(one.rows) > 1 {
		r.again += len(one.rows) - 1
	}
	if one.hooked > 1 {
		r.hooked++
	}
	if one.parked != "" {
		r.parked[one.parked]++
	}
}

// percentile sorts the durations; 0: there are none.
func percentile(of []time.Duration, p int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[(len(of)-1)*p/100]
}

// explain returns the whole history of an event that went wrong.
func (s *run) explain(b broken) string {
	text := fmt.Sprintf("event %d: %s: %s\n", b.n, b.which, b.why)
	if b.n == 0 {
		return text
	}
	text += s.ledger.history(b.n)
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		return text
	}
	ids := s.ledger.records[b.n].rows
	if e, err := event.Parse(s.plan.event(b.n).body, event.Origin{}); err == nil {
		ids = append(ids, e.ID)
	}
	for line := range bytes.Lines(log) {
		if slices.ContainsFunc(ids, func(id string) bool { return bytes.Contains(line, []byte(id)) }) {
			text += fmt.Sprintf("log: %.1000s", line)
		}
	}
	return text
}

const tableHead = `| database | seed | sent | delivered | parked | lost | confirms checked, early | two rows | media rows, wrong | p50 | p99 | kills | troubles | redelivered | sent again | took |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// row is the report as a row of the table.
func (r *report) row() string {
	parked := 0
	for _, n := range r.parked {
		parked += n
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d, %d | %d | %d, %d | %s | %s | %d | %d | %d | %d | %s |\n",
		r.database, r.seed, r.pushed+r.pulled, r.delivered, parked,
		r.lost(), r.checked, r.broken[early], r.broken[twice], r.mediaRows, r.broken[wrongRow],
		short(r.p50), short(r.p99), r.killed, r.troubles, r.redelivered, r.resent, r.took.Round(time.Second))
}

// lost counts the events that are missing, changed, or in the wrong place.
func (r *report) lost() int {
	return r.broken[lost] + r.broken[altered] + r.broken[misparked] + r.broken[unhooked]
}

// details are what the table has no room for.
func (r *report) details() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- pushed %d, queued %d\n", r.pushed, r.pulled)
	for _, why := range slices.Sorted(maps.Keys(r.parked)) {
		fmt.Fprintf(&b, "- parked, %s: %d\n", why, r.parked[why])
	}
	fmt.Fprintf(&b, "- rows looked for when the database was back: %d\n", r.late)
	fmt.Fprintf(&b, "- further rows of events whose payload can repeat: %d\n", r.again)
	fmt.Fprintf(&b, "- events that the webhook took more than once: %d\n", r.hooked)
	fmt.Fprintf(&b, "- media rows compared with the slow model: %d\n", r.modelRows)
	return b.String()
}

func short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// The table stands in README.md between these lines.
const tableBegin, tableEnd = "<!-- soak -->\n", "<!-- /soak -->"

// writeInto puts the row into the table of a file, in place of an older one of the
// same database and seed.
func (r *report) writeInto(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	table, after, also := strings.Cut(rest, tableEnd)
	if !ok || !also {
		return fmt.Errorf("%s has no %s… %s", path, strings.TrimSpace(tableBegin), tableEnd)
	}
	key := fmt.Sprintf("| %s | %d |", r.database, r.seed)
	var lines []string
	for line := range strings.Lines(strings.TrimPrefix(table, tableHead)) {
		if !strings.HasPrefix(line, key) {
			lines = append(lines, line)
		}
	}
	lines = append(lines, r.row())
	slices.Sort(lines)
	return os.WriteFile(path, []byte(before+tableBegin+tableHead+strings.Join(lines, "")+tableEnd+after), 0o644)
}

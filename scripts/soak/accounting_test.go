package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// paper is a soak without processes: all events were sent, and have the rows that
// they must have.
type paper struct {
	*audit
	rows []row
}

// The events on paper are few. Their seed is chosen so that they have every mark that
// parks, a kind that nobody knows, and one that the webhook wants.
const (
	onPaper   = 80
	paperSeed = 2769
)

func newPaper() *paper {
	p := newPlan(paperSeed, onPaper)
	l := newLedger(onPaper)
	received := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	sheet := &paper{audit: newAudit(p, l)}
	for n := 1; n <= onPaper; n++ {
		one := p.event(n)
		l.send(one, week)
		mode := event.Reliable
		body := withHandle(one.body, fmt.Sprint("handle", n))
		if one.pushed {
			mode, body = event.Normal, event.Sign(one.body, signKey, received)
		}
		e, _ := event.Parse(body, event.Origin{Mode: mode, Received: received})
		r := row{id: e.ID, mode: string(mode), received: received.Add(time.Duration(n) * time.Second), text: e.AppendData(nil)}
		r.sunk = !one.do.parks() || one.do == refused
		if one.do.parks() {
			r.parked, r.reason = true, "permanent"
		} else if wanted(one.kind) {
			l.taken(n)
		}
		sheet.rows = append(sheet.rows, r)
	}
	return sheet
}

// judged audits all rows, and then the rows of media, after change has changed them.
func (p *paper) judged(change func([]media.Row) []media.Row) []broken {
	for _, r := range p.rows {
		p.see(r)
	}
	p.end()
	var rows []media.Row
	for _, m := range p.media.folded {
		rows = append(rows, m.Row())
	}
	if change != nil {
		rows = change(rows)
	}
	p.compareMedia(rows)
	return p.ledger.broken
}

// find returns the index in rows of the first event for which ok is true.
func (p *paper) find(t *testing.T, ok func(planned) bool) int {
	t.Helper()
	for n := 1; n <= onPaper; n++ {
		if ok(p.plan.event(n)) {
			return n - 1
		}
	}
	t.Fatal("there is no such event")
	return 0
}

func healthy(p planned) bool { return p.do == nothing && p.family < 0 && !repeats(p.body) }

// The accounting finds each guarantee that is broken, and none where all hold.
func TestAccountingFinds(t *testing.T) {
	plain := func(t *testing.T, p *paper) int { return p.find(t, healthy) }
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, *paper) (change func([]media.Row) []media.Row)
		want  guarantee // empty: nothing
	}{
		{"nothing where all is well", func(*testing.T, *paper) func([]media.Row) []media.Row { return nil }, ""},
		{"a lost event", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			i := p.find(t, func(e planned) bool { return healthy(e) && strings.HasPrefix(e.kind, "Later") })
			p.rows = append(p.rows[:i], p.rows[i+1:]...)
			return nil
		}, lost},
		{"an event that is in the log alone", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			i := p.find(t, func(e planned) bool { return healthy(e) && strings.HasPrefix(e.kind, "Later") })
			p.rows, p.logged[i+1] = append(p.rows[:i], p.rows[i+1:]...), true
			return nil
		}, misparked},
		{"two rows of an event", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			again := p.rows[plain(t, p)]
			again.id = strings.Repeat("0", 32)
			p.rows = append(p.rows, again)
			return nil
		}, twice},
		{"a row whose event was changed", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			r := &p.rows[plain(t, p)]
			r.text = []byte(strings.Replace(string(r.text), `"EventType":"`, `"EventType":"x`, 1))
			return nil
		}, altered},
		{"a row of an event that nobody sent", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			p.rows = append(p.rows, row{id: "1", text: fmt.Appendf(nil, `{"Soak":{"n":%d}}`, onPaper+1)})
			return nil
		}, altered},
		{"an event that is parked without a reason", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			r := &p.rows[p.find(t, func(e planned) bool { return healthy(e) && strings.HasPrefix(e.kind, "Later") })]
			r.parked, r.sunk = true, false
			return nil
		}, misparked},
		{"an event that was delivered though it never can be", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			r := &p.rows[p.find(t, func(e planned) bool { return e.do == never })]
			r.parked, r.sunk = false, true
			return nil
		}, misparked},
		{"an event that a sink lacks", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			i := p.find(t, func(e planned) bool { return healthy(e) && wanted(e.kind) })
			p.ledger.records[i+1].hooked = 0
			return nil
		}, unhooked},
		{"a wrong row of media", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			return func(rows []media.Row) []media.Row { rows[0].PlayUrl += "?"; return rows }
		}, wrongRow},
		{"a row of media that is missing", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			return func(rows []media.Row) []media.Row { return rows[1:] }
		}, wrongRow},
		{"a row of media that no event told", func(t *testing.T, p *paper) func([]media.Row) []media.Row {
			return func(rows []media.Row) []media.Row { return append(rows, media.Row{FileId: "1"}) }
		}, wrongRow},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPaper()
			found := p.judged(c.spoil(t, p))
			if c.want == "" && len(found) > 0 || c.want != "" && len(found) == 0 {
				t.Fatalf("found %v", found)
			}
			for _, b := range found {
				if b.which != c.want {
					t.Errorf("found %v, want %q", b, c.want)
				}
			}
		})
	}
}

// The rows of families are compared with a model, too: it finds an error that the
// fold and the tables share.
func TestAccountingFindsAFoldThatErrs(t *testing.T) {
	p := newPaper()
	for _, r := range p.rows {
		p.see(r)
	}
	id := familyOf(0)[0]
	m := p.media.folded[id]
	m.Name.Value += " of another"
	p.media.folded[id] = m
	var rows []media.Row
	for _, m := range p.media.folded {
		rows = append(rows, m.Row())
	}
	p.compareMedia(rows)
	if len(p.ledger.broken) != 1 || p.ledger.broken[0].which != wrongRow || !strings.Contains(p.ledger.broken[0].why, "by the model") {
		t.Errorf("found %v", p.ledger.broken)
	}
}

// It finds a confirm of an event that has no row, whose row is neither delivered nor
// parked, or that the other sink lacks.
func TestAccountingFindsAnEarlyConfirm(t *testing.T) {
	p := newPaper()
	plain, hooked := p.find(t, func(e planned) bool { return healthy(e) && !wanted(e.kind) })+1, p.find(t, func(e planned) bool { return healthy(e) && wanted(e.kind) })+1
	p.ledger.confirms([]claim{{plain, "a"}}, map[string]rowState{"a": {sunk: true}})
	p.ledger.confirms([]claim{{plain, "a"}}, map[string]rowState{"a": {parked: true}})
	p.ledger.confirms([]claim{{hooked, "a"}}, map[string]rowState{"a": {sunk: true}})
	if len(p.ledger.broken) != 0 {
		t.Fatalf("found %v where all is well", p.ledger.broken)
	}
	p.ledger.confirms([]claim{{plain, "a"}}, map[string]rowState{"b": {sunk: true}})
	p.ledger.confirms([]claim{{plain, "a"}}, map[string]rowState{"a": {}})
	p.ledger.records[hooked].hooked = 0
	p.ledger.confirms([]claim{{hooked, "a"}}, map[string]rowState{"a": {sunk: true}})
	if len(p.ledger.broken) != 3 || p.ledger.broken[0].which != early {
		t.Errorf("found %v, want three", p.ledger.broken)
	}
}

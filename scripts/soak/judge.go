package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// row is a row of vod_events.
type row struct {
	rowState
	id, mode, reason string
	received         time.Time
	text             []byte // raw, else data
}

// judge compares the ledger with the tables and the log.
func (s *run) judge(ctx context.Context) (*audit, error) {
	a := newAudit(s.plan, s.ledger)
	query := "SELECT id, mode, received_at, parkreason, sunk_at IS NOT NULL, " + s.db.data + ", raw FROM vod_events"
	err := s.db.admin.query(ctx, query, func(r rows) error {
		for r.Next() {
			var one row
			var reason *string
			var data, raw []byte
			if err := r.Scan(&one.id, &one.mode, &one.received, &reason, &one.sunk, &data, &raw); err != nil {
				return err
			}
			if one.text = data; raw != nil {
				one.text = bytes.Clone(raw)
			}
			if one.parked = reason != nil; one.parked {
				one.reason = *reason
			}
			a.see(one)
		}
		return r.Err()
	})
	if err != nil {
		return nil, err
	}
	if a.logged, err = parkedInLog(s.log); err != nil {
		return nil, err
	}
	a.end()
	return a, a.judgeMedia(ctx, s.db.sink)
}

// audit looks at every row once, and then at every event.
type audit struct {
	plan   *plan
	ledger *ledger
	media  *mediaAudit
	logged map[int]bool // the events that were parked in the log
}

func newAudit(p *plan, l *ledger) *audit {
	return &audit{plan: p, ledger: l, media: newMediaAudit(), logged: map[int]bool{}}
}

// see takes one row.
func (a *audit) see(r row) {
	n := numberOf(r.text)
	if n < 1 || n > a.plan.events {
		a.ledger.breaks(0, altered, "row %s belongs to no event that was sent: %.200s", r.id, r.text)
		return
	}
	sent := a.plan.event(n)
	if !sameJSON(sent.body, r.text) {
		a.ledger.breaks(n, altered, "row %s has %.2000s", r.id, r.text)
	}
	record := &a.ledger.records[n]
	record.rows = append(record.rows, r.id)
	if record.sunk = record.sunk || r.sunk; r.parked {
		record.parked = r.reason
	}
	if r.sunk {
		e, _ := event.Parse(sent.body, event.Origin{Mode: event.Mode(r.mode), SubAppId: subAppId, Received: r.received})
		e.ID = r.id // if the payload can repeat, the id depends on handle or signature
		a.media.see(sent, e)
	}
}

// end judges each event, after all rows were seen.
func (a *audit) end() {
	for n := 1; n <= a.plan.events; n++ {
		r := &a.ledger.records[n]
		switch {
		case len(r.rows) == 0 && a.logged[n]:
			r.parked = "in the log"
			if !r.do.parks() {
				a.ledger.breaks(n, misparked, "it is in the log alone")
			}
		case len(r.rows) == 0:
			a.ledger.breaks(n, lost, "there is no row, and it is not in the log")
		case len(r.rows) > 1 && !repeats(a.plan.event(n).body):
			a.ledger.breaks(n, twice, "the rows %q", r.rows)
		case r.do.parks() && r.parked == "":
			a.ledger.breaks(n, misparked, "it was delivered, with the mark %q", r.do)
		case r.do.parks() && r.do != refused && r.sunk:
			a.ledger.breaks(n, misparked, "the database took it as delivered, with the mark %q", r.do)
		case !r.do.parks() && !r.sunk:
			a.ledger.breaks(n, misparked, "it is parked: %s", r.parked)
		case r.sunk && r.parked == "" && wanted(r.kind) && r.hooked == 0:
			a.ledger.breaks(n, unhooked, "the receiver does not have it")
		}
	}
}

// repeats tells whether the contract lets such an event come twice, because two true
// events can have its payload.
func repeats(body []byte) bool {
	e, err := event.Parse(body, event.Origin{})
	return err != nil || !e.StableID
}

// sameJSON compares an event with what a database made of it. It ignores null members,
// which VOD adds in the queue.
func sameJSON(sent, kept []byte) bool {
	read := func(text []byte) (o map[string]any, ok bool) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if d.Decode(&o) != nil {
			return nil, false
		}
		for name, value := range o {
			if value == nil {
				delete(o, name)
			}
		}
		return o, true
	}
	a, ok := read(sent)
	b, also := read(kept)
	return ok && also && reflect.DeepEqual(a, b)
}

// parkedInLog returns the events that were parked in the functions' log.
func parkedInLog(log io.ReadSeeker) (found map[int]bool, err error) {
	if _, err := log.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	found = map[int]bool{}
	lines := bufio.NewReaderSize(log, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if bytes.Contains(line, []byte(`"msg":"`+parklog.Message+`"`)) {
			var part parklog.Part
			if json.Unmarshal(line, &part) == nil && part.Part == 1 {
				found[numberOf([]byte(part.Text))] = true
			}
		}
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the functions' log: %w", err)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"slices"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

var eventsCommand = command{
	name:  "events",
	usage: "[FLAG…] [ID…]",
	about: "list the events of a database or bucket, or show some of them",
	text: `Reads the table that a postgres:// or mysql:// sink writes, or the objects of a cos://
sink, by default those of SINK. The right to SELECT, or to list and get objects, is
enough, and nothing is changed or made there. Events come in the order in which they
were received (out of a bucket day by day, and by id within a day), one a line: id,
time, type, what it is about, and why it was parked, if it was. With ids it shows
all that is known of each event. A bucket has no index: -since and -until save time.

With -o json it prints CloudEvents, one a line, as a file: sink has them; vodctl replay
reads them.

  vodctl events -from 'cos://archive-1250000000/vod?region=ap-beijing' -since 1d
  vodctl events -from env:DATABASE -type '*Upload' -since 2h
  vodctl events -parked -o json > parked.json
  vodctl events 0123456789abcdef0123456789abcdef
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		var s selection
		s.register(fs, "env")
		output := outputFlag(fs)
		return func(ctx context.Context, ids []string) error {
			if err := s.check(); err != nil {
				return err
			}
			return p.events(ctx, s, ids, *output)
		}
	},
}

// events shows the rows that are asked for.
func (p *program) events(ctx context.Context, s selection, ids []string, output format) error {
	t, err := p.openTable(s.from)
	if err != nil {
		return err
	}
	defer t.Close()
	list := jsonList{program: p}
	show := p.eventLine
	switch {
	case output == "json":
		show = func(r stored.Row) error { return p.eventJSON(&list, r) }
	case len(ids) > 0:
		show = p.eventPage
	}
	n, missing := 0, slices.Clone(ids)
	for page, err := range pages(ctx, t, s.filter(ids), s.limit) {
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := show(r); err != nil {
				return err
			}
			n++
			missing = slices.DeleteFunc(missing, func(id string) bool { return id == r.ID })
		}
	}
	if output == "json" {
		if err := list.end(); err != nil {
			return err
		}
	}
	for _, id := range missing {
		p.say("%s: not in %s, or not among what the flags ask for", id, t)
	}
	if len(ids) == 0 {
		p.say("%d %s in %s", n, plural(n, "event", "events"), t)
	}
	return count(len(missing), len(ids), "%d of %d events were not found", len(missing), len(ids))
}

// pages returns the pages of rows that a filter asks for, at most limit rows; 0: all
// of them. An error ends them.
func pages(ctx context.Context, t sink.Table, f stored.Filter, limit int) iter.Seq2[[]stored.Row, error] {
	return func(yield func([]stored.Row, error) bool) {
		for done := 0; limit == 0 || done < limit; {
			most := redeliver.PageSize
			if limit > 0 {
				most = min(most, limit-done)
			}
			page, err := within(ctx, func(ctx context.Context) ([]stored.Row, error) { return t.Page(ctx, f, most) })
			if err == nil && len(page) == 0 {
				return
			}
			if !yield(page, err) || err != nil {
				return
			}
			done += len(page)
			f.After = page[len(page)-1].Place()
		}
	}
}

// eventLine prints a row in one line.
func (p *program) eventLine(r stored.Row) error {
	parked := ""
	if r.Parking != nil {
		parked = "  parked: " + r.Parking.Reason
	}
	return p.print("%s  %s  %s %s%s\n", r.ID, r.Received.UTC().Format(time.RFC3339), r.EventType(), r.Subject, parked)
}

// eventPage prints all that is known of a row.
func (p *program) eventPage(r stored.Row) error {
	var err error
	line := func(name, value string) {
		if err == nil && value != "" {
			err = p.print("  %-10s %s\n", name, value)
		}
	}
	if err := p.print("%s\n", r.ID); err != nil {
		return err
	}
	line("type", r.EventType())
	line("subject", r.Subject)
	line("source", r.Source)
	line("mode", r.Mode)
	line("received", r.Received.UTC().Format(time.RFC3339Nano))
	if k := r.Parking; k != nil {
		line("parked", fmt.Sprintf("%s, after %d %s", k.Reason, k.Attempts, plural(k.Attempts, "attempt", "attempts")))
		line("", k.FirstError)
		if k.LastError != k.FirstError {
			line("", k.LastError)
		}
	}
	data := r.Data
	if r.Raw != nil && json.Valid(r.Raw) {
		data = r.Raw
	}
	var text bytes.Buffer
	if json.Indent(&text, data, "  ", "  ") != nil {
		text.Reset()
		text.WriteString("null")
	}
	if err != nil {
		return err
	}
	return p.printBytes("  ", text.Bytes())
}

// eventJSON prints a row as an element of a list.
func (p *program) eventJSON(list *jsonList, r stored.Row) error {
	text, err := r.CloudEvent()
	if err != nil {
		return err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		return err
	}
	return list.add(line.Bytes())
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"time"

	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

var mediaRebuildCommand = command{
	name:  "media rebuild",
	usage: "[FLAG…]",
	about: "fold the events of a database into the state of the media again",
	text: `Use it if the table of events is older than media=, or after a new version of this
program reads events better. First it lists which media the events are about, then it
folds some media at a time while it locks their rows. The functions go on meanwhile, and
columns that somebody added are left alone. If an event was pruned, the row keeps what
it knows.

An interruption loses nothing: run it again. With -state it goes on where it was. The
user needs the right to DELETE from the tables of media and, if they are not there yet,
to make them.

  vodctl media rebuild -state rebuild.json
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		k := &rebuild{program: p}
		fs.StringVar(&k.from, "from", "env", fromHelp)
		fs.StringVar(&k.state, "state", "", "keep the place in this `file`, and go on there")
		k.output = outputFlag(fs)
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("media rebuild takes flags only, not %q", args[0])
			}
			return k.run(ctx)
		}
	},
}

// Portions of a rebuild: events to list, and media to fold in one transaction.
const (
	listPortion = 512
	foldPortion = 128
)

// rebuild is one run of the command.
type rebuild struct {
	*program
	from, state string
	output      *format
	at          rebuildPlace
}

// rebuildPlace is the place that a rebuild has reached. The file of -state holds it
// as JSON.
type rebuildPlace struct {
	Table  string          `json:"table"`
	Events stored.Place    `json:"events"` // listed up to here
	Listed bool            `json:"listed"`
	Media  stored.MediaKey `json:"media"` // folded up to here
	Counts rebuildCounts   `json:"counts"`
}

type rebuildCounts struct {
	Events int `json:"events"`
	Media  int `json:"media"`
}

func (k *rebuild) run(ctx context.Context) error {
	t, err := openFrom(k.program, k.from, sink.OpenMedia)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := k.read(t.String()); err != nil {
		return err
	}
	if err := t.Prepare(ctx); err != nil {
		return err
	}
	bar := k.progress()
	defer bar.clear()
	if err := k.rebuild(ctx, t, bar); err != nil {
		bar.clear()
		how := "run it again"
		if k.state != "" {
			how = "the same command goes on there"
		}
		return &statusError{statusPartly, fmt.Sprintf("%v: %d events were listed and %d media folded; %s", err, k.at.Counts.Events, k.at.Counts.Media, how)}
	}
	bar.clear()
	if k.state != "" {
		if err := os.Remove(k.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("-state: %w", err)
		}
	}
	if *k.output == "json" {
		return k.printJSON(k.at.Counts)
	}
	k.say("%s: %d media were folded from %d events", t, k.at.Counts.Media, k.at.Counts.Events)
	return nil
}

func (k *rebuild) rebuild(ctx context.Context, t sink.MediaTable, bar *progress) error {
	all, err := within(ctx, func(ctx context.Context) (stored.Summary, error) { return t.Summary(ctx, stored.Filter{}) })
	if err != nil {
		return err
	}
	begin, before := time.Now(), k.at.Counts.Events
	for !k.at.Listed {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		place, n, err := t.Index(ctx, k.at.Events, listPortion)
		if err != nil {
			return err
		}
		k.at.Events, k.at.Listed = place, n == 0
		k.at.Counts.Events += n
		if err := k.write(); err != nil {
			return err
		}
		bar.show("listed %s", pace(k.at.Counts.Events-before, all.Events-before, time.Since(begin)))
	}
	for begin := time.Now(); ; {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		key, n, err := t.Fold(ctx, k.at.Media, foldPortion)
		if err != nil || n == 0 {
			return err
		}
		k.at.Media = key
		k.at.Counts.Media += n
		if err := k.write(); err != nil {
			return err
		}
		bar.show("folded %d media, %.0f/s", k.at.Counts.Media, float64(k.at.Counts.Media)/time.Since(begin).Seconds())
	}
}

// read reads the file of -state, if there is one.
func (k *rebuild) read(table string) error {
	k.at.Table = table
	var kept rebuildPlace
	found, err := readState(k.state, &kept)
	if errors.Is(err, errStrange) || found && kept.Table != table {
		return misuse("-state: %s does not hold the place of a rebuild of this table; name another file", k.state)
	}
	if err != nil || !found {
		return err
	}
	k.at = kept
	k.say("it goes on after %d events and %d media, as %s says", kept.Counts.Events, kept.Counts.Media, k.state)
	return nil
}

func (k *rebuild) write() error {
	if k.state == "" {
		return nil
	}
	return replaceFile(k.state, k.at)
}

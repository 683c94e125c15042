package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

var pruneCommand = command{
	name:  "events prune",
	usage: "-before TIME [FLAG…]",
	about: "delete old events from a database, never parked ones",
	text: `Counts the events that were received before a time, asks, and deletes them in portions
of 1,000, each a transaction of its own, so that the functions go on writing meanwhile.
A parked event stays, however old it is, until vodctl replay has delivered it. An
interruption loses nothing; run it again. It needs the rights to SELECT and DELETE.

VOD keeps events in its queue for 4 days (266/33433). An event that comes again after
its row was deleted is a new one.

  vodctl events prune -before 90d -dry-run
  vodctl events prune -before 90d -yes
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		k := &prune{program: p}
		fs.StringVar(&k.from, "from", "env", fromHelp)
		fs.Var(&k.before, "before", "delete what was received before this `time`: "+momentHelp)
		fs.BoolVar(&k.dryRun, "dry-run", false, "count, and delete nothing")
		fs.BoolVar(&k.yes, "yes", false, "do not ask; needed where there is no terminal")
		return func(ctx context.Context, args []string) error {
			switch {
			case len(args) > 0:
				return misuse("events prune takes flags only, not %q", args[0])
			case k.before.text == "":
				return misuse("events prune: before when? For example -before 90d")
			}
			return k.run(ctx)
		}
	},
}

// portion is how many rows are deleted at a time.
const portion = 1000

// queueTime is how long VOD keeps an event that nobody confirmed (266/33433).
const queueTime = 4 * 24 * time.Hour

// prune is one run of the command.
type prune struct {
	*program
	from        string
	before      moment
	dryRun, yes bool
}

func (k *prune) run(ctx context.Context) error {
	t, err := k.openTable(k.from)
	if err != nil {
		return err
	}
	defer t.Close()
	old, err := within(ctx, func(ctx context.Context) (stored.Summary, error) {
		return t.Summary(ctx, stored.Filter{Until: k.before.Time})
	})
	if err != nil {
		return err
	}
	all := old.Events - old.Parked
	stay := ""
	if old.Parked > 0 {
		stay = fmt.Sprintf("; %d parked %s", old.Parked, plural(old.Parked, "one stays", "ones stay"))
	}
	k.say("%s: %d %s received before %s%s", t, all, plural(all, "event was", "events were"), k.before.UTC().Format(time.RFC3339), stay)
	if all == 0 || k.dryRun {
		return nil
	}
	if time.Since(k.before.Time) < queueTime {
		k.say("VOD keeps events for 4 days: an event that comes again after its row was deleted is a new one.")
	}
	if !k.yes {
		ok, err := k.ask(ctx, "Delete them for good?")
		if err != nil {
			return err
		}
		if !ok {
			return &statusError{statusFailed, "nothing was deleted"}
		}
	}
	return k.delete(ctx, t, all)
}

// delete deletes the rows. all is about how many there are.
func (k *prune) delete(ctx context.Context, t sink.Table, all int) error {
	bar := k.progress()
	defer bar.clear()
	begin := time.Now()
	for done := 0; ; {
		n, err := 0, ctx.Err()
		if err == nil {
			n, err = within(ctx, func(ctx context.Context) (int, error) { return t.Prune(ctx, k.before.Time, portion) })
		}
		done += n
		switch {
		case err != nil:
			bar.clear()
			status := statusFailed
			if done > 0 {
				status = statusPartly
			}
			return &statusError{status, fmt.Sprintf("%v: %d of %d events were deleted; run it again for the rest", err, done, all)}
		case n == 0:
			bar.clear()
			k.say("deleted %d %s", done, plural(done, "event", "events"))
			return nil
		}
		bar.show("deleted %s", pace(done, all, time.Since(begin)))
	}
}

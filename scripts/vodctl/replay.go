package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/handler"
	"vodevents/shared/sink"
)

var replayCommand = command{
	name:  "replay",
	usage: "[FLAG…] FILE… | -from URL [FLAG…] [ID…]",
	about: "deliver events again, from dead letters, a log, a database or COS",
	text: `Reads files line by line, "-" for stdin: CloudEvents as a file: sink or DEAD_LETTER has
them, and whole logs of the functions, where an event that was parked without
DEAD_LETTER is in lines of level error, whole or in parts. Parts may come in any order.
A line may have any prefix, and up to 16 MB. From a log of CLS it reads the JSON, one
object a line: the text in SCF_Message, and the fields that CLS makes of JSON. Other
lines are skipped and counted. An event that is cut off, or of which a part is missing,
is listed like one that could not be delivered.

With -from it reads the table that a postgres:// or mysql:// sink writes, or the objects
of a cos:// sink: all events, those with the ids that are given, or those that the
flags ask for, in the order in which they were received, with the exact bytes where
the table has them. The right to SELECT, or to list and get objects, is enough, and
reading changes nothing there. It counts them first and asks. Events that are received
after the count are left out. A bucket has no index: every object of the days that are
asked for is read, for the count and again for the delivery, and within a day the order
is that of the ids.

Each event goes the same way as in the functions: DEDUP tells whether it was delivered
before, shared/handler gets it, then every sink of SINK; the default SINK prints it.
Ids and times stay as they were. DEDUP=memory: knows only this run, so give it the DEDUP
of the functions; an event that is parked there may be delivered here. With -to events
go only to those sinks, without DEDUP and handler.

A replay parks nothing: it lists each event that fails on stderr, with its line and id.
Then the exit status is 3, or 1 if nothing could be delivered. Remove the cause and
replay the file, or those ids, again. The replay stops when a sink is down.

A replay from a database that is interrupted, or stops, prints how to go on: -after and
the place that it has reached. With -state FILE the place is kept in a file: the same
command goes on from there, even after the process was killed, and then at most 64
events are delivered twice. The file is removed when the replay is complete.

  export SINK=postgres://… DEDUP=postgres://…
  vodctl replay -dry-run -type NewFileUpload -since 48h dead.jsonl
  vodctl replay dead.jsonl
  vodctl replay -from env -parked
  vodctl replay -from env:OLD -to env:NEW -since 90d -state replay.state -yes
  vodctl replay -from 'cos://archive-1250000000/vod?region=ap-beijing' -since 2d
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		r := &replay{program: p}
		r.register(fs, "")
		fs.BoolVar(&r.dryRun, "dry-run", false, "print what would be delivered, and deliver nothing")
		fs.BoolVar(&r.noHandler, "no-handler", false, "leave out the handler, your code in shared/handler")
		fs.StringVar(&r.to, "to", "", "deliver to these `URLs`, written as in SINK, without DEDUP and handler; env:NAME takes them from the variable NAME")
		fs.StringVar(&r.state, "state", "", "with -from: keep the place in this `file`, and go on there")
		fs.BoolVar(&r.yes, "yes", false, "with -from: do not ask; needed where there is no terminal")
		return func(ctx context.Context, args []string) error {
			if err := r.check(); err != nil {
				return err
			}
			if r.from != "" {
				return r.runTable(ctx, args)
			}
			switch {
			case len(args) == 0:
				return misuse("replay: give a file, - for stdin, or a database or bucket by -from")
			case r.limit > 0 || !r.after.IsZero() || r.state != "":
				return misuse("replay: -limit, -after and -state are for databases: name one with -from")
			}
			return r.run(ctx, args)
		}
	},
}

// maxDown is how many batches in a row may find a sink down.
const maxDown = 3

// replay is one run of the command.
type replay struct {
	*program
	selection
	dryRun, noHandler, yes bool
	to, state              string

	parkings parkings
	bar      *progress
	mu       sync.Mutex // of what follows, and of the output
	tally
	down int // batches in a row that found a sink down
}

// tally counts what became of lines and events.
type tally struct {
	lines, others, broken       int // lines; those that hold no event; those that hold one that cannot be read
	filtered                    int // events that were not asked for
	delivered, repeated, failed int // events
	unwanted                    int // events that no sink wants
	untried                     int // events that were not tried, because a sink is down
}

// environment returns where the variables come from: -to replaces SINK and switches
// DEDUP off.
func (r *replay) environment() (getenv func(string) string, err error) {
	if r.to == "" {
		return r.getenv, nil
	}
	to, variable := r.fromEnv(r.to, "SINK")
	if to == "" {
		return nil, misuse("-to: %s is not set", variable)
	}
	if variable == "" {
		for _, u := range strings.Fields(to) {
			r.warnOfPassword("-to", u)
		}
	}
	return func(name string) string {
		switch name {
		case "SINK":
			return to
		case "DEDUP":
			return config.DedupOff
		}
		return r.getenv(name)
	}, nil
}

// open opens the sinks. done must be called: it makes what the sinks accepted
// durable.
func (r *replay) open() (p *deliver.Pipeline, cfg config.Config, done func() error, err error) {
	getenv, err := r.environment()
	if err != nil {
		return nil, cfg, nil, err
	}
	does := handler.Event
	if r.noHandler || r.to != "" {
		does = nil
	}
	var outlets sink.Outlets
	cfg, err = config.Read(getenv, config.Both)
	if err == nil {
		logLevel.Set(cfg.LogLevel)
		cfg.DeadLetter = "" // what fails is listed, and not parked again
		p, err = outlets.Pipeline(cfg, deliver.Replayed, does)
	}
	if err != nil && r.to != "" {
		err = misuse("%s", strings.Replace(err.Error(), "SINK:", "-to:", 1))
	}
	return p, cfg, outlets.Close, err
}

func (r *replay) run(ctx context.Context, files []string) error {
	p, _, done, err := r.open()
	if err != nil {
		return err
	}
	defer done()

	r.bar = r.progress()
	batches := make(chan []located)
	var running sync.WaitGroup
	for range redeliver.Workers {
		running.Go(func() {
			for batch := range batches {
				r.deliver(ctx, p, batch)
			}
		})
	}
	err = r.read(ctx, files, batches)
	close(batches)
	running.Wait()
	r.bar.clear()
	return r.report(err)
}

// tell prints a message in place of the progress line, which returns later.
func (r *replay) tell(format string, args ...any) {
	r.bar.clear()
	r.say(format, args...)
}

// deliver delivers a batch from a file and notes what became of each event.
func (r *replay) deliver(ctx context.Context, p *deliver.Pipeline, batch []located) {
	if r.dryRun {
		r.list(batch)
		return
	}
	if r.skips(ctx, batch) {
		return
	}
	results := redeliver.Batch(ctx, p, eventsOf(batch))

	r.mu.Lock()
	defer r.mu.Unlock()
	down := false
	for i, result := range results {
		r.note(batch[i], result)
		down = down || failed(result) && result.Down
	}
	if r.down++; !down {
		r.down = 0
	}
	r.bar.show("%d delivered, %d delivered before, %d failed, %d lines read", r.delivered, r.repeated, r.failed, r.lines)
}

// list prints what would be delivered.
func (r *replay) list(batch []located) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range batch {
		r.delivered++
		r.print("%s  %s  %s %s\n", e.ID, e.Received.UTC().Format(time.RFC3339), e.Type, e.Subject)
	}
}

// eventsOf returns the events without their places.
func eventsOf(all []located) []*event.Event {
	events := make([]*event.Event, len(all))
	for i, e := range all {
		events[i] = e.Event
	}
	return events
}

// failed tells whether an event was not delivered. An unknown fate is a failure.
func failed(result deliver.Result) bool {
	return !result.Fate.Settled()
}

// note counts what became of an event, and lists it if it failed. r.mu is held.
func (r *replay) note(e located, result deliver.Result) {
	switch {
	case failed(result):
		r.failed++
		r.tell("%s: not delivered: %s (%s %s): %v", e.place, e.ID, e.Type, e.Subject, result.Cause)
	case result.Fate == deliver.Duplicate:
		r.repeated++
	case result.Fate == deliver.Unwanted:
		r.unwanted++
	default:
		r.delivered++
	}
}

// skips tells whether a batch must not be tried, and then lists its events.
func (r *replay) skips(ctx context.Context, batch []located) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down < maxDown && ctx.Err() == nil {
		return false
	}
	for _, e := range batch {
		r.untried++
		r.tell("%s: not tried: %s (%s %s)", e.place, e.ID, e.Type, e.Subject)
	}
	return true
}

// sorted returns the part of a report about types=.
func (r *replay) sorted() string {
	if r.unwanted == 0 {
		return ""
	}
	return fmt.Sprintf("%d unwanted by every sink, ", r.unwanted)
}

// report prints the totals and returns the error of the command. err, if any,
// ended the reading.
func (r *replay) report(err error) error {
	what := "delivered"
	if r.dryRun {
		what = "would be delivered"
	}
	r.say("%d %s, %d delivered before, %s%d failed, %d not tried, %d filtered out; of %d lines %d held no event and %d a broken one",
		r.delivered, what, r.repeated, r.sorted(), r.failed, r.untried, r.filtered, r.lines, r.others, r.broken)
	failed := r.failed + r.untried + r.broken
	all := failed + r.delivered + r.repeated + r.unwanted
	if err != nil {
		status := statusFailed
		if r.delivered > 0 && !r.dryRun {
			status = statusPartly
		}
		return &statusError{status, fmt.Sprintf("%v: what follows was not read", err)}
	}
	reason := ""
	if r.untried > 0 {
		reason = ", and the replay stopped because a sink is down"
	}
	return count(failed, all, "%d of %d events were not delivered%s", failed, all, reason)
}

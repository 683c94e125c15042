package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path"
	"sync"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/handler"
	"vodevents/shared/sink"
)

var replayCommand = command{
	name:  "replay",
	usage: "[FLAG…] FILE…",
	about: "deliver parked events again, from dead letters or from the log",
	text: `Reads files line by line, "-" for stdin: CloudEvents as a file: sink or DEAD_LETTER has
them, and whole logs of the functions, where an event that was parked without
DEAD_LETTER stands in lines of level error, whole or in parts. Parts may come in any
order. A line may have any prefix, and 16 MB. Of a log out of CLS it reads the JSON,
one object a line: the text in SCF_Message, and the fields that CLS makes of JSON.
Other lines are passed over and counted. An event that is cut off, or of which a part
is missing, is listed like one that could not be delivered.

Each event goes the way that it goes in the functions: DEDUP tells whether it was
delivered before, shared/handler gets it, then every sink of SINK; with the default
SINK it is printed. Ids and times stay as they were. DEDUP=memory: knows of this run
only, so give it the DEDUP of the functions; an event that is parked there may be
delivered here. Nothing is parked by a replay: what fails is listed on stderr with its
line and id. Then the exit status is 3, or 1 if nothing could be delivered. Mend the
reason and replay the file again. The replay stops when a sink is down.

  export SINK=postgres://… DEDUP=postgres://…
  vodctl replay -dry-run -type NewFileUpload -since 48h dead.jsonl
  vodctl replay dead.jsonl
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		r := &replay{program: p}
		fs.BoolVar(&r.dryRun, "dry-run", false, "print what would be delivered, and deliver nothing")
		noHandler := fs.Bool("no-handler", false, "leave out the handler, your code in shared/handler")
		fs.StringVar(&r.eventType, "type", "", "only events of this `type`; NewFileUpload, or with a *")
		fs.StringVar(&r.subject, "subject", "", "only events about this `id`, or with a *")
		fs.Func("since", "only events that were received at this `time` or later: 2026-11-24, 2026-11-24T08:00:00Z, or 48h for so long ago", parseTime(&r.since))
		fs.Func("until", "only events that were received before this `time`", parseTime(&r.until))
		return func(ctx context.Context, files []string) error {
			if len(files) == 0 {
				return misuse("replay: give a file, or - for stdin")
			}
			for _, pattern := range []string{r.eventType, r.subject} {
				if _, err := path.Match(pattern, ""); err != nil {
					return misuse("replay: %q is no pattern: %v", pattern, err)
				}
			}
			if !*noHandler {
				r.handler = handler.Event
			}
			return r.run(ctx, files)
		}
	},
}

// parseTime reads a date, a time, or a duration before now.
func parseTime(to *time.Time) func(string) error {
	return func(s string) error {
		if ago, err := time.ParseDuration(s); err == nil {
			*to = time.Now().Add(-ago)
			return nil
		}
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, s); err == nil {
				*to = t
				return nil
			}
		}
		return errors.New("write 2026-11-24 (in UTC), 2026-11-24T08:00:00Z, or 48h for so long ago")
	}
}

const (
	// workers is how many batches of vod.MaxEvents are delivered side by side.
	workers = 4

	// batchTime is how long one batch may take.
	batchTime = time.Minute

	// maxDown is how many batches in a row may find a sink down.
	maxDown = 3
)

// replay is one run of the command.
type replay struct {
	*program
	handler            func(context.Context, *event.Event) error
	dryRun             bool
	eventType, subject string
	since, until       time.Time

	parkings parkings
	bar      *progress
	mu       sync.Mutex // of what follows, and of the output
	tally
	down int // batches in a row that found a sink down
}

// tally counts what became of lines and events.
type tally struct {
	lines, others, broken       int // lines; those that hold no event; those that hold one that cannot be read
	filtered                    int // events that are not asked for
	delivered, repeated, failed int // events
	untried                     int // events that were not tried, because a sink is down
}

func (r *replay) run(ctx context.Context, files []string) error {
	cfg, err := config.Read(r.getenv, config.Both)
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(r.stderr, &slog.HandlerOptions{Level: cfg.LogLevel})))
	var outlets sink.Outlets
	cfg.DeadLetter = "" // what fails is listed, and not parked again
	p, err := outlets.Pipeline(cfg, deliver.Replayed, r.handler)
	if err != nil {
		return err
	}
	defer outlets.Close() // what the sinks accepted is durable

	r.bar = r.progress()
	batches := make(chan []located)
	var running sync.WaitGroup
	for range workers {
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

// tell prints a message in place of the progress line, which comes back later.
func (r *replay) tell(format string, args ...any) {
	r.bar.clear()
	r.say(format, args...)
}

func (r *replay) wants(e *event.Event) bool {
	matches := func(pattern, s string) bool {
		if pattern == "" {
			return true
		}
		ok, _ := path.Match(pattern, s) // the pattern was checked
		return ok
	}
	return (matches(r.eventType, e.Type) || matches(r.eventType, e.CloudEventType())) &&
		matches(r.subject, e.Subject) &&
		(r.since.IsZero() || !e.Received.Before(r.since)) &&
		(r.until.IsZero() || e.Received.Before(r.until))
}

// deliver delivers a batch and notes what became of each event.
func (r *replay) deliver(ctx context.Context, p *deliver.Pipeline, batch []located) {
	if r.dryRun {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range batch {
			r.delivered++
			r.print("%s  %s  %s %s\n", e.ID, e.Received.UTC().Format(time.RFC3339), e.Type, e.Subject)
		}
		return
	}
	if r.skips(ctx, batch) {
		return
	}
	events := make([]*event.Event, len(batch))
	for i, e := range batch {
		events[i] = e.Event
	}
	// After an interruption, batches that are under way end first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	results := p.Deliver(ctx, events)

	r.mu.Lock()
	defer r.mu.Unlock()
	down := false
	for i, result := range results {
		switch e := batch[i]; result.Fate {
		case deliver.Delivered:
			r.delivered++
		case deliver.Duplicate:
			r.repeated++
		default:
			down = down || result.Down
			r.failed++
			r.tell("%s: not delivered: %s (%s %s): %v", e.place, e.ID, e.Type, e.Subject, result.Cause)
		}
	}
	if r.down++; !down {
		r.down = 0
	}
	r.bar.show("%d delivered, %d had been before, %d failed, %d lines read", r.delivered, r.repeated, r.failed, r.lines)
}

// skips tells whether a batch is not to be tried, and lists its events.
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

// report prints the totals and returns the error of the command. err, if any,
// ended the reading.
func (r *replay) report(err error) error {
	what := "delivered"
	if r.dryRun {
		what = "would be delivered"
	}
	r.say("%d %s, %d had been before, %d failed, %d not tried, %d filtered out; of %d lines %d held no event and %d a broken one",
		r.delivered, what, r.repeated, r.failed, r.untried, r.filtered, r.lines, r.others, r.broken)
	failed := r.failed + r.untried + r.broken
	all := failed + r.delivered + r.repeated
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

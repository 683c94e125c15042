package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/handler"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

var replayCommand = command{
	name:  "replay",
	usage: "[FLAG…] FILE…",
	about: "deliver parked events again, from dead letters or from the log",
	text: `Reads files line by line, "-" for stdin: CloudEvents as a file: sink or DEAD_LETTER has
them, and whole logs of the functions, where an event that was parked without
DEAD_LETTER stands in a line of level error, behind whatever prefix the platform gave
that line. Other lines are passed over and counted. A line may have 16 MB.

Each event goes the way that it goes in the functions: DEDUP tells whether it was
delivered before, shared/handler gets it, then every sink of SINK; with the default
SINK it is printed. Ids and times stay as they were. DEDUP=memory: knows of this run
only, so give it the DEDUP of the functions; an event that is parked there may be
delivered here. Nothing is parked by a replay: what fails is listed on stderr with its
line and id, and makes the exit status 3, or 1 if nothing could be delivered. Replay
the file again when the reason is mended. Where a sink is down the replay stops.

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
	// maxLine is the longest line that may hold an event, in bytes. The largest
	// event seen in the field has 10 kB.
	maxLine = 16 << 20

	// workers deliver batches of vod.MaxEvents side by side.
	workers = 4

	// batchTime is what one batch may take.
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

	bar *progress
	mu  sync.Mutex // of what follows, and of the output
	tally
	down int // batches in a row that found a sink down
}

// tally counts what became of lines and events.
type tally struct {
	lines, others, broken       int // lines; those that hold no event; those that hold one that cannot be read
	filtered                    int // events that are not asked for
	delivered, repeated, failed int // events
	untried                     int // events, because a sink is down
}

// located is an event and the line that it stands in.
type located struct {
	*event.Event
	place string
}

func (r *replay) run(ctx context.Context, files []string) error {
	cfg, err := config.Read(r.getenv, config.Both)
	if err != nil {
		return err
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(r.stderr, &slog.HandlerOptions{Level: cfg.LogLevel})))
	var outlets sink.Outlets
	out, err := outlets.Open(cfg.Sinks, "", cfg.Dedup)
	if err != nil {
		return err
	}
	defer outlets.Close() // what a sink said yes to is durable
	p := &deliver.Pipeline{Way: deliver.Replayed, Handler: r.handler, Sinks: out.Sinks, Store: out.Store}

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

// read sends the events of the files in batches.
func (r *replay) read(ctx context.Context, files []string, batches chan<- []located) error {
	var batch []located
	flush := func() {
		if len(batch) > 0 {
			batches <- batch
			batch = nil
		}
	}
	defer flush()
	for _, file := range files {
		err := r.readFile(ctx, file, func(e located) {
			if batch = append(batch, e); len(batch) == vod.MaxEvents {
				flush()
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readFile gives each event of a file that is asked for to take.
func (r *replay) readFile(ctx context.Context, file string, take func(located)) error {
	in := r.stdin
	if file == "-" {
		file = "stdin"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		in = f
		if info.Mode().IsRegular() {
			// If it is a sink as well it grows meanwhile, without an end.
			in = io.LimitReader(f, info.Size())
		}
	}
	lines := bufio.NewReaderSize(in, 64<<10)
	var buf []byte
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted at %s:%d", file, n)
		}
		line, tooLong, err := readLine(lines, buf[:0], maxLine)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", file, n, err)
		}
		buf = line
		place := fmt.Sprintf("%s:%d", file, n)
		var e *event.Event
		if tooLong {
			err = fmt.Errorf("the line has more than %d MB", maxLine>>20)
		} else {
			e, err = findEvent(line)
		}
		wanted := r.note(place, e, err)
		if wanted {
			e.Parking = nil // it has another chance
			take(located{e, place})
		}
	}
}

// note counts a line and tells whether its event is asked for.
func (r *replay) note(place string, e *event.Event, err error) (wanted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines++
	switch {
	case err != nil:
		r.broken++
		r.tell("%s: not replayed: %v", place, err)
	case e == nil:
		r.others++
	case !r.wants(e):
		r.filtered++
	default:
		return true
	}
	return false
}

// tell says something between two states of the progress line.
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
	// An interruption lets the batches that are under way end.
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

// skips tells whether a batch is not worth a try, and lists it.
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

// report says what became of it all. err ended the reading.
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

// readLine reads a line without its end, into buf. Of a line that is longer
// than most it keeps nothing. At the end of the input the error is io.EOF.
func readLine(r *bufio.Reader, buf []byte, most int) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong {
			buf = append(buf, part...)
			if len(buf) > most+1 {
				buf, tooLong = buf[:0], true
			}
		}
		switch {
		case err == nil:
			return bytes.TrimSuffix(buf, []byte("\n")), tooLong, nil
		case err == bufio.ErrBufferFull:
		case err == io.EOF && (len(buf) > 0 || tooLong):
			return buf, tooLong, nil
		default:
			return buf, tooLong, err
		}
	}
}

// maxObjects is how many braces of a line are taken for the beginning of an
// object: a prefix may have some, but a line of braces only must end, too.
const maxObjects = 16

// findEvent finds the event in a line: a CloudEvent, or a record of the log at
// level error with one in its member event, behind any prefix. Without an event
// both results are nil; the error is about an event that cannot be read.
func findEvent(line []byte) (*event.Event, error) {
	torn := false
	for tries := 0; tries < maxObjects; tries++ {
		open := bytes.IndexByte(line, '{')
		if open < 0 {
			break
		}
		line = line[open:]
		var object json.RawMessage
		objects := json.NewDecoder(bytes.NewReader(line))
		if objects.Decode(&object) != nil {
			torn = torn || bytes.Contains(line, []byte(`"specversion"`))
			line = line[1:]
			continue
		}
		line = line[objects.InputOffset():]
		var record struct {
			Level string
			Event json.RawMessage
		}
		json.Unmarshal(object, &record) // what does not fit is some other program's
		switch {
		case isOurs(object):
			return event.ParseCloudEvent(object)
		case strings.EqualFold(record.Level, "error") && isOurs(record.Event):
			return event.ParseCloudEvent(record.Event)
		}
	}
	if torn {
		return nil, errors.New("an event stands in the line but is cut off or damaged")
	}
	return nil, nil
}

// isOurs tells whether JSON claims to be a CloudEvent of this project.
func isOurs(object json.RawMessage) bool {
	var claim struct{ SpecVersion, Type string }
	return json.Unmarshal(object, &claim) == nil && claim.SpecVersion != "" && strings.HasPrefix(claim.Type, "com.tencent.cloud.vod.")
}

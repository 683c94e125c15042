package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink"
	"vodevents/shared/sink/stored"
)

const (
	// queryTime is the most time that a database may take for one statement. It
	// needs a while to find a page among millions of rows that do not match.
	queryTime = 10 * time.Minute

	// fromHelp is the help of -from.
	fromHelp = "the `URL` of the database or bucket, as SINK has it; env takes it from SINK, env:NAME from the variable NAME, which keeps its password out of the process list"
)

// selection has the flags that choose events, in files or in the table of a
// database.
type selection struct {
	from               string
	eventType, subject string
	since, until       moment
	parked             bool
	limit              int
	after              placeFlag
}

// register registers the flags. after and limit work only with databases.
func (s *selection) register(fs *flag.FlagSet, from string) {
	fs.StringVar(&s.from, "from", from, fromHelp)
	fs.StringVar(&s.eventType, "type", "", "only events of this `type`; NewFileUpload, or with * for any text and ? for one character")
	fs.StringVar(&s.subject, "subject", "", "only events about this `id`, a FileId or TaskId, or with * and ?")
	fs.Var(&s.since, "since", "only events that were received at this `time` or later: "+momentHelp)
	fs.Var(&s.until, "until", "only events that were received before this `time`")
	fs.BoolVar(&s.parked, "parked", false, "only events that are parked")
	fs.IntVar(&s.limit, "limit", 0, "at most `N` events, the oldest ones; 0: all of them")
	fs.Var(&s.after, "after", "only events after this `place`, as an interruption prints it: TIME,ID")
}

// check checks what no flag can check for itself.
func (s *selection) check() error {
	for _, pattern := range []string{s.eventType, s.subject} {
		if strings.ContainsAny(pattern, `[\`) {
			return misuse("%q: a pattern knows * for any text and ? for one character, and neither [ nor \\", pattern)
		}
	}
	if s.limit < 0 {
		return misuse("-limit must not be below 0")
	}
	return nil
}

// filter returns the selection as the filter of a table.
func (s *selection) filter(ids []string) stored.Filter {
	f := stored.Filter{
		IDs: ids, Type: s.eventType, Subject: s.subject,
		Since: s.since.Time, Until: s.until.Time, After: s.after.Place,
	}
	if s.parked {
		f.Parked = new(true)
	}
	return f
}

// wants tells whether the selection has an event from a file: as a table chooses its
// rows.
func (s *selection) wants(e *event.Event) bool {
	return s.filter(nil).Wants(stored.Row{Type: e.CloudEventType(), Subject: e.Subject, Received: e.Received, Parking: e.Parking})
}

// openTable opens the table that a flag -from names.
func (p *program) openTable(from string) (sink.Table, error) {
	return openFrom(p, from, sink.OpenTable)
}

// openFrom opens what a flag -from names in a database.
func openFrom[T sink.Table](p *program, from string, open func(string) (T, error)) (T, error) {
	found, variable := p.fromEnv(from, "SINK")
	if variable == "" {
		p.warnOfPassword("-from", found)
		return named[T]("-from")(open(found))
	}
	var none T
	tables := slices.DeleteFunc(strings.Fields(found), func(u string) bool { return !sink.HasTable(u) })
	// A bucket beside a database is its archive, so take what can be queried.
	if databases := slices.DeleteFunc(slices.Clone(tables), isBucket); len(databases) > 0 {
		tables = databases
	}
	switch len(tables) {
	case 0:
		return none, misuse("%s names no database; name one with -from: postgres://…, mysql://…, cos://…, or env:NAME of the variable that holds its URL", variable)
	case 1:
		return named[T](variable)(open(tables[0]))
	}
	return none, misuse("%s names %d databases; choose one with -from", variable, len(tables))
}

func isBucket(u string) bool { return strings.HasPrefix(strings.ToLower(u), "cos:") }

// named puts the name of a flag or variable before an error about its value.
func named[T any](name string) func(T, error) (T, error) {
	return func(t T, err error) (T, error) {
		if err != nil {
			return t, misuse("%s: %v", name, err)
		}
		return t, nil
	}
}

// warnOfPassword warns that a flag has shown a password to others.
func (p *program) warnOfPassword(name, address string) {
	u, err := url.Parse(address)
	if err != nil {
		return // its fault is reported elsewhere
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		p.say("The password in %[1]s shows in the process list and in the shell's history; %[1]s env:NAME keeps it out of both.", name)
	}
}

// within limits one statement of a database to queryTime.
func within[T any](ctx context.Context, statement func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	result, err := statement(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("the database took over %v: ask for less, by -since and -until, or look at its load (%w)", queryTime, err)
	}
	return result, err
}

// summary asks the table what it holds, and returns the filter with an end: rows
// that come from now on are not asked for.
func summary(ctx context.Context, t sink.Table, f stored.Filter) (stored.Summary, stored.Filter, error) {
	s, err := within(ctx, func(ctx context.Context) (stored.Summary, error) { return t.Summary(ctx, f) })
	if err == nil && s.Events > 0 {
		f.Until = s.Last.Add(time.Microsecond) // a database keeps microseconds
	}
	return s, f, err
}

// spell puts a summary into words.
func spell(s stored.Summary) string {
	if s.Events == 0 {
		return "no events"
	}
	parked := ""
	if s.Parked > 0 {
		parked = fmt.Sprintf(", %d of them parked", s.Parked)
	}
	return fmt.Sprintf("%d %s%s, received from %s to %s", s.Events, plural(s.Events, "event", "events"), parked,
		s.First.UTC().Format(time.RFC3339), s.Last.UTC().Format(time.RFC3339))
}

// momentHelp is how a moment is written.
const momentHelp = "2026-11-24 (in UTC), 2026-11-24T08:00:00Z, or 48h or 90d for so long ago"

// moment is the value of a flag: a date, a time, or how long ago.
type moment struct {
	time.Time
	text string
}

func (m *moment) String() string { return m.text }

func (m *moment) Set(s string) error {
	if ago, ok := parseAgo(s); ok {
		*m = moment{time.Now().Add(-ago), s}
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		t, err := time.Parse(layout, s)
		switch {
		case err != nil:
		case !stored.Holds(t): // the zero time is one of them, and would be no bound
			return errors.New("the year must be 1000 to 9999: write " + momentHelp)
		default:
			*m = moment{t, s}
			return nil
		}
	}
	return errors.New("write " + momentHelp)
}

// parseAgo reads a duration that may begin with days: 90d, 1d12h, 30m.
func parseAgo(s string) (ago time.Duration, ok bool) {
	if days, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, false
		}
		ago, s = time.Duration(n)*24*time.Hour, rest
		if rest == "" {
			return ago, true
		}
	}
	d, err := time.ParseDuration(s)
	return ago + d, err == nil && d >= 0 && ago+d >= 0
}

// placeFlag is the value of -after.
type placeFlag struct{ stored.Place }

func (p *placeFlag) String() string {
	if p == nil || p.IsZero() {
		return ""
	}
	return p.Place.String()
}

func (p *placeFlag) Set(s string) (err error) {
	p.Place, err = stored.ParsePlace(s)
	return err
}

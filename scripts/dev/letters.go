package main

import (
	"context"
	"fmt"
	"net/http"
	"os/user"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/dev/letters"
	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/handler"
	"vodevents/shared/sink"
)

// openLetters finds out where the functions park events and opens the desk there:
// dev's own memory beside the stand-in, unless DEAD_LETTER is set; the table of
// DEAD_LETTER, if it is a database.
func (d *dev) openLetters(at addresses) error {
	set := d.env.Get("DEAD_LETTER")
	o := letters.Options{Pipeline: d.again, Who: osUser(), Told: d.dealtWith, Changed: d.journal.Touch}
	switch {
	case set == "" && !d.opt.real:
		memory := &letters.Memory{Changed: d.journal.Touch}
		d.deadLetters, d.deadLetterURL = memory, "http://"+at.sink.Addr().String()+deadPath
		o.Place, d.desk.Waiting = memory, memory.Len
	case set == "":
		d.desk.Elsewhere = "DEAD_LETTER is not set: the functions' log has each parked event whole, and vodctl replay FILE delivers it from there"
		return nil
	case !isDatabase(set):
		d.desk.Elsewhere = config.Variable{Secrecy: config.URLs}.Show(set) + " has the parked events, as DEAD_LETTER says: vodctl replay delivers them from there"
		return nil
	default:
		table, err := sink.OpenDeadLetters(set)
		if err != nil {
			return fmt.Errorf("DEAD_LETTER: %w", err)
		}
		d.onClose(table.Close)
		o.Place, o.File = table, &letters.File{Path: d.opt.audit}
		d.onClose(func() { o.File.Close() })
	}
	d.desk.Letters = letters.New(o)
	d.desk.To = func() string { return config.Variable{Secrecy: config.URLs}.Show(d.variables()["SINK"]) }
	d.onClose(func() { d.outlets.Close() })
	return nil
}

// deadPath is where dev's own dead letters are, beside its sink.
const deadPath = "/dead"

// ownSinks serves dev's own sink and its dead letters.
func (d *dev) ownSinks() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", d.sink)
	if d.deadLetters != nil {
		mux.Handle(deadPath, d.deadLetters)
	}
	return mux
}

// again returns the pipeline for parked events that are delivered again: the one of a
// replay, to the sinks that the functions have now.
func (d *dev) again() (*deliver.Pipeline, error) {
	env := slices.Clone(d.fenv)
	for name, value := range d.variables() {
		env = append(env, name+"="+value)
	}
	cfg, err := config.Read(env.Get, config.Both)
	if err != nil {
		return nil, err
	}
	own := cfg.Sinks[0] // stdout:, by which dev sees what comes out of the functions
	cfg.Sinks, cfg.DeadLetter = cfg.Sinks[1:], ""
	p, err := d.outlets.Pipeline(cfg, deliver.Replayed, handler.Event)
	if err != nil {
		return nil, err
	}
	sees := &ownEyes{d}
	types, err := sink.Types(own)
	if err != nil {
		return nil, err
	}
	p.Sinks = slices.Insert(p.Sinks, 0, deliver.Sink(sees))
	if !types.All() {
		if p.Types == nil {
			p.Types = map[deliver.Sink]event.Types{}
		}
		p.Types[sees] = types
	}
	return p, nil
}

// ownEyes is a sink in place of stdout. It shows dev what is delivered again.
type ownEyes struct{ dev *dev }

// Send implements [deliver.Sink].
func (s *ownEyes) Send(_ context.Context, events []*event.Event) []error {
	at := time.Now()
	for _, e := range events {
		s.dev.journal.OutAgain(e, e.AppendCloudEvent(nil), at)
		s.dev.terminal.event(e, at)
	}
	return make([]error, len(events))
}

func (s *ownEyes) CloseIdle()   {}
func (s *ownEyes) Close() error { return nil }

// dealtWith tells the journal what somebody did with a dead letter.
func (d *dev) dealtWith(l letters.Entry) {
	text := strings.TrimSuffix(fmt.Sprintf("%s by %s: %s", l.What, l.Who, l.Text), ": ")
	if l.What == letters.Delivered {
		if e, err := l.Row.Event(); err == nil {
			d.journal.DeliveredAgain(d.byVODsClock(e), text, l.Time)
			return
		}
	}
	d.journal.StillParked(l.Row.ID, text, l.Time)
}

func isDatabase(u string) bool {
	name, _, _ := strings.Cut(strings.ToLower(u), ":")
	return slices.Contains([]string{"postgres", "postgresql", "mysql"}, name)
}

// osUser returns the user who runs dev. Whoever reaches the page acts as this user.
func osUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}

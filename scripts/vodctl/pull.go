package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"time"

	"vodevents/scripts/internal/term"
	"vodevents/shared/event"
	"vodevents/shared/vod"
)

var pullCommand = command{
	name:  "pull",
	usage: "[FLAG…]",
	about: "look at events in the queue, at most 16 for each application",
	text: `This is for looking, not for production: a pulled event is hidden from every other
receiver for 30 s, then it comes again (266/33433). Within that time "confirm" removes
it from the queue for good. -confirm does so as soon as the event is written, and then
this output is the only copy. An event that cannot be written, for example to a full
disk, is not confirmed. An empty queue holds the call for 5 s and is not a failure. In
production the function pull receives the events.

Each event is printed with its handle, the seconds that are left to confirm it, its
type and what it is about. With -o json it prints a list of SubAppId, EventHandle,
SecondsLeft, Type, Subject, Event (without its handle), and Confirmed.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		output := outputFlag(fs)
		confirm := fs.Bool("confirm", false, "confirm each event once it is printed: it is gone from VOD then")
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("pull takes no %q", args[0])
			}
			return p.pull(ctx, *output, *confirm)
		}
	},
}

// pulled is an event from the queue.
type pulled struct {
	*event.Event
	leaseEnd time.Time
}

// pullEvents pulls once. VOD cannot have leased the events before it was asked, so
// the lease counts from then. An empty queue is not an error. Events can come
// with an error: those before the place where an answer broke off.
func (a *account) pullEvents(ctx context.Context, app uint64) ([]pulled, error) {
	leaseEnd := time.Now().Add(vod.Lease)
	elements, err := a.PullEvents(ctx, app)
	if errors.Is(err, vod.ErrEmpty) {
		err = nil
	}
	events := make([]pulled, len(elements))
	for i, el := range elements {
		// An element that is not an event is shown, and can be confirmed, like one.
		e, _ := event.ParseScanned(el, event.Origin{Mode: event.Reliable, SubAppId: app, Received: time.Now()})
		events[i] = pulled{e, leaseEnd}
	}
	return events, err
}

func (p *program) pull(ctx context.Context, output format, confirm bool) error {
	a, err := p.connect(vod.NewTransport())
	if err != nil {
		return err
	}
	list := jsonList{program: p}
	printed := 0
	err = p.each(a, func(app uint64) error {
		events, broken := a.pullEvents(ctx, app)
		if len(events) == 0 && broken != nil {
			return broken
		}
		if len(events) == 0 {
			p.say("%s: nothing waits", appName(app))
			return nil
		}
		printed += len(events)
		if output == "json" {
			return errors.Join(broken, p.pulledJSON(ctx, a, app, events, &list, confirm))
		}
		return errors.Join(broken, p.pulledText(ctx, a, app, events, confirm))
	})
	if output == "json" {
		err = errors.Join(err, list.end())
	}
	if printed > 0 {
		p.say("An event that is not confirmed comes again 30 s after its pull.")
	}
	return err
}

// secondsLeft is how long an event can still be confirmed, in tenths.
func (e pulled) secondsLeft() float64 {
	return math.Floor(time.Until(e.leaseEnd).Seconds()*10) / 10
}

// pulledText prints events and then, if they are to be confirmed, confirms
// them. Nothing is confirmed that could not be written.
func (p *program) pulledText(ctx context.Context, a *account, app uint64, events []pulled, confirm bool) error {
	var handles []string
	for _, e := range events {
		var line bytes.Buffer
		if err := json.Compact(&line, e.AppendData(nil)); err != nil {
			return err
		}
		if err := p.print("%s  %.1f s left  %s %s\n", e.Handle, e.secondsLeft(), e.Type, e.Subject); err != nil {
			return err
		}
		if err := p.printBytes("  ", line.Bytes()); err != nil {
			return err
		}
		handles = append(handles, e.Handle)
	}
	if err := p.flush(); err != nil || !confirm {
		return err
	}
	refused, err := p.confirm(ctx, a, app, handles)
	return errors.Join(err, notConfirmed(refused, len(handles)))
}

func notConfirmed(failed, all int) error {
	return count(failed, all, "%d of %d events were not confirmed", failed, all)
}

// pulledJSON is pulledText for programs. The member Confirmed is the last of
// each event: all the others are written before the event is confirmed.
func (p *program) pulledJSON(ctx context.Context, a *account, app uint64, events []pulled, list *jsonList, confirm bool) error {
	type shown struct {
		SubAppId    uint64
		EventHandle string
		SecondsLeft float64
		Type        string
		Subject     string `json:",omitempty"`
		Event       json.RawMessage
		Confirmed   bool
	}
	confirmed, refused := 0, 0
	var failed error // a failure that is not about one handle
	for _, e := range events {
		text, err := indentedJSON("  ", shown{app, e.Handle, e.secondsLeft(), e.Type, e.Subject, e.AppendData(nil), false})
		if err != nil {
			return err
		}
		const last = "false\n  }"
		if err := list.add(bytes.TrimSuffix(text, []byte(last))); err != nil {
			return err
		}
		is := false
		if confirm && failed == nil {
			switch err := a.ConfirmEvents(ctx, app, []string{e.Handle}); {
			case err == nil:
				is = true
				confirmed++
			case errors.Is(err, vod.ErrRefused):
				refused++
				p.say("refused %s: %v", e.Handle, err)
			default:
				failed = err
			}
		}
		if err := list.more(fmt.Appendf(nil, "%t\n  }", is)); err != nil {
			return err
		}
	}
	if confirmed > 0 {
		p.say("confirmed %d %s", confirmed, plural(confirmed, "event", "events"))
	}
	return errors.Join(failed, notConfirmed(refused, len(events)))
}

// jsonList writes a list element by element. When a method returns, what it wrote
// has reached its file.
type jsonList struct {
	*program
	elements int
	broken   bool // the output accepts nothing more
}

// add begins an element.
func (l *jsonList) add(text []byte) error {
	before := ",\n  "
	if l.elements == 0 {
		before = "[\n  "
	}
	l.elements++
	return l.more(append([]byte(before), text...))
}

// more goes on with the element.
func (l *jsonList) more(text []byte) error {
	_, err := l.stdout.Write(term.JSON(text))
	if err == nil {
		err = l.flush()
	}
	l.broken = l.broken || err != nil
	return err
}

// end ends the list.
func (l *jsonList) end() error {
	switch {
	case l.broken:
		return nil // the error was returned before
	case l.elements == 0:
		return l.print("[]\n")
	}
	return l.print("\n]\n")
}

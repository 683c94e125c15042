package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

var pullCommand = command{
	name:  "pull",
	usage: "[FLAG…]",
	about: "look at events in the queue, 16 at most of each application",
	text: `For looking, not for production: what is pulled is hidden from every other receiver
for 30 s, then it comes again (266/33433). Within that time "confirm" takes it out of
the queue for good; -confirm does so at once, and then this output is the only copy.
An empty queue keeps the call waiting for 5 s and is no failure. The function pull is
what receives events in earnest.

Each event is printed with its handle, the seconds that are left to confirm it, its
type and what it is about. With -o json: a list of SubAppId, EventHandle,
SecondsLeft, Type, Subject, Event (without its handle), and Confirmed.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		output := outputFlag(fs)
		confirm := fs.Bool("confirm", false, "confirm all that was printed: it is gone from VOD then")
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("pull takes no %q", args[0])
			}
			return p.pull(ctx, *output, *confirm)
		}
	},
}

// pulled is an event out of the queue.
type pulled struct {
	*event.Event
	leaseEnd time.Time
}

// pullEvents pulls once. VOD cannot have lent the events before it was asked, so
// the lease counts from there. An empty queue is no error.
func (a *account) pullEvents(ctx context.Context, app uint64) ([]pulled, error) {
	leaseEnd := time.Now().Add(vod.Lease)
	raws, err := a.PullEvents(ctx, app)
	if err != nil && !errors.Is(err, vod.ErrEmpty) {
		return nil, err
	}
	events := make([]pulled, len(raws))
	for i, raw := range raws {
		// What is no event is shown, and can be confirmed, like any other.
		e, _ := event.Parse(raw, event.Origin{Mode: event.Reliable, SubAppId: app, Received: time.Now()})
		events[i] = pulled{e, leaseEnd}
	}
	return events, nil
}

func (p *program) pull(ctx context.Context, output format, confirm bool) error {
	a, err := p.connect(vod.NewTransport())
	if err != nil {
		return err
	}
	type shown struct {
		SubAppId    uint64
		EventHandle string
		SecondsLeft float64
		Type        string
		Subject     string `json:",omitempty"`
		Event       json.RawMessage
		Confirmed   bool
	}
	all := []shown{}
	printed := 0
	err = p.each(a, func(app uint64) error {
		events, err := a.pullEvents(ctx, app)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			p.say("%s: nothing waits", appName(app))
			return nil
		}
		printed += len(events)
		var handles []string
		first := len(all)
		for _, e := range events {
			handles = append(handles, e.Handle)
			left := math.Floor(time.Until(e.leaseEnd).Seconds()*10) / 10
			if output == "json" {
				all = append(all, shown{app, e.Handle, left, e.Type, e.Subject, e.AppendData(nil), false})
				continue
			}
			var line bytes.Buffer
			if err := json.Compact(&line, e.AppendData(nil)); err != nil {
				return err
			}
			if err := p.print("%s  %.1f s left  %s %s\n  %s\n", e.Handle, left, e.Type, e.Subject, &line); err != nil {
				return err // and nothing is confirmed that nobody has seen
			}
		}
		if !confirm {
			return nil
		}
		refused, err := p.confirm(ctx, a, app, handles)
		for i, handle := range handles {
			if output == "json" {
				all[first+i].Confirmed = err == nil && !refused[handle]
			}
		}
		return errors.Join(err, count(len(refused), len(handles), "%d of %d events were not confirmed", len(refused), len(handles)))
	})
	if output == "json" {
		if err := p.printJSON(all); err != nil {
			return err
		}
	}
	if printed > 0 {
		p.say("For looking only: what is not confirmed comes again 30 s after it was pulled.")
	}
	return err
}

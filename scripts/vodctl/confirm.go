package main

import (
	"context"
	"errors"
	"flag"
	"slices"

	"vodevents/shared/vod"
)

var confirmCommand = command{
	name:  "confirm",
	usage: "[FLAG…] HANDLE…",
	about: "take pulled events out of the queue for good, by their handles",
	text: `A handle can be confirmed within 30 s of its pull; later its event comes again, with
another handle maybe (266/33434). It belongs to one application, so -sub-app-id must
name it where there are several.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		return func(ctx context.Context, handles []string) error {
			if len(handles) == 0 {
				return misuse("confirm: which handles? `vodctl pull` prints them")
			}
			a, err := p.connect(vod.NewTransport())
			if err != nil {
				return err
			}
			app, err := a.one()
			if err != nil {
				return err
			}
			refused, err := p.confirm(ctx, a, app, handles)
			if err != nil {
				return err
			}
			return count(len(refused), len(handles), "%d of %d handles were refused", len(refused), len(handles))
		}
	},
}

// confirm confirms handles, as many at a time as VOD takes. VOD answers for a
// group as a whole, so the handles of a refused group are tried one by one; it
// says which, and returns those that were refused.
func (p *program) confirm(ctx context.Context, a *account, app uint64, handles []string) (refused map[string]bool, err error) {
	refused = map[string]bool{}
	for group := range slices.Chunk(handles, vod.MaxEvents) {
		err := a.ConfirmEvents(ctx, app, group)
		if err == nil {
			p.say("confirmed %d %s", len(group), plural(len(group), "event", "events"))
			continue
		}
		if !errors.Is(err, vod.ErrBadHandle) {
			return refused, err
		}
		for _, handle := range group {
			if len(group) > 1 {
				err = a.ConfirmEvents(ctx, app, []string{handle})
			}
			switch {
			case err == nil:
				p.say("confirmed %s", handle)
			case errors.Is(err, vod.ErrBadHandle):
				refused[handle] = true
				p.say("refused %s: %v", handle, err)
			default:
				return refused, err
			}
		}
	}
	return refused, nil
}

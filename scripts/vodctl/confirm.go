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
	text: `A handle can be confirmed within 30 s of its pull. Later its event comes again,
perhaps with another handle (266/33434). A handle belongs to one application: if there
are several, name it with -sub-app-id.
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
			return count(refused, len(handles), "%d of %d handles were refused", refused, len(handles))
		}
	},
}

// confirm confirms handles, as many at a time as VOD takes. A handle that is given
// twice counts once. VOD accepts or refuses a group as a whole, so the handles of a
// refused group are tried one by one. It prints the refused handles and returns
// their number.
func (p *program) confirm(ctx context.Context, a *account, app uint64, handles []string) (refused int, err error) {
	handles = slices.Compact(slices.Sorted(slices.Values(handles)))
	for group := range slices.Chunk(handles, vod.MaxEvents) {
		err := a.ConfirmEvents(ctx, app, group)
		if err == nil {
			p.say("confirmed %d %s", len(group), plural(len(group), "event", "events"))
			continue
		}
		if !errors.Is(err, vod.ErrRefused) {
			return refused, err
		}
		for _, handle := range group {
			if len(group) > 1 {
				err = a.ConfirmEvents(ctx, app, []string{handle})
			}
			switch {
			case err == nil:
				p.say("confirmed %s", handle)
			case errors.Is(err, vod.ErrRefused):
				refused++
				p.say("refused %s: %v", handle, err)
			default:
				return refused, err
			}
		}
	}
	return refused, nil
}

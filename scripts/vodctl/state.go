package main

import (
	"context"
	"flag"

	"vodevents/shared/vod"
)

var stateCommand = command{
	name:  "state",
	usage: "[FLAG…]",
	about: "show about how many events wait in the queue of each application",
	text: `The number is approximate and about 3 minutes old. VOD asks not to use it to decide
whether to pull (266/48758). Events wait for 4 days at most (266/33433).

With -o json a list with an element for each application: SubAppId and
CountOfEventsToPull, or Error.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		output := outputFlag(fs)
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("state takes no %q", args[0])
			}
			return p.state(ctx, *output)
		}
	},
}

func (p *program) state(ctx context.Context, output format) error {
	a, err := p.connect(vod.NewTransport())
	if err != nil {
		return err
	}
	type appState struct {
		SubAppId            uint64
		CountOfEventsToPull *uint64 `json:",omitempty"`
		Error               string  `json:",omitempty"`
	}
	var all []appState
	err = p.each(a, func(app uint64) error {
		n, err := a.DescribeEventsState(ctx, app)
		if err != nil {
			all = append(all, appState{SubAppId: app, Error: err.Error()})
			return err
		}
		all = append(all, appState{SubAppId: app, CountOfEventsToPull: &n})
		if output == "json" {
			return nil
		}
		return p.print("%s: about %d %s\n", appName(app), n, plural(n, "event waits", "events wait"))
	})
	if output == "json" {
		if err := p.printJSON(all); err != nil {
			return err
		}
	} else if err == nil {
		p.say("The number is about 3 minutes old.")
	}
	return err
}

func plural[N int | uint64](n N, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

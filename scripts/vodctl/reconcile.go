package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/reconcile"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

var reconcileCommand = command{
	name:  "reconcile",
	usage: "[FLAG…]",
	about: "ask VOD what was missed, and repair it",
	text: `Compares a database that a sink with media=vod_media keeps with what VOD says, for each
application. It finds tasks of the last 71 hours and uploads that finished over an hour
ago and have no event, and media whose file was renamed, banned, given another expiry,
moved to another storage class, or deleted. A row that changed within the last hour
waits for the next run. VOD remembers tasks for 3 days: run it once a day.

It changes nothing without -repair. With it, each task and upload becomes an event of its
kind, with vodmode reconciled, and every other difference becomes an event MediaRead.
They go to your code and to every SINK, like all events.

A finding was not always lost: VOD sends no event for a task with TasksNotifyMode None,
nor for an upload while its switch is OFF.

It needs the rights vod:DescribeTasks, vod:DescribeTaskDetail, vod:SearchMedia and
vod:DescribeMediaInfos. With -o json stdout has one list with an element for each
finding, and the totals are on stderr.

  vodctl reconcile                                  # only look
  vodctl reconcile -repair -state /var/lib/vod/reconcile.json -every 1h
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		k := &reconciling{program: p}
		fs.StringVar(&k.from, "from", "env", fromHelp)
		fs.BoolVar(&k.repair, "repair", false, "deliver what was missed")
		fs.StringVar(&k.state, "state", "", "keep the place in this `file`: the next run goes on from there, also after an interruption")
		fs.DurationVar(&k.every, "every", 0, "run again and again, and start a run each so much `time`; 0: once")
		k.output = outputFlag(fs)
		return func(ctx context.Context, args []string) error {
			switch {
			case len(args) > 0:
				return misuse("reconcile takes flags only, not %q", args[0])
			case k.every < 0 || k.every > 0 && k.every < time.Minute:
				return misuse("-every must be a minute at least")
			case k.every > reconcile.Reach:
				return misuse("-every must be at most %v: VOD forgets tasks after 3 days", reconcile.Reach)
			}
			return k.run(ctx)
		}
	},
}

// reconciling is one run of the command.
type reconciling struct {
	*program
	from, state string
	repair      bool
	every       time.Duration
	output      *format

	account *account
	tables  sink.MediaTable
	deliver func(context.Context, []*event.Event) []deliver.Result // nil: only look
	at      map[string]reconcile.Place                             // by SubAppId; what -state names holds it as JSON
	list    jsonList
	bar     *progress
}

func (k *reconciling) run(ctx context.Context) error {
	var err error
	if k.tables, err = openFrom(k.program, k.from, sink.OpenMedia); err != nil {
		return err
	}
	defer k.tables.Close()
	transport := vod.NewTransport()
	defer transport.CloseIdleConnections()
	if k.account, err = k.connect(transport); err != nil {
		return err
	}
	if k.repair {
		p, _, done, err := (&replay{program: k.program}).open()
		if err != nil {
			return err
		}
		defer done()
		k.deliver = p.Deliver
	}
	if err := k.read(); err != nil {
		return err
	}
	k.list, k.bar = jsonList{program: k.program}, k.progress()
	for next := time.Now(); ; {
		err = k.each(k.account, func(app uint64) error { return k.one(ctx, app) })
		if k.every == 0 || ctx.Err() != nil {
			break
		}
		if err != nil {
			k.say("vodctl: reconcile: %v", err)
		}
		for next = next.Add(k.every); time.Until(next) < 0; {
			next = next.Add(k.every)
		}
		if !sleep(ctx, time.Until(next)) {
			err = nil
			break
		}
	}
	if *k.output == "json" {
		return errors.Join(err, k.list.end())
	}
	return err
}

// one looks at one application.
func (k *reconciling) one(ctx context.Context, app uint64) error {
	name := strconv.FormatUint(app, 10)
	r := &reconcile.Run{
		Client: k.account.Client, SubAppId: app, Tables: k.tables, Now: time.Now(), Deliver: k.deliver, At: k.at[name],
		Found: func(f reconcile.Finding) error { return k.found(app, f) },
		Step:  func(what string, n int) { k.bar.show("%s: %d %s", appName(app), n, what) },
		Kept: func(at reconcile.Place) error {
			k.at[name] = at
			if k.state == "" {
				return nil
			}
			return replaceFile(k.state, k.at)
		},
	}
	began := time.Now()
	counts, err := r.Run(ctx)
	k.bar.clear()
	what := "nothing was repaired; -repair does it"
	switch {
	case k.repair:
		what = fmt.Sprintf("%d repaired, %d failed", counts.Repaired, counts.Failed)
	case counts.Found == 0:
		what = "nothing to repair"
	}
	k.say("%s: %d found in %d tasks, %d uploads and %d media, in %v; %s", appName(app), counts.Found, counts.Tasks, counts.Uploads, counts.Media, time.Since(began).Round(time.Millisecond), what)
	return err
}

func (k *reconciling) found(app uint64, f reconcile.Finding) error {
	k.bar.clear()
	if *k.output == "json" {
		text, err := indentedJSON("", struct {
			SubAppId uint64 `json:"sub_app_id,omitempty"`
			reconcile.Finding
		}{app, f})
		if err != nil {
			return err
		}
		return k.list.add(text)
	}
	words := []string{string(f.Kind), f.Type, f.FileId, f.TaskId, instant(f.At), f.What, f.Fate, f.Error}
	return k.print("%s\n", strings.Join(strings.Fields(strings.Join(words, " ")), " "))
}

// read reads the file of -state, if there is one.
func (k *reconciling) read() error {
	k.at = map[string]reconcile.Place{}
	_, err := readState(k.state, &k.at)
	if errors.Is(err, errStrange) || err == nil && k.at == nil { // null
		return misuse("-state: %s does not hold places of reconcile; name another file", k.state)
	}
	return err
}

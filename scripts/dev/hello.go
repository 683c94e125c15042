package main

import (
	"fmt"
	"time"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/runner"
)

// hello prints what to try next.
func (d *dev) hello(at addresses, took time.Duration) {
	w := d.terminal.stdout
	fmt.Fprintf(w, "Ready in %.1f s; Ctrl-C stops it all.\n\n", took.Seconds())
	if !d.opt.headless {
		fmt.Fprintf(w, "  page      %s/\n", at.base)
	}
	fmt.Fprintf(w, "  callback  %s/callback\n", at.base)
	if d.standIn != nil {
		fmt.Fprintf(w, "  VOD API   %s/\n", at.vod)
	} else {
		fmt.Fprintf(w, "  VOD API   the real one: events are confirmed, and thus gone from the queue\n")
	}
	switch every, _ := d.functions.Timer.State(); every {
	case runner.Off:
		fmt.Fprintf(w, "  pull      fired by you alone\n")
	case runner.Cron:
		fmt.Fprintf(w, "  pull      fired by the timer of serverless.yml, %s\n", d.functions.Timer.Expression)
	default:
		fmt.Fprintf(w, "  pull      fired every %s\n", every)
	}
	fmt.Fprintf(w, "\nSend a callback, as VOD does in normal mode:\n\n  curl -d '%s' %s/callback\n", api.Sample, at.base)
	if d.standIn != nil {
		fmt.Fprintf(w, "\nPut an event into VOD's queue, from which pull takes and confirms it:\n\n"+
			"  curl -H 'Content-Type: application/json' -d '{}' '%s/api/events?mode=reliable&kind=ProcedureStateChanged'\n", at.base)
	}
	fmt.Fprintf(w, "\nEvents as they come out of the functions:\n\n")
}

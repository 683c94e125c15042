package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vodevents/scripts/internal/cron"
	"vodevents/scripts/internal/serverless"
	"vodevents/shared/credentials"
)

// summary prints the last lines: the URLs, where events go, and the costs.
func (d *deployer) summary(ctx context.Context, f *serverless.File, functions []*function, callback string) {
	state, _ := d.vodState(ctx, callback)
	d.say("")
	d.say("URL      %s", callback)
	d.say("VOD      %s", state)
	d.say("events   go to %s", showVariable("SINK", cmp.Or(d.setting("SINK"), "stdout:")))
	for _, w := range functions {
		if timers(w) > 0 {
			d.say("costs    %s", monthly(w, d.setting("PULL_UNTIL") == "deadline", time.Now()))
		}
		d.say("console  %s", consoleLink(d.region, w.Name))
		if function, _, err := d.api.GetFunction(ctx, w.Name); err == nil && function.ClsTopicId != "" {
			d.say("logs     https://console.cloud.tencent.com/cls/search?region=%s&topic_id=%s", d.region, function.ClsTopicId)
		}
	}
	// The fields of SCF's logs in CLS: 583/60336.
	d.say("query    in CLS: SCF_FunctionName:%q AND SCF_Message:\"ERROR\"", functions[0].Name)
}

// zones are the numbers of regions in the console's links. They are known only from
// links that others published.
var zones = map[string]int{"ap-guangzhou": 1, "ap-shanghai": 4}

// consoleLink returns the page of a function in the console, with its log. If the
// number of the region is not known, it returns the list of functions.
func consoleLink(region, name string) string {
	zone, known := zones[region]
	if !known {
		return "https://console.cloud.tencent.com/scf/list (choose " + region + ", then " + name + ")"
	}
	return fmt.Sprintf("https://console.cloud.tencent.com/scf/list-detail?rid=%d&ns=default&id=%s&menu=log", zone, name)
}

// Prices of SCF in CNY on the Chinese mainland, as third parties quoted them in 2026.
// Tencent's own page was not read.
const (
	perGBs  = 0.00011108
	perCall = 0.0133 / 10_000
)

// month is the period for which costs are given.
const month = 30 * 24 * time.Hour

// idlePoll is how long one poll of an empty queue takes, in s (266/33433).
const idlePoll = 5

// monthly says what a function's timers cost in a month without events, and the most
// that they can cost. untilDeadline means PULL_UNTIL=deadline: a run polls until 5 s
// before its end.
func monthly(w *function, untilDeadline bool, now time.Time) string {
	runs, others := 0, 0
	for _, t := range w.triggers {
		if t.Type == "timer" {
			n := fires(t.TriggerDesc, now)
			runs += n
			if t.Argument() != "" {
				others += n
			}
		}
	}
	idle := float64(min(idlePoll, w.Timeout))
	if untilDeadline {
		idle = float64(max(idlePoll, w.Timeout-5))
	}
	price := func(seconds float64) (gbs, cny float64) {
		gbs = float64(runs) * seconds * float64(w.MemorySize) / 1024
		return gbs, gbs*perGBs + float64(runs)*perCall
	}
	idleGBs, idleCNY := price(idle)
	_, mostCNY := price(float64(w.Timeout))
	text := fmt.Sprintf("CNY %.2f for 30 days without an event: %d runs × %.0f s × %d MB = %.0f GBs; at most CNY %.2f, if each run takes its %d s",
		idleCNY, runs, idle, w.MemorySize, idleGBs, mostCNY, w.Timeout)
	if others > 0 {
		text += fmt.Sprintf(" (%d of the runs have an argument, and may take longer than %.0f s)", others, idle)
	}
	return text + fmt.Sprintf(". This assumes CNY %g a GBs and %g for 10,000 calls, as third parties quote it: compare your price list (583/12284); traffic, logs and a package are extra",
		perGBs, perCall*10_000)
}

// fires counts how often a timer fires in a month from now.
func fires(expression string, now time.Time) (n int) {
	schedule, err := cron.Parse(expression)
	if err != nil {
		return 0 // the check refused it
	}
	for t := schedule.Next(now); !t.IsZero() && t.Sub(now) <= month; t = schedule.Next(t) {
		n++
	}
	return n
}

// vodKeys returns the keys for VOD: its own, or else those of the deployment.
func (d *deployer) vodKeys() credentials.Credentials {
	if c, err := credentials.Find(d.getenv, false); err == nil && d.getenv("VOD_SECRET_ID") != "" {
		return c
	}
	return d.keys()
}

// keys returns the keys of the deployment.
func (d *deployer) keys() credentials.Credentials {
	return credentials.Credentials{SecretId: d.getenv("TENCENT_SECRET_ID"), SecretKey: d.getenv("TENCENT_SECRET_KEY"),
		Token: d.getenv("TENCENT_TOKEN"), Source: "TENCENT_SECRET_ID and TENCENT_SECRET_KEY"}
}

// subAppIds returns the applications of the settings, or 0 for the default one.
func (d *deployer) subAppIds() (ids []uint64) {
	for word := range strings.SplitSeq(d.setting("VOD_SUB_APP_IDS"), ",") {
		if id, err := strconv.ParseUint(strings.TrimSpace(word), 10, 64); err == nil { // the check refused others
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		ids = []uint64{0}
	}
	return ids
}

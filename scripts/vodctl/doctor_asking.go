package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/policy"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

// checkAsking checks the rights to ask VOD if something needs them: callback, with
// CALLBACK_VERIFY=ask, or reconcile, which a SINK with media= makes possible.
func (d *doctor) checkAsking(ctx context.Context, a *account, app uint64) {
	cfg := d.deployed()
	reconciles := slices.ContainsFunc(cfg.Sinks, sink.KeepsMedia)
	var denied []string
	for _, action := range policy.Reconcile {
		if !reconciles && !(cfg.Ask && slices.Contains(policy.Ask, action)) {
			continue
		}
		if cause, _ := diagnose(tryAction(ctx, a, app, action)); cause.what == causeRights.what {
			denied = append(denied, action)
		}
	}
	asks := slices.ContainsFunc(denied, func(action string) bool { return slices.Contains(policy.Ask, action) })
	list := strings.Join(denied, ", ")
	switch {
	case cfg.Ask && asks:
		d.find(problem, &app, causeAskRights, "they may not %s", list)
	case len(denied) > 0:
		d.find(warning, &app, causeReconcileRights, "they may not %s", list)
	case cfg.Ask || reconciles:
		d.fine(&app, "the keys may ask VOD about events")
	}
}

// tryAction calls an action of [policy.Reconcile] with a question that brings little
// or nothing.
func tryAction(ctx context.Context, a *account, app uint64, action string) (err error) {
	now := time.Now()
	switch action {
	case "vod:DescribeTaskDetail":
		_, err = a.DescribeTaskDetail(ctx, app, "vodctl-doctor")
	case "vod:DescribeMediaInfos":
		_, _, err = a.DescribeMediaInfos(ctx, app, []string{"1"})
	case "vod:DescribeTasks":
		_, _, err = a.DescribeTasks(ctx, app, vod.TasksRequest{FinishedAfter: now.Add(-time.Second), FinishedBefore: now})
	case "vod:SearchMedia":
		_, _, err = a.SearchMedia(ctx, app, vod.SearchRequest{CreatedAfter: now.Add(-time.Second), CreatedBefore: now})
	}
	return err
}

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

// Message is the argument of a timer trigger that makes pull reconcile.
const Message = "reconcile"

// Result is what an invocation did. It holds no secret.
type Result struct {
	Apps []AppResult `json:"apps"`
}

// AppResult is what an invocation did in one application.
type AppResult struct {
	SubAppId uint64 `json:"SubAppId,omitempty"`
	Counts
}

// Figures are the totals, for the log's line of the invocation.
func (r Result) Figures() []any {
	var all Counts
	for _, app := range r.Apps {
		all.Tasks += app.Tasks
		all.Uploads += app.Uploads
		all.Media += app.Media
		all.Aged += app.Aged
		all.Found += app.Found
		all.Repaired += app.Repaired
		all.Failed += app.Failed
		all.Unfinished = all.Unfinished || app.Unfinished
	}
	return []any{"work", Message, "tasks", all.Tasks, "uploads", all.Uploads, "media", all.Media, "aged", all.Aged,
		"found", all.Found, "repaired", all.Repaired, "failed", all.Failed, "unfinished", all.Unfinished}
}

// reserve is what is left of an invocation for its answer, and of an application's
// share of it for what was found last.
const reserve = 2 * time.Second

// Timer reconciles when a timer trigger says so. If one invocation has no time for all
// media, it stops in good order and the next one goes on there. A new instance begins
// with the first media again.
type Timer struct {
	table  string // the URL in whose tables the places are
	places map[uint64]Place
}

// Invoke repairs what was missed, in each application, in the first database of SINK
// that has media=. Each application has an equal share of the time that is left. A
// minute is enough for about ten thousand media.
func (t *Timer) Invoke(ctx context.Context, cfg config.Config, client *vod.Client, through func(context.Context, []*event.Event) []deliver.Result) (Result, error) {
	tables, url, err := openMedia(cfg.Sinks)
	if err != nil {
		return Result{}, err
	}
	defer tables.Close()
	if err := tables.Prepare(ctx); err != nil {
		return Result{}, err
	}
	if t.table != url {
		t.table, t.places = url, map[uint64]Place{}
	}
	return t.invoke(ctx, cfg.SubAppIds, Run{Client: client.Paced(newPace()), Tables: tables, Deliver: through})
}

// invoke runs in each application. The others have their turn even if one fails.
func (t *Timer) invoke(ctx context.Context, subAppIds []uint64, one Run) (result Result, err error) {
	apps := (&Verifier{SubAppIds: subAppIds}).apps()
	for i, app := range apps {
		r := one
		r.SubAppId, r.Now, r.At = app, time.Now(), t.places[app]
		r.Kept = func(at Place) error { t.places[app] = at; return nil }
		r.Found = func(f Finding) error {
			slog.InfoContext(ctx, "reconcile found", "kind", f.Kind, "type", f.Type, "subject", f.FileId, "task", f.TaskId, "id", f.ID, "fate", f.Fate)
			return nil
		}
		counts, failed := r.within(ctx, len(apps)-i)
		result.Apps = append(result.Apps, AppResult{app, counts})
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("application %d: %w", app, failed))
		}
	}
	return result, err
}

// within runs in one of so many equal shares of the time that is left.
func (r *Run) within(ctx context.Context, shares int) (Counts, error) {
	if end, ok := ctx.Deadline(); ok {
		share := time.Until(end.Add(-reserve)) / time.Duration(shares)
		end = time.Now().Add(share)
		r.Until = end.Add(-reserve)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end)
		defer cancel()
	}
	return r.Run(ctx)
}

// openMedia opens the tables of the first URL that has media=.
func openMedia(urls []string) (tables sink.MediaTable, at string, err error) {
	for _, u := range urls {
		if !sink.HasTable(u) {
			continue
		}
		if tables, err = sink.OpenMedia(u); err == nil {
			return tables, u, nil
		}
	}
	if err == nil {
		err = errors.New("no URL is a database; reconcile needs postgres://… or mysql://… with media=vod_media")
	}
	return nil, "", fmt.Errorf("SINK: %w", err)
}

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

// Message is what the argument of a timer trigger says so that pull reconciles.
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

// reserve is what is left of an invocation for its answer.
const reserve = 2 * time.Second

// Invoke repairs what was missed, in each application, in the first database of SINK
// that has media=. It begins anew at each invocation, so all media must fit into its
// time: a minute is enough for about ten thousand.
func Invoke(ctx context.Context, getenv func(string) string, outlets *sink.Outlets, transport *vod.Transport, handler func(context.Context, *event.Event) error) (Result, error) {
	cfg, err := config.Read(getenv, config.Pull)
	if err != nil {
		return Result{}, err
	}
	p, err := outlets.Pipeline(cfg, deliver.Replayed, handler)
	if err != nil {
		return Result{}, err
	}
	defer outlets.MakeRoom()
	transport.CloseIdle()
	client, err := vod.Connect(getenv, true, vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Transport: transport, Pace: vod.NewPace(100)})
	if err != nil {
		return Result{}, err
	}
	return invoke(ctx, cfg, client, p)
}

func invoke(ctx context.Context, cfg config.Config, client *vod.Client, p *deliver.Pipeline) (Result, error) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-reserve))
		defer cancel()
	}
	tables, err := openMedia(cfg.Sinks)
	if err != nil {
		return Result{}, err
	}
	defer tables.Close()
	if err := tables.Prepare(ctx); err != nil {
		return Result{}, err
	}
	var result Result
	for _, app := range (&Verifier{SubAppIds: cfg.SubAppIds}).apps() {
		r := &Run{Client: client, SubAppId: app, Tables: tables, Now: time.Now(), Deliver: p.Deliver, Found: func(f Finding) error {
			slog.InfoContext(ctx, "reconcile found", "kind", f.Kind, "type", f.Type, "subject", f.FileId, "task", f.TaskId, "id", f.ID, "fate", f.Fate)
			return nil
		}}
		counts, err := r.Run(ctx)
		result.Apps = append(result.Apps, AppResult{app, counts})
		if err != nil {
			return result, err
		}
	}
	return result, nil
}

// openMedia opens the tables of the first URL that has media=.
func openMedia(urls []string) (tables sink.MediaTable, err error) {
	for _, u := range urls {
		if !sink.HasTable(u) {
			continue
		}
		if tables, err = sink.OpenMedia(u); err == nil {
			return tables, nil
		}
	}
	if err == nil {
		err = errors.New("no URL is a database; reconcile needs postgres://… or mysql://… with media=vod_media")
	}
	return nil, fmt.Errorf("SINK: %w", err)
}

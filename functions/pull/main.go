// Command pull takes reliable events out of VOD's queue and confirms them: as a
// cloud function that a timer starts, or as a loop until SIGTERM.
package main

import (
	"context"
	"log/slog"
	"os"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/handler"
	"vodevents/shared/lease"
	"vodevents/shared/scf"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

// These live as long as the process, over many invocations.
var (
	outlets   sink.Outlets
	transport = vod.NewTransport()
)

func main() {
	invocation := func(ctx context.Context, _ scf.Timer) (any, error) { return drain(ctx, false) }
	scf.Main(scf.OnTimer(invocation), func(ctx context.Context) error {
		defer outlets.Close()
		result, err := drain(ctx, true)
		if err == nil {
			slog.Info("stopped", "result", result)
		}
		return err
	})
}

func drain(ctx context.Context, loop bool) (lease.Result, error) {
	cfg, err := config.Read(os.Getenv, config.Pull)
	if err != nil {
		return lease.Result{}, err
	}
	scf.LogLevel.Set(cfg.LogLevel)
	out, err := outlets.Open(cfg.Sinks, cfg.DeadLetter, cfg.Dedup)
	if err != nil {
		return lease.Result{}, err
	}
	p := deliver.Pipeline{
		Way:         deliver.Pulled,
		Handler:     handler.Event,
		Sinks:       out.Sinks,
		DeadLetter:  out.DeadLetter,
		Store:       out.Store,
		MaxAttempts: cfg.MaxAttempts,
	}
	keys, err := vod.FindCredentials(os.Getenv, !loop)
	if err != nil {
		return lease.Result{}, err
	}
	transport.CloseIdle()
	client, err := vod.New(vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Credentials: keys, Transport: transport})
	if err != nil {
		return lease.Result{}, err
	}
	until := lease.UntilEmpty
	switch {
	case loop:
		until = lease.UntilStopped
	case cfg.UntilDeadline:
		until = lease.UntilDeadline
	}
	return lease.Drain(ctx, lease.Options{
		Client:      client,
		SubAppIds:   cfg.SubAppIds,
		Deliver:     p.Deliver,
		Until:       until,
		Rate:        cfg.PullRate,
		Concurrency: cfg.PullConcurrency,
	})
}

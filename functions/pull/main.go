// Command pull takes reliable events out of VOD's queue, delivers them and
// confirms them. It is a cloud function that a timer starts, or on a host a loop
// until SIGTERM.
package main

import (
	"context"
	"log/slog"
	"os"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/handler"
	"vodevents/shared/lease"
	"vodevents/shared/reconcile"
	"vodevents/shared/scf"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

var outlets, transport = new(sink.Outlets), vod.NewTransport() // for as long as the process lives

func main() {
	invocation := func(ctx context.Context, t scf.Timer) (any, error) {
		if t.Message == reconcile.Message {
			return reconcile.Invoke(ctx, os.Getenv, outlets, transport, handler.Event)
		}
		return drain(ctx, false)
	}
	scf.Main(scf.OnTimer(invocation), func(ctx context.Context) error {
		defer outlets.Close()
		result, err := drain(ctx, true)
		if err == nil {
			slog.Info("stopped", "result", result)
		}
		return err
	})
}

func drain(ctx context.Context, loop bool) (none lease.Result, err error) {
	cfg, err := config.Read(os.Getenv, config.Pull)
	if err != nil {
		return none, err
	}
	scf.LogLevel.Set(cfg.LogLevel)
	p, err := outlets.Pipeline(cfg, deliver.Pulled, handler.Event)
	if err != nil {
		return none, err
	}
	defer outlets.MakeRoom()
	transport.CloseIdle()
	client, err := vod.Connect(os.Getenv, !loop, vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Transport: transport})
	if err != nil {
		return none, err
	}
	until := lease.UntilEmpty
	if loop {
		until = lease.UntilStopped
	} else if cfg.UntilDeadline {
		until = lease.UntilDeadline
	}
	return lease.Drain(ctx, lease.Options{
		Client: client, SubAppIds: cfg.SubAppIds, Deliver: p.Deliver,
		Until: until, Rate: cfg.PullRate, Concurrency: cfg.PullConcurrency,
	})
}

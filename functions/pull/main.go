// Command pull takes reliable events out of VOD's queue, delivers and confirms them.
// It is a cloud function that a timer starts, or on a host a loop until SIGTERM.
package main

import (
	"context"
	"os"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/handler"
	"vodevents/shared/lease"
	"vodevents/shared/reconcile"
	"vodevents/shared/scf"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
	"vodevents/shared/watch"
)

var instance, outlets, transport = watch.New("pull"), new(sink.Outlets), vod.NewTransport() // for as long as the process lives

var timer = reconcile.Timer{Outlets: outlets, Transport: transport, Handler: handler.Event, Watch: instance.Repairs}

func main() {
	scf.Main(scf.OnTimer(invocation), func(ctx context.Context) error {
		defer outlets.Close()
		_, err := drain(ctx, true)
		return err
	})
}

func invocation(ctx context.Context, t scf.Timer) (any, error) {
	if t.Message != reconcile.Message {
		return drain(ctx, false)
	}
	ctx, run := instance.Begin(ctx)
	result, err := timer.Invoke(ctx, os.Getenv)
	run.End(err, result.Figures()...)
	return result, err
}

func drain(ctx context.Context, loop bool) (r lease.Result, err error) {
	ctx, run := instance.Begin(ctx)
	defer func() { run.End(err, "stopped", r.Stopped) }()
	cfg, err := config.Read(os.Getenv, config.Pull)
	if err != nil {
		return r, err
	}
	instance.AlertAfter(cfg.AlertSilence)
	scf.LogLevel.Set(cfg.LogLevel)
	p, err := outlets.Pipeline(cfg, deliver.Pulled, handler.Event)
	if err != nil {
		return r, err
	}
	defer outlets.MakeRoom()
	transport.CloseIdle()
	client, err := vod.Connect(os.Getenv, !loop, vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Transport: transport})
	if err != nil {
		return r, err
	}
	until := lease.UntilEmpty
	if loop {
		defer instance.Beside(ctx, "PULL_LISTEN_ADDR", cfg.PullListenAddr, outlets.Ready)()
		until = lease.UntilStopped
	} else if cfg.UntilDeadline {
		until = lease.UntilDeadline
	}
	return lease.Drain(ctx, lease.Options{
		Client: client, SubAppIds: cfg.SubAppIds, Deliver: instance.Delivery(p.Deliver),
		Until: until, Rate: cfg.PullRate, Concurrency: cfg.PullConcurrency, Polled: run.Polled, Confirmed: run.Confirmed,
	})
}

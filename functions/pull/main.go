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

var instance, outlets, transport, repairs = watch.New("pull"), new(sink.Outlets), vod.NewTransport(), new(reconcile.Timer) // for as long as the process lives

func main() {
	scf.Main(scf.OnTimer(invoke), func(ctx context.Context) error {
		defer outlets.Close()
		_, err := invoke(ctx, scf.Timer{})
		return err
	})
}

// invoke is one run of the timer. On a host it is the loop.
func invoke(ctx context.Context, t scf.Timer) (result any, err error) {
	ctx, run := instance.Begin(ctx)
	defer func() { run.End(err, result) }()
	way := deliver.Pulled
	if t.Message == reconcile.Message {
		way = deliver.Replayed
	}
	cfg, p, err := outlets.Open(os.Getenv, config.Pull, way, handler.Event)
	instance.Configure(cfg)
	if err != nil {
		return nil, err
	}
	defer outlets.MakeRoom()
	client, err := vod.Connect(os.Getenv, scf.OnSCF(), vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Transport: transport})
	if err != nil {
		return nil, err
	}
	if way == deliver.Replayed {
		return repairs.Invoke(ctx, cfg, client, instance.Fates(p.Deliver))
	}
	until := lease.Until(cfg.PullUntil)
	if !scf.OnSCF() {
		defer instance.Beside(ctx, "PULL_LISTEN_ADDR", cfg.PullListenAddr, outlets.Ready)()
		until = lease.UntilStopped
	}
	return lease.Drain(ctx, lease.Options{
		Client: client, SubAppIds: cfg.SubAppIds, Deliver: instance.Fates(p.Deliver), Until: until, Rate: cfg.PullRate,
		Concurrency: cfg.PullConcurrency, Polled: run.Polled, Confirmed: run.Confirmed,
	})
}

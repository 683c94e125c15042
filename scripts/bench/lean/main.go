// Command lean is the function pull without the sinks that need a client library.
// It shows what those sinks cost if nobody uses them. Its events go to standard
// output, whatever SINK says.
package main

import (
	"context"
	"os"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/handler"
	"vodevents/shared/lease"
	"vodevents/shared/scf"
	"vodevents/shared/sink/lines"
	"vodevents/shared/vod"
)

var (
	stdout    = lines.NewStream(os.Stdout)
	store     = deliver.NewMemory()
	transport = vod.NewTransport()
)

func main() {
	scf.Main(scf.OnTimer(func(ctx context.Context, _ scf.Timer) (any, error) { return drain(ctx) }), nil)
}

func drain(ctx context.Context) (lease.Result, error) {
	cfg, err := config.Read(os.Getenv, config.Pull)
	if err != nil {
		return lease.Result{}, err
	}
	client, err := vod.Connect(os.Getenv, true, vod.Options{Endpoint: cfg.Endpoint, Transport: transport})
	if err != nil {
		return lease.Result{}, err
	}
	p := deliver.Pipeline{Handler: handler.Event, Sinks: []deliver.Sink{stdout}, Store: store, MaxAttempts: cfg.MaxAttempts}
	return lease.Drain(ctx, lease.Options{
		Client: client, Deliver: p.Deliver, Rate: cfg.PullRate, Concurrency: cfg.PullConcurrency,
	})
}

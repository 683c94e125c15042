// Command callback receives VOD's normal callbacks. It is a cloud function
// behind an HTTP trigger, or on a host an HTTP server on LISTEN_ADDR.
package main

import (
	"context"
	"os"
	"slices"

	"vodevents/shared/callback"
	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/handler"
	"vodevents/shared/reconcile"
	"vodevents/shared/scf"
	"vodevents/shared/sink"
	"vodevents/shared/watch"
)

// These live as long as the process, over many invocations.
var (
	instance  = watch.New("callback")
	outlets   = sink.Outlets{OneConnection: scf.OnSCF(), ReadOnce: !scf.OnSCF()} // SCF sends one event at a time
	verifiers = reconcile.NewVerifiers()
)

func main() {
	h := instance.Requests(callback.Handler(options))
	scf.Main(scf.OnHTTP(h, instance.Requests), func(ctx context.Context) error {
		if _, err := options(); err != nil {
			return err
		}
		defer outlets.Close()
		return instance.Serve(ctx, h, outlets.Ready)
	})
}

// options returns what could be read, even beside an error. A callback that
// cannot be delivered is still verified and parked.
func options() (callback.Options, error) {
	cfg, p, err := outlets.Open(os.Getenv, config.Callback, deliver.Pushed, handler.Event)
	instance.Configure(cfg)
	o := callback.Options{SignKeys: cfg.SignKeys, SubAppIds: cfg.SubAppIds,
		NeedsApp: slices.ContainsFunc(cfg.Sinks, sink.KeepsMedia), Watch: instance.Delivery}
	if err != nil {
		return o, err
	}
	p.Verify, err = verifiers.Open(cfg, os.Getenv, scf.OnSCF())
	o.Deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
		defer outlets.MakeRoom()
		return p.Deliver(ctx, events)
	}
	return o, err
}

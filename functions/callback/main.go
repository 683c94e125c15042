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

// outlets live as long as the process, over many invocations. One connection is
// enough: SCF gives an instance one event at a time.
var outlets = sink.Outlets{OneConnection: true}

var instance, verifiers, onSCF = watch.New("callback"), reconcile.NewVerifiers(), true

func main() {
	h := instance.Requests(callback.Handler(options))
	scf.Main(scf.OnHTTP(h), func(ctx context.Context) error {
		outlets.OneConnection, onSCF = false, false // a server has many at a time
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
	cfg, err := config.Read(os.Getenv, config.Callback)
	scf.LogLevel.Set(cfg.LogLevel)
	instance.AlertAfter(cfg.AlertSilence)
	o := callback.Options{SignKeys: cfg.SignKeys, SubAppIds: cfg.SubAppIds,
		NeedsApp: slices.ContainsFunc(cfg.Sinks, sink.KeepsMedia), Watch: instance.Delivery}
	if err != nil {
		return o, err
	}
	p, err := outlets.Pipeline(cfg, deliver.Pushed, handler.Event)
	if err != nil {
		return o, err
	}
	if p.Verify, err = verifiers.Open(cfg, os.Getenv, onSCF); err != nil {
		return o, err
	}
	o.Deliver = func(ctx context.Context, events []*event.Event) []deliver.Result {
		defer outlets.MakeRoom()
		return p.Deliver(ctx, events)
	}
	return o, nil
}

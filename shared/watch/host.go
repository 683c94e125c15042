package watch

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"vodevents/shared/scf"
)

// Serve serves h with the pages on LISTEN_ADDR until ctx ends, and meanwhile writes
// the line about silence when it is due.
func (i *Instance) Serve(ctx context.Context, h http.Handler, ready func(context.Context) error) error {
	defer i.WatchSilence(ctx)()
	return scf.ListenAndServe(ctx, i.Pages(h, ready))
}

// Beside watches a loop on a host: it serves the pages on the address, if there is
// one, and writes the line about silence when it is due. It returns at once; call
// what it returns when the loop has ended.
//
// A loop that nobody can watch is better than none. So an address that is taken is
// an error in the log, and the loop runs.
func (i *Instance) Beside(ctx context.Context, variable, addr string, ready func(context.Context) error) (stop func()) {
	quiet := i.WatchSilence(ctx)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // while the loop ends, it is still seen
	var serving sync.WaitGroup
	if addr != "" {
		serving.Go(func() {
			if err := scf.Serve(ctx, variable, addr, i.Pages(http.HandlerFunc(nothingElse), ready)); err != nil {
				slog.ErrorContext(ctx, "the figures are not served", "error", err)
			}
		})
	}
	return func() {
		quiet()
		cancel()
		serving.Wait()
	}
}

func nothingElse(w http.ResponseWriter, _ *http.Request) {
	scf.Error(w, http.StatusNotFound, "there are /metrics, /readyz and /healthz")
}

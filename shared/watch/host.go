package watch

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"vodevents/shared/scf"
)

// Serve serves h with the pages on LISTEN_ADDR until ctx ends, and meanwhile writes
// the line about silence when it is due. It counts the requests that are refused before
// h sees them, such as one of over 6 MB; h is from [Instance.Requests], and counts its
// own.
func (i *Instance) Serve(ctx context.Context, h http.Handler, ready func(context.Context) error) error {
	defer i.WatchSilence(ctx)()
	return scf.ListenAndServe(ctx, i.Pages(h, ready), i.Requests)
}

// Beside watches a loop on a host: it serves the pages on the address, if there is
// one, and writes the line about silence when it is due. It returns at once. Call the
// function that it returns when the loop has ended.
//
// If the address is taken, that is an error in the log, and the loop runs anyway.
func (i *Instance) Beside(ctx context.Context, variable, addr string, ready func(context.Context) error) (stop func()) {
	quiet := i.WatchSilence(ctx)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // keep serving while the loop ends
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

// readyFor is how long an answer of /readyz is reused, so that frequent checks do not
// burden the sinks.
const readyFor = time.Second

// Pages returns a handler of a host's own pages, /metrics and /readyz, beside those
// of h. ready says why the instance cannot take events.
func (i *Instance) Pages(h http.Handler, ready func(context.Context) error) http.Handler {
	check := &readiness{ask: ready}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && r.URL.Path == "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			i.writeMetrics(w)
		case reads && r.URL.Path == "/readyz":
			check.ServeHTTP(w, r)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// readiness answers /readyz. The reason goes into the log, not into the answer, because
// it may name hosts.
type readiness struct {
	ask func(context.Context) error

	mu    sync.Mutex // held while it asks: those who come meanwhile share the answer
	asked time.Time
	err   error
}

func (c *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.now(r.Context()) != nil {
		scf.Error(w, http.StatusServiceUnavailable, "a sink or the store would not take an event now: the log says which")
		return
	}
	scf.JSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// now returns the last answer if it is fresh, and otherwise asks.
func (c *readiness) now(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked.IsZero() || time.Since(c.asked) >= readyFor {
		if c.err = c.ask(ctx); c.err != nil {
			slog.WarnContext(ctx, "not ready", "error", c.err)
		}
		c.asked = time.Now()
	}
	return c.err
}

package watch

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"vodevents/shared/scf"
)

// readiness answers /readyz. Nothing of why is in the answer, for it may hold names
// of hosts; that goes into the log.
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

// now is the last answer if it is fresh, and else asks.
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

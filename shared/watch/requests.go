package watch

import (
	"context"
	"net/http"
	"time"
)

// Requests returns h, each of whose requests is an invocation. A POST that is
// answered 200 is a confirmed event.
func (i *Instance) Requests(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, v := i.Begin(r.Context())
		noted := &noting{ResponseWriter: w, status: http.StatusInternalServerError} // also when h panics
		defer func() {
			i.mu.Lock()
			i.statuses[noted.status]++
			i.mu.Unlock()
			if r.Method == http.MethodPost && noted.status == http.StatusOK {
				v.Confirmed(1, time.Since(began))
			}
			v.End(nil, "method", r.Method, "status", noted.status)
		}()
		h.ServeHTTP(noted, r.WithContext(ctx))
	})
}

// noting notes the status of an answer.
type noting struct {
	http.ResponseWriter
	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// readyFor is how long an answer of /readyz holds: whoever asks more often makes no
// more calls to the sinks.
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

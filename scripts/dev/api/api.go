// Package api is the JSON API of dev, which the page and curl use alike, and
// the callback URL. Both are served to this machine alone; see [OwnHost].
package api

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/scripts/dev/standin"
)

// Options are what the API shows and changes. With -from there are Base, SignKeys,
// Letters and Done alone.
type Options struct {
	Base      string           // http://127.0.0.1:8080
	VOD       string           // the stand-in's address; empty with -real
	StandIn   *standin.StandIn // nil with -real
	Sink      *standin.Sink
	Journal   *journal.Journal
	Functions *runner.Functions        // nil with -from
	Environ   runner.Environ           // in which the functions are started
	SignKeys  func() []string          // those that callback takes; none: it does not check
	Variables func() map[string]string // given to the functions with each event
	Letters   Desk
	Done      <-chan struct{} // closed when dev is being stopped
}

// API is an http.Handler for /api/ and /callback.
type API struct {
	Options
	mux    *http.ServeMux
	posted atomic.Int64 // callbacks that did not come from the stand-in
}

// New makes the API.
func New(o Options) *API {
	a := &API{Options: o, mux: http.NewServeMux()}
	routes := http.NewServeMux()
	for _, c := range a.calls() {
		for method, h := range c.handlers {
			routes.HandleFunc(method+" "+c.Path, a.answer(h))
		}
	}
	routes.HandleFunc("/api/", a.unknown(routes))
	a.mux.Handle("/api/", onlyJSON(routes))
	if a.Functions != nil {
		a.mux.HandleFunc("/callback", a.callback)
		a.mux.HandleFunc("/callback/", a.callback)
	}
	return a
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// handler answers a request, or gives the error to answer.
type handler func(http.ResponseWriter, *http.Request) error

// answer runs h. A GET first waits until the journal has all that it was told, such as an
// event that was printed a moment ago.
func (a *API) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && a.Journal != nil {
			a.Journal.Sync()
		}
		w.Header().Set("Cache-Control", "no-store")
		if err := h(w, r); err != nil {
			sendError(w, err, http.StatusInternalServerError)
		}
	}
}

// unknown answers requests that no route takes.
func (a *API) unknown(routes *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := routes.Handler(other); pattern != "/api/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			problemf(http.StatusMethodNotAllowed, "%s takes %s", r.URL.Path, strings.Join(allowed, " and ")).send(w)
			return
		}
		problemf(http.StatusNotFound, "the API has no %s: the page at %s/ tells what it has", r.URL.Path, a.Base).send(w)
	}
}

// onlyStandIn refuses what the real VOD does not do.
func (a *API) onlyStandIn() error {
	if a.StandIn == nil {
		return problemf(http.StatusConflict, "with -real there is no stand-in whose configuration, faults or clock could be changed")
	}
	return nil
}

// stamp is a time as the API gives it: UTC, to the millisecond.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// sendError answers with an error: its own status if it is a problem.
func sendError(w http.ResponseWriter, err error, status int) {
	var p *problem
	if !errors.As(err, &p) {
		p = problemf(status, "%v", err)
	}
	p.send(w)
}

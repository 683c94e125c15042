package api

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// OwnAddr is addr if only this machine can reach it; without a host it is made
// so. The functions are yours, and so is where their events go: nobody else may
// send them any, for the stand-in's keys are known to all.
func OwnAddr(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	switch ip := net.ParseIP(host); {
	case err != nil:
		return "", err
	case host == "":
		return net.JoinHostPort("127.0.0.1", port), nil
	case host != "localhost" && (ip == nil || !ip.IsLoopback()):
		return "", fmt.Errorf("%s is not this machine's own: give 127.0.0.1:PORT, and a tunnel to it for others", host)
	}
	return addr, nil
}

// Hosts are the values of Host that a listener takes. Any other may be a page
// of the outside world whose name was made to point here.
func Hosts(addr string, l net.Listener) map[string]bool {
	port := portOf(l)
	host, _, _ := net.SplitHostPort(addr)
	taken := map[string]bool{}
	for _, name := range []string{"localhost", "127.0.0.1", host} {
		taken[net.JoinHostPort(name, port)] = true
		if port == "80" { // browsers leave it out
			taken[name] = true
		}
	}
	return taken
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// BaseURL is where people reach a listener.
func BaseURL(addr string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(addr)
	return "http://" + net.JoinHostPort(host, portOf(l))
}

// OwnHost refuses requests for another host.
func OwnHost(taken map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !taken[strings.ToLower(r.Host)] {
			problemf(http.StatusForbidden, "the Host %q is not this server: use localhost or 127.0.0.1 with its port (a tunnel must rewrite Host)", r.Host).send(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// OwnOrigin refuses what another site's page has a browser send: changes are
// taken from the own page or from no page at all.
func OwnOrigin(taken map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && !reads(r) {
			u, err := url.Parse(origin)
			if err != nil || u.Scheme != "http" || !taken[strings.ToLower(u.Host)] {
				problemf(http.StatusForbidden, "the Origin %q is another site: only this server's own page and programs without an Origin may change something", origin).send(w)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// onlyJSON refuses changes in what a form, or a page without leave, can send.
func onlyJSON(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); !reads(r) && (err != nil || kind != "application/json") {
			problemf(http.StatusUnsupportedMediaType, "send it as JSON: curl -H 'Content-Type: application/json' …").send(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// OnlyReads refuses what would change something.
func OnlyReads(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !reads(r) {
			w.Header().Set("Allow", "GET, HEAD")
			problemf(http.StatusMethodNotAllowed, "events are posted to /callback and /api/events").send(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

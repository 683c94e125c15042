package main

import (
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// hosts are the values of Host that a listener takes. Any other may be a page
// of the outside world whose name was made to point here.
func hosts(addr string, l net.Listener) map[string]bool {
	port := portOf(l)
	names := []string{"localhost", "127.0.0.1"}
	if host, _, err := net.SplitHostPort(addr); err == nil && !wildcard(host) {
		names = append(names, host)
	}
	taken := map[string]bool{}
	for _, name := range names {
		taken[strings.ToLower(net.JoinHostPort(name, port))] = true
		if port == "80" { // browsers leave it out
			taken[strings.ToLower(name)] = true
		}
	}
	return taken
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func wildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// baseURL is by what people reach a listener.
func baseURL(addr string, l net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || wildcard(host) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, portOf(l))
}

// ownHost refuses requests for another host.
func ownHost(taken map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !taken[strings.ToLower(r.Host)] {
			problemf(http.StatusForbidden, "the Host %q is not this server: use localhost or 127.0.0.1 with its port (a tunnel must rewrite Host), or name the host in the flag -addr", r.Host).send(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownPage refuses what another site's page could have a browser send: changes
// are taken from the own page or from no page at all, and only as JSON, which a
// form cannot send.
func ownPage(taken map[string]bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			u, err := url.Parse(origin)
			if err != nil || u.Scheme != "http" || !taken[strings.ToLower(u.Host)] {
				problemf(http.StatusForbidden, "the Origin %q is another site: only this server's own page and programs without an Origin may change something", origin).send(w)
				return
			}
		}
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			problemf(http.StatusUnsupportedMediaType, "send it as JSON: curl -H 'Content-Type: application/json' …").send(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

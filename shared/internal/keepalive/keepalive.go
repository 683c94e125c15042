// Package keepalive says which kept connections may be used again after SCF
// froze the instance, and has the HTTP transport that goes by it.
//
// SCF freezes an instance between invocations. What a server or a gateway on
// the way closes meanwhile does not show here: the next call is sent into a
// dead connection and waits for its timeout. Idle timers are no help, for they
// were frozen as well. They fire too late, or not for a long time, since Go's
// timers follow the monotonic clock, which may stand still while the instance
// sleeps. So the wall clock decides.
package keepalive

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Limit is how long a connection is kept without being used.
const Limit = 20 * time.Second

// IsStale tells whether a connection that was last used at used is too old at
// now. When the clock was set back nobody knows how long it was idle, and it is
// stale too: a new connection costs a handshake, a dead one a whole try.
func IsStale(used, now time.Time) bool {
	idle := now.Round(0).Sub(used.Round(0)) // Round takes the monotonic clock off
	return idle < 0 || idle > Limit
}

// Transport keeps HTTP connections from one invocation to the next. Make one by
// [NewTransport]; it may be used by several goroutines.
type Transport struct {
	*http.Transport

	// Now is [time.Now] but in tests.
	Now func() time.Time

	used atomic.Int64 // when a call ended last, in ns of the wall clock
}

// NewTransport returns a transport that keeps up to conns connections to a host
// and gives up a dial, or a handshake, after the time dial. It honors
// HTTPS_PROXY and its kin, and opens no connection before it is used.
//
// It speaks HTTP/1.1 only, as a transport with a DialContext of its own does.
// One connection that died unnoticed then costs one call. With HTTP/2 it would
// cost all calls under way, and every later one for a quarter of an hour. The
// session cache saves half the cost of the additional handshakes.
func NewTransport(conns int, dial time.Duration) *Transport {
	return &Transport{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dial}).DialContext,
			TLSClientConfig:     &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)},
			TLSHandshakeTimeout: dial,
			MaxIdleConnsPerHost: conns,
			IdleConnTimeout:     Limit,
		},
		Now: time.Now,
	}
}

// RoundTrip makes Transport an http.RoundTripper. When the request's context
// ends it closes all idle connections: they lead to the server that has just
// been silent, and net/http would otherwise go on dialling for others who may
// come, while nothing is to run when an invocation has answered.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(r)
	if err != nil && r.Context().Err() != nil {
		t.CloseIdleConnections()
	}
	t.used.Store(t.Now().UnixNano())
	return resp, err
}

// CloseIdle closes the connections if none was used for [Limit]. Call it when
// an invocation starts.
func (t *Transport) CloseIdle() {
	if IsStale(time.Unix(0, t.used.Load()), t.Now()) {
		t.CloseIdleConnections()
	}
}

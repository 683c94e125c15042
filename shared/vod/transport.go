package vod

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// maxIdle is how long a connection without a call is kept.
const maxIdle = 20 * time.Second

// Transport keeps the connections to VOD from one client, and one invocation,
// to the next. Make one for the process by [NewTransport].
type Transport struct {
	*http.Transport
	last atomic.Int64 // when it was used last, in ns of the wall clock
}

// NewTransport returns a transport for 32 calls at a time. It honours
// HTTPS_PROXY and its kin, and it opens no connection before it is used.
//
// It speaks HTTP/1.1 only, so that one connection that died unnoticed costs one
// call and not all of those under way. Of the handshakes that HTTP/2 would save
// the session cache takes half the cost.
func NewTransport() *Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &Transport{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)},
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        32,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     maxIdle,
	}}
}

// RoundTrip makes Transport an http.RoundTripper. When the request's context
// ends it leaves no dial behind: net/http would go on, for others who may come,
// and nothing is to run when an invocation has answered.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(r)
	if err != nil && r.Context().Err() != nil {
		t.CloseIdleConnections()
	}
	t.last.Store(time.Now().UnixNano())
	return resp, err
}

// CloseIdle closes the connections that have been idle for over 20 s. Call it
// when an invocation starts.
//
// SCF freezes an instance between invocations. What VOD or a gateway on the way
// closes meanwhile does not show here: the next call would be sent into a dead
// connection and wait for its timeout. The transport's own idle timer is no
// help, for it was frozen as well and fires too late or, as Go's timers follow
// the monotonic clock, which may stand still while the instance sleeps, not for
// a long time. So the wall clock decides. Only if it went backwards is the time
// that has passed unknown, and then the connections are closed, too: a new one
// costs a handshake, a dead one 10 s.
func (t *Transport) CloseIdle() {
	idle := time.Duration(time.Now().UnixNano() - t.last.Load())
	if idle < 0 || idle > maxIdle {
		t.CloseIdleConnections()
	}
}

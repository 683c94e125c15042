package vod

import (
	"time"

	"vodevents/shared/internal/keepalive"
)

// Transport keeps the connections to VOD from one client, and one invocation,
// to the next. Call its CloseIdle when an invocation starts: connections that
// were idle for over 20 s are dead after a freeze of the instance, without
// saying so.
type Transport = keepalive.Transport

// NewTransport returns a transport for 32 calls at a time. It honors
// HTTPS_PROXY and its kin, and it opens no connection before it is used. A dial
// or a TLS handshake may take 5 s. Make one for the process.
func NewTransport() *Transport {
	return keepalive.NewTransport(32, 5*time.Second)
}

package vod

import (
	"time"

	"vodevents/shared/internal/keepalive"
)

// Transport keeps the connections to VOD open between clients and between
// invocations. Its CloseIdle closes those that were idle for over 20 s: after a
// freeze of the instance they are dead, and nothing shows it. [Connect] calls it.
type Transport = keepalive.Transport

// NewTransport returns a transport for 32 calls at a time. Make one for the
// process. It honors HTTPS_PROXY and the like, and opens no connection before it
// is used. A dial or a TLS handshake may take 5 s.
func NewTransport() *Transport {
	return keepalive.NewTransport(32, 5*time.Second)
}

//go:build !unix

package scf

import "net"

// listenPrivate listens on a socket. Here the folder's access list is what
// keeps others away.
func listenPrivate(path string) (net.Listener, error) { return net.Listen("unix", path) }

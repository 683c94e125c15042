//go:build !unix

package scf

import (
	"math"
	"net"
)

// listenPrivate listens on a socket. Here the folder's access list is what
// keeps others away.
func listenPrivate(path string) (net.Listener, error) { return net.Listen("unix", path) }

// openFiles is how many files this process may have open; nobody says so here.
func openFiles() int { return math.MaxInt32 }

//go:build unix

package scf

import (
	"net"
	"syscall"
)

// listenPrivate listens on a socket with mode 0600, whatever its folder's mode
// is. The umask is the process's, so this is called before anything else runs.
func listenPrivate(path string) (net.Listener, error) {
	before := syscall.Umask(0o177)
	defer syscall.Umask(before)
	return net.Listen("unix", path)
}

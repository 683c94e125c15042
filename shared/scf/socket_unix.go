//go:build unix

package scf

import (
	"math"
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

// openFiles is how many files this process may have open; Go has raised it to the
// hard limit.
func openFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(l.Cur)
}

//go:build unix

package lines

import (
	"os"
	"syscall"
)

// errLocked tells that somebody else has the lock.
var errLocked error = syscall.EWOULDBLOCK

// tryLock does not wait. flock belongs to the open file, so that two sinks of
// one process exclude each other, too.
func tryLock(f *os.File) error { return flock(f, syscall.LOCK_EX|syscall.LOCK_NB) }

func release(f *os.File) { _ = flock(f, syscall.LOCK_UN) } // closing the file would do it as well

func flock(f *os.File, how int) error {
	for {
		// Fd would make a pipe blocking for good.
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		var flocked error
		if err := raw.Control(func(fd uintptr) { flocked = syscall.Flock(int(fd), how) }); err != nil {
			return err
		}
		if flocked != syscall.EINTR {
			return flocked
		}
	}
}

// syncFolder makes a new file's name durable, which the file's own sync does
// not.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

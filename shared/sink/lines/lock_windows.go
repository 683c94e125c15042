package lines

import (
	"os"

	"golang.org/x/sys/windows"
)

// errLocked tells that somebody else has the lock.
var errLocked error = windows.ERROR_LOCK_VIOLATION

// beyond is a byte that no file has. Locks are binding on Windows: one of the
// content would keep readers out.
func beyond() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1 << 30} }

// tryLock does not wait. The lock belongs to the open file.
func tryLock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, beyond())
}

func release(f *os.File) { _ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, beyond()) }

// syncFolder does nothing: NTFS logs its names, and refuses to sync a folder.
func syncFolder(string) error { return nil }

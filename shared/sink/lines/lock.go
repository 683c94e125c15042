package lines

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// longestWait is the longest pause between two looks at a lock that somebody
// else has. Its holder syncs meanwhile, which takes a disk some milliseconds.
const longestWait = 20 * time.Millisecond

// lock waits until no other process, and no other sink of this one, has the
// lock of f. The system takes a lock from a process that dies. Devices, which
// are everybody's, and file systems without locks go without.
func lock(ctx context.Context, f *os.File) (unlock func(), err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeDevice != 0 {
		return func() {}, nil
	}
	for wait := time.Millisecond; ; wait = min(2*wait, longestWait) {
		switch err := tryLock(f); {
		case err == nil:
			return func() { release(f) }, nil
		case errors.Is(err, errors.ErrUnsupported):
			return func() {}, nil
		case !errors.Is(err, errLocked):
			return nil, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, fmt.Errorf("another process has locked the file: %w", ctx.Err())
		}
	}
}

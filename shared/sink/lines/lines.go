package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/safeurl"
)

// Sink appends one CloudEvent per line to a file.
type Sink struct {
	turn chan struct{} // holds one token; who has it owns everything below

	path   string
	out    *os.File // nil until the first batch
	buf    []byte
	sync   func(*os.File) error // (*os.File).Sync but in tests
	closed bool
}

// keepBuffer is the largest buffer kept for the next batch: 16 events of a
// usual size take 80 kB, and one of 2 MB should not be kept for good.
const keepBuffer = 1 << 20

var errClosed = errors.New("the sink is closed")

// Open returns the sink of file:PATH, where PATH is absolute or relative to
// the working directory; a blank, %, ? or # in it is percent-encoded. The
// folder must exist; the file is made on first use.
func Open(u *url.URL) (*Sink, error) {
	path := u.Path
	if u.Opaque != "" {
		var err error
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return nil, errors.New("file: a % in the path must be written as %25")
		}
	}
	switch {
	case u.Host != "" && u.Host != "localhost":
		return nil, fmt.Errorf("%s: a file has no host; write file:/path, or file:path relative to the working directory", strings.TrimSuffix(safeurl.Show(u.String()), ":"))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("file: takes no parameters; write a ? in the path as %3F and a # as %23")
	case path == "" || path[len(path)-1] == '/':
		return nil, errors.New("file: needs the path of a file, as in file:/var/lib/vod/events.jsonl")
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, errors.New("file: the folder of the path does not exist or is not a folder; make it first")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errors.New("file: the path is a folder; name a file in it")
	}
	return &Sink{turn: make(chan struct{}, 1), path: path, sync: (*os.File).Sync}, nil
}

// Send appends the batch in one write and syncs it to the disk before it returns.
// The batch fails or succeeds as a whole, and every error is
// [deliver.Unavailable], because a full disk is not the fault of an event. A
// failed batch may have been written in part; a retry writes all of it again.
//
// ctx does not cut short a write that has begun, because half a line is of no
// use. A pipe whose reader has stopped blocks Send.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	return inTurn(ctx, s.turn, "file", len(events), func() error { return s.write(ctx, events) })
}

// inTurn writes a batch of n events when its turn comes, unless ctx ends first.
func inTurn(ctx context.Context, turn chan struct{}, sink string, n int, write func() error) []error {
	if n == 0 {
		return nil
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
	}
	err := ctx.Err()
	if err == nil {
		err = write()
	}
	if err != nil {
		return deliver.FailAll(n, deliver.Unavailable(named(sink, err), 0))
	}
	return make([]error, n)
}

// write looks at the end of the file, writes and syncs under one lock of the
// file, so that no other process appends in between.
func (s *Sink) write(ctx context.Context, events []*event.Event) (err error) {
	if s.closed {
		return errClosed
	}
	unlock, err := s.openLocked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	info, err := s.out.Stat()
	if err != nil {
		return err
	}
	torn, err := endsTorn(s.out, info)
	if err != nil {
		return err
	}
	buf := s.buf[:0]
	if torn {
		buf = append(buf, '\n')
	}
	buf = appendLines(buf, events)
	if cap(buf) <= keepBuffer {
		s.buf = buf
	}
	if _, err := s.out.Write(buf); err != nil || !isOnDisk(info) {
		return err
	}
	return s.sync(s.out)
}

// isOnDisk tells whether there is anything to sync. A terminal, a pipe and
// /dev/null have what was written to them, and refuse a sync.
func isOnDisk(info fs.FileInfo) bool {
	return info.Mode()&(fs.ModeCharDevice|fs.ModeNamedPipe|fs.ModeSocket|fs.ModeIrregular) == 0
}

// appendLines appends each event and a line break.
func appendLines(buf []byte, events []*event.Event) []byte {
	for _, e := range events {
		start := len(buf)
		buf = e.AppendCloudEvent(buf)
		blankLineBreaks(buf[start:])
		buf = append(buf, '\n')
	}
	return buf
}

// blankLineBreaks makes one line of a JSON object: line breaks stand only
// between its tokens, for in a string they are escaped.
func blankLineBreaks(b []byte) {
	for _, c := range []byte("\n\r") {
		rest := b
		for i := bytes.IndexByte(rest, c); i >= 0; i = bytes.IndexByte(rest, c) {
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
}

// openLocked makes out the file that the path names now, and locks it. A log
// rotation may rename the file while somebody else has the lock, and what went
// on into a deleted file would be lost; so the name is compared under the lock.
func (s *Sink) openLocked(ctx context.Context) (unlock func(), err error) {
	for {
		if s.out == nil {
			if s.out, err = openToAppend(s.path); err != nil {
				return nil, err
			}
		}
		if unlock, err = lock(ctx, s.out); err != nil {
			return nil, err
		}
		if isNamed(s.out, s.path) {
			return unlock, nil
		}
		unlock()
		s.out.Close() // all of it is synced
		s.out = nil
	}
}

// isNamed tells whether path leads to f.
func isNamed(f *os.File, path string) bool {
	named, err := os.Stat(path)
	if err != nil {
		return false
	}
	opened, err := f.Stat()
	return err == nil && os.SameFile(named, opened)
}

// openToAppend opens the file to append to, and makes it if there is none. A named
// pipe is opened for writing alone: with nobody at its other end that fails,
// and events are not written to nobody.
func openToAppend(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	}
	isNew := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil || !isNew {
		return f, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// endsTorn tells whether f ends within a line, as after a crash or a full disk.
func endsTorn(f *os.File, info fs.FileInfo) (bool, error) {
	if info.Size() == 0 || !info.Mode().IsRegular() {
		return false, nil
	}
	var last [1]byte
	_, err := f.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// named says which sink err is of, and takes the path out: of a URL nothing but
// scheme and host is printed.
func named(scheme string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %s: %w", scheme, p.Op, p.Err)
	}
	return fmt.Errorf("%s: %w", scheme, err)
}

// CloseIdle does nothing: a file does not go stale.
func (s *Sink) CloseIdle() {}

// Close closes the file.
func (s *Sink) Close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.closed = true
	if s.out == nil {
		return nil
	}
	f := s.out
	s.out = nil
	if err := f.Close(); err != nil {
		return named("file", err)
	}
	return nil
}

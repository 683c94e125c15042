package lines

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/safeurl"
)

// Sink appends one CloudEvent per line to a file.
type Sink struct {
	turn chan struct{} // holds one token; who has it owns everything below

	path   string
	out    *os.File // nil until the first batch, and after an error
	buf    []byte
	torn   bool // the last line has no end, so the next write begins with one
	closed bool
}

// keepBuffer is the largest buffer kept for the next batch: 16 events of a
// usual size take 80 kB, and one of 2 MB should not be paid for ever after.
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
		return nil, fmt.Errorf("%s has a host, which a path has not; write file:/path, or file:path relative to the working directory", safeurl.Show(u.String()))
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
	return &Sink{turn: make(chan struct{}, 1), path: path}, nil
}

// Send appends the batch in one write and syncs it to the disk before it says
// yes. It fails or succeeds as a whole, and every error is
// [deliver.Unavailable]: a full disk is no event's fault. A
// failed batch may have been written in part, and is written again by a retry.
//
// A write that has begun is not cut short by ctx, for half a line helps
// nobody; a pipe whose reader stands still holds Send.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	if len(events) == 0 {
		return nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
	}
	err := ctx.Err()
	if err == nil {
		err = s.write(events)
	}
	if err != nil {
		return deliver.FailAll(len(events), deliver.Unavailable(named("file", err), 0))
	}
	return make([]error, len(events))
}

func (s *Sink) write(events []*event.Event) error {
	if s.closed {
		return errClosed
	}
	if err := s.reopen(); err != nil {
		return err
	}
	buf := s.buf[:0]
	if s.torn {
		buf = append(buf, '\n')
	}
	buf = appendLines(buf, events)
	if cap(buf) <= keepBuffer {
		s.buf = buf
	}
	n, err := s.out.Write(buf)
	if n > 0 {
		s.torn = buf[n-1] != '\n'
	}
	if err == nil {
		err = s.out.Sync()
	}
	return err
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
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
}

// reopen makes sure that out is the file that the path names now: a log
// rotation renames it, and what went on into a deleted file would be lost.
func (s *Sink) reopen() error {
	if s.out != nil {
		named, err := os.Stat(s.path)
		if err == nil {
			opened, err := s.out.Stat()
			if err == nil && os.SameFile(named, opened) {
				return nil
			}
		}
		s.out.Close() // all of it is synced
		s.out = nil
	}
	_, err := os.Lstat(s.path)
	isNew := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if s.torn, err = endsTorn(f); err == nil && isNew {
		err = syncFolder(s.path)
	}
	if err != nil {
		f.Close()
		return err
	}
	s.out = f
	return nil
}

// endsTorn tells whether f ends within a line, as after a crash or a full disk.
func endsTorn(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return false, err
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return last[0] != '\n', err
}

// syncFolder makes a new file's name durable, which the file's own sync does
// not.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
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

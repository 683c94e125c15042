//go:build unix

package lines

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/internal/output"
)

// On standard output each line is one write, so that the log's lines stand
// between events and never inside one.
func TestOneWriteALine(t *testing.T) {
	t.Parallel()
	// A packet socket keeps the bounds of writes.
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, in := os.NewFile(uintptr(pair[0]), "out"), os.NewFile(uintptr(pair[1]), "in")
	defer out.Close()
	defer in.Close()
	s := NewStream(output.NewWriter(out))
	buf := make([]byte, 1<<17)
	if err := errors.Join(s.Send(t.Context(), delivertest.Events(t, 16))...); err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		n, err := in.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(buf[:n], []byte("\n")); got != 1 || buf[n-1] != '\n' {
			t.Fatalf("write %d holds %d line breaks, want one at its end", i, got)
		}
	}
}

// A full disk tears a line; the next batch must not be glued to it. The disk is
// full for one process alone, a child, because a limit of the size of files is
// every file's of the process.
func TestTornByItself(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	said, _ := child(t, path, "full")
	var ids []string
	for said.Scan() {
		ids = append(ids, said.Text())
	}
	got := readLines(t, path)
	if len(ids) != 2 || len(got) != 4 { // the first twice, the second torn and whole
		t.Fatalf("the child said %q, and there are %d lines, want 4", ids, len(got))
	}
	for i, id := range []int{0, 1, 0, 1} {
		if !bytes.Contains(got[i], []byte(ids[id])) || bytes.HasSuffix(got[i], []byte("}")) != (i != 1) {
			t.Errorf("line %d: got %.60q…%q", i, got[i], got[i][len(got[i])-10:])
		}
	}
}

func init() { fullDisk = sendToFullDisk }

// sendToFullDisk sends two events while files may not grow beyond the second one's
// middle, sends them again when they may, and prints their ids.
func sendToFullDisk(path string) error {
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	s, err := Open(&url.URL{Scheme: "file", Path: path})
	if err != nil {
		return err
	}
	var events []*event.Event
	for i := range 2 {
		e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d","Name":"%s"}}`,
			i, strings.Repeat("x", 4000)), event.Origin{Mode: event.Normal})
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	limit := old
	limit.Cur = 6000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for _, err := range s.Send(context.Background(), events) {
		if !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("full disk: got error %w", err)
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := errors.Join(s.Send(context.Background(), events)...); err != nil {
		return err
	}
	for _, e := range events {
		fmt.Println(e.ID)
	}
	return s.Close()
}

func TestBrokenPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	s := NewStream(w)
	for range 2 {
		for _, err := range s.Send(t.Context(), delivertest.Events(t, 2)) {
			if !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, syscall.EPIPE) {
				t.Errorf("got error %v, want an unavailable EPIPE", err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := w.Stat(); err != nil {
		t.Errorf("Close closed what it was given: %v", err)
	}
}

// Somebody who waits for a slow writer still honors his own context.
func TestWaitHonorsContext(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := NewStream(w)
	stuck := make(chan error)
	big := []*event.Event{delivertest.Event(t, "big", 1<<20)} // more than a pipe holds
	go func() { stuck <- s.Send(context.Background(), big)[0] }()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil { // the writer has its turn
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, delivertest.Events(t, 1))[0]; !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, deliver.ErrUnavailable) {
		t.Errorf("got error %v", err)
	}
	r.Close()
	if err := <-stuck; !errors.Is(err, syscall.EPIPE) {
		t.Errorf("the stuck writer: got error %v", err)
	}
	w.Close()
}

// A named pipe delivers to whoever reads it, and to nobody it does not.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, path)
	events := delivertest.Events(t, 2)
	for _, err := range s.Send(t.Context(), events) {
		if !errors.Is(err, deliver.ErrUnavailable) {
			t.Errorf("nobody reads: got error %v", err)
		}
	}
	reader, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := errors.Join(s.Send(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(reader)
	for _, e := range events {
		if !lines.Scan() || !bytes.Contains(lines.Bytes(), []byte(e.ID)) {
			t.Errorf("got %.60q, %v", lines.Text(), lines.Err())
		}
	}
}

package lines

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
)

// The test's own binary is the other process, in a mode that this variable
// names; its argument is the file.
const childMode = "LINES_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch mode := os.Getenv(childMode); mode {
	case "":
		os.Exit(m.Run())
	case "tear":
		err = tear(os.Args[1])
	case "full":
		err = fullDisk(os.Args[1])
	default:
		err = writeOn(os.Args[1], mode)
	}
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// fullDisk is what the mode "full" does, where a process can make it happen.
var fullDisk = func(string) error { return errors.ErrUnsupported }

// tear begins a line, says so and hangs, with the file locked.
func tear(path string) error {
	f, err := openToAppend(path)
	if err != nil {
		return err
	}
	if _, err := lock(context.Background(), f); err != nil {
		return err
	}
	if _, err := io.WriteString(f, `{"specversion":"1.0","id":"half of`); err != nil {
		return err
	}
	fmt.Println("torn")
	for {
		time.Sleep(time.Hour)
	}
}

// writeOn sends batches, with ids that begin with name, and prints the ids of
// each after the sink said yes.
func writeOn(path, name string) error {
	s, err := Open(&url.URL{Scheme: "file", Path: path})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		var batch []*event.Event
		for i := range 3 {
			e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%s.%d.%d","Name":"%s"}}`,
				name, n, i, strings.Repeat("x", rand.IntN(200_000))), event.Origin{Mode: event.Normal})
			if err != nil {
				return err
			}
			batch = append(batch, e)
		}
		if err := errors.Join(s.Send(context.Background(), batch)...); err != nil {
			return err
		}
		for _, e := range batch {
			fmt.Println(e.Subject)
		}
	}
}

// child starts the other process and returns what it prints, by line, and what
// kills it.
func child(t *testing.T, path, mode string) (said *bufio.Scanner, kill func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, path)
	c.Env = append(os.Environ(), childMode+"="+mode)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = c.Process.Kill() // it may be gone
	})
	t.Cleanup(func() { kill(); _ = c.Wait() })
	return bufio.NewScanner(out), kill
}

// A line that another process tears after this one opened the file swallows
// nothing, and nobody writes while the other has the file.
func TestTornByAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	s := openFile(t, path)
	first, second := delivertest.Events(t, 1), delivertest.Events(t, 1)
	if err := s.Send(t.Context(), first)[0]; err != nil {
		t.Fatal(err)
	}
	said, kill := child(t, path, "tear")
	if !said.Scan() {
		t.Fatal("the other process did not come so far")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, second)[0]; !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, deliver.ErrUnavailable) {
		t.Errorf("the other has the file: got error %v", err)
	}
	kill()
	if err := s.Send(t.Context(), second)[0]; err != nil {
		t.Fatal(err)
	}
	got := readLines(t, path)
	if len(got) != 3 || !bytes.Contains(got[0], []byte(first[0].ID)) || !bytes.HasSuffix(got[1], []byte("half of")) ||
		!bytes.HasPrefix(got[2], []byte(`{"specversion"`)) || !bytes.Contains(got[2], []byte(second[0].ID)) {
		t.Errorf("got lines %.60q", got)
	}
}

// Two processes share a file and are killed again and again, some within a
// line: each event that a sink said yes to is there, on a line of its own.
func TestKilledWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	var mu sync.Mutex
	var taken []string
	var all sync.WaitGroup
	for writer := range 2 {
		all.Go(func() {
			for life := range 5 {
				said, kill := child(t, path, fmt.Sprintf("w%d.%d", writer, life))
				for left := rand.IntN(12); said.Scan(); left-- {
					mu.Lock()
					taken = append(taken, said.Text())
					mu.Unlock()
					if left <= 0 {
						kill() // what it printed before is still read
					}
				}
				if said, kill := child(t, path, "tear"); said.Scan() {
					kill() // within a line, while the other writer goes on
				}
			}
		})
	}
	all.Wait()
	there := map[string]bool{}
	torn := 0
	var why error // the first torn line is torn
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		if e, err := event.ParseCloudEvent(bytes.TrimSuffix(line, []byte("\n"))); err == nil {
			there[e.Subject] = true
		} else {
			torn++
			why = cmp.Or(why, fmt.Errorf("%w: %.80q…%.80q", err, line, line[max(0, len(line)-80):]))
		}
	}
	for _, subject := range taken {
		if !there[subject] {
			t.Errorf("%s was taken and is not there", subject)
		}
	}
	if len(taken) < 10 || torn == 0 {
		t.Errorf("only %d events were taken, only %d lines torn", len(taken), torn)
	}
	t.Logf("%d events taken, %d there, %d lines torn, the first: %v", len(taken), len(there), torn, why)
}

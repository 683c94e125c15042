package lines

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/internal/output"
)

func openFile(t testing.TB, path string) *Sink {
	t.Helper()
	s, err := Open(&url.URL{Scheme: "file", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func readLines(t testing.TB, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	b, ended := bytes.CutSuffix(b, []byte("\n"))
	if len(b) == 0 {
		return nil
	}
	if !ended {
		t.Error("the file does not end with a line break")
	}
	return bytes.Split(b, []byte("\n"))
}

func TestFile(t *testing.T) {
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		path := filepath.Join(t.TempDir(), "events.jsonl")
		return delivertest.Place{
			Open:     func(t testing.TB) deliver.Sink { return openFile(t, path) },
			Received: func(t testing.TB) [][]byte { return readLines(t, path) },
		}
	})
}

func TestStdout(t *testing.T) {
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		out, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { out.Close() })
		return delivertest.Place{
			Open:     func(t testing.TB) deliver.Sink { return NewStream(out) },
			Received: func(t testing.TB) [][]byte { return readLines(t, out.Name()) },
		}
	})
}

// A line is one line, whatever white space VOD put between its tokens, and
// what is within a string stays as it was.
func TestOneLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	e, err := event.Parse([]byte("{\r\n\t\"EventType\": \"NewFileUpload\",\n\"FileUploadEvent\": {\n\"FileId\":\r\"1\", \"Name\": \"a\\nb\"}\n}\n"), event.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(openFile(t, path).Send(t.Context(), []*event.Event{e, e})...); err != nil {
		t.Fatal(err)
	}
	got := readLines(t, path)
	if len(got) != 2 || bytes.ContainsAny(got[0], "\r\n") || !bytes.Contains(got[0], []byte(`"a\nb"`)) {
		t.Errorf("got %d lines, the first %q", len(got), got[0])
	}
}

func TestTornLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, before string
		lines        int
	}{
		{"new", "", 1},
		{"whole", "{\"id\":\"1\"}\n", 2},
		{"torn", "{\"id\":\"1\"}\n{\"id", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "out")
			if c.before != "" {
				if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			events := delivertest.Events(t, 1)
			if err := openFile(t, path).Send(t.Context(), events)[0]; err != nil {
				t.Fatal(err)
			}
			got := readLines(t, path)
			if len(got) != c.lines || !bytes.Contains(got[len(got)-1], []byte(events[0].ID)) {
				t.Errorf("got lines %.40q", got)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	s := openFile(t, path)
	sendOne := func() string {
		t.Helper()
		e := delivertest.Events(t, 1)
		if err := s.Send(t.Context(), e)[0]; err != nil {
			t.Fatal(err)
		}
		return e[0].ID
	}
	holds := func(path string, ids ...string) {
		t.Helper()
		got := readLines(t, path)
		if len(got) != len(ids) {
			t.Fatalf("%s: got %d lines, want %d", filepath.Base(path), len(got), len(ids))
		}
		for i, id := range ids {
			if !bytes.Contains(got[i], []byte(id)) {
				t.Errorf("%s: line %d is not event %s", filepath.Base(path), i, id)
			}
		}
	}
	first := sendOne()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	second := sendOne()
	holds(path+".1", first)
	holds(path, second)
	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil { // and made again at once
		t.Fatal(err)
	}
	holds(path, sendOne())
	holds(path+".2", second)
	if err := os.Truncate(path, 0); err != nil { // copied and truncated
		t.Fatal(err)
	}
	third := sendOne()
	holds(path, third)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	holds(path)
	fourth := sendOne()
	holds(path, fourth)

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; !errors.Is(err, deliver.ErrUnavailable) || strings.Contains(err.Error(), dir) {
		t.Errorf("folder gone: got error %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	holds(path)
	fifth := sendOne()
	holds(path, fifth)
}

// What is not synced is not durable, though it was written.
func TestYesOnlyAfterSync(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "out"))
	s.sync = func(f *os.File) error { return &os.PathError{Op: "sync", Path: f.Name(), Err: syscall.EIO} }
	err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
	if !errors.Is(err, deliver.ErrUnavailable) || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "file: sync: ") {
		t.Errorf("got error %v, want an unavailable one of sync", err)
	}
}

// A device has nothing to sync.
func TestDevice(t *testing.T) {
	t.Parallel()
	s := openFile(t, os.DevNull)
	for range 2 {
		if err := errors.Join(s.Send(t.Context(), delivertest.Events(t, 3))...); err != nil {
			t.Error(err)
		}
	}
}

func TestTwoWritersOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out")
	var all sync.WaitGroup
	for range 4 {
		s := openFile(t, path)
		all.Go(func() {
			for range 10 {
				if err := errors.Join(s.Send(t.Context(), delivertest.Events(t, 7))...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n := 0
	for _, line := range readLines(t, path) {
		n++
		if _, err := event.ParseCloudEvent(line); err != nil {
			t.Fatalf("a line is broken: %v", err)
		}
	}
	if n != 4*10*7 {
		t.Errorf("got %d lines, want %d", n, 4*10*7)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ url, file, err string }{
		{"file:" + dir + "/a", dir + "/a", ""},
		{"file://" + dir + "/b", dir + "/b", ""},
		{"file://localhost" + dir + "/c", dir + "/c", ""},
		{"file:rel", dir + "/rel", ""},
		{"file:folder/sp%20ace%3F", dir + "/folder/sp ace?", ""},
		{"file:./dot%25", dir + "/dot%", ""},
		{"file:", "", "needs the path"},
		{"file:folder/", "", "needs the path"},
		{"file:folder", "", "is a folder"},
		{"file:nowhere/a", "", "make it first"},
		{"file:/dev/null/a", "", "not a folder"},
		{"file://host/a", "", "has no host"},
		{"file:a?sync=no", "", "no parameters"},
		{"file:a#b", "", "no parameters"},
		{"file:a%zz", "", "%25"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		s, err := Open(u)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got error %v, want one with %q", c.url, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if _, err := os.Stat(c.file); err == nil {
			t.Errorf("%s: made before its first use", c.url)
		}
		if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil {
			t.Errorf("%s: %v", c.url, err)
		}
		if len(readLines(t, c.file)) != 1 {
			t.Errorf("%s: no line in %s", c.url, c.file)
		}
		s.Close()
	}
}

func BenchmarkFile(b *testing.B) {
	s := openFile(b, filepath.Join(b.TempDir(), "out"))
	benchmark(b, s)
}

func BenchmarkStdout(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	benchmark(b, NewStream(output.NewWriter(null)))
}

func benchmark(b *testing.B, s deliver.Sink) {
	events := delivertest.Events(b, 16)
	b.ReportAllocs()
	for b.Loop() {
		if err := errors.Join(s.Send(context.Background(), events)...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(16*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

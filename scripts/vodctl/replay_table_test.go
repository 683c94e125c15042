package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/scripts/internal/redeliver"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// tableOf returns the URL of a table of n events, several of them received at one
// time, each with about so many bytes.
func tableOf(t *testing.T, db server, n, size int) string {
	t.Helper()
	database := db.newDatabaseT(t)
	// A sink makes the table.
	env := func(name string) string { return map[string]string{"SINK": database, "DEDUP": "off"}[name] }
	var out, errs strings.Builder
	if run(t.Context(), []string{"replay", "-no-handler", "-"}, env, strings.NewReader(cloudEvent+"\n"), &out, &errs) != statusOK {
		t.Fatal(errs.String())
	}
	if _, err := db.query(database, fmt.Sprintf(db.fill, size, n)); err != nil {
		t.Fatal(err)
	}
	return database
}

// receiver is a sink that counts how often each event came.
type receiver struct {
	URL string

	mu     sync.Mutex
	came   map[string]int
	all    int
	events func(n int, r *http.Request) // called with each event's number
}

func newReceiver(t *testing.T, events func(n int, r *http.Request)) *receiver {
	c := &receiver{came: map[string]int{}, events: events}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e struct{ Id string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		c.came[e.Id]++
		c.all++
		n, events := c.all, c.events
		c.mu.Unlock()
		events(n, r)
	}))
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// release lets everything pass from now on.
func (c *receiver) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = func(int, *http.Request) {}
}

// check checks that each of n events came, and that at most so many came twice.
func (c *receiver) check(t *testing.T, n, twice int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.came) != n {
		t.Errorf("%d of %d events came", len(c.came), n)
	}
	if more := c.all - len(c.came); more > twice {
		t.Errorf("%d events came again, want %d at most", more, twice)
	}
}

// An interrupted replay finishes its page and prints the place; -after goes on there.
// Nothing is lost, and nothing comes twice.
func TestReplayGoesOnAfterAnInterruption(t *testing.T) {
	eachDatabase(t, testReplayGoesOnAfterAnInterruption)
}

func testReplayGoesOnAfterAnInterruption(t *testing.T, db server) {
	const n = 500
	database := tableOf(t, db, n, 10)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	to := newReceiver(t, func(n int, _ *http.Request) {
		if n == 200 {
			interrupt()
		}
	})
	env := func(name string) string { return map[string]string{"FROM": database}[name] }
	args := []string{"replay", "-from", "env:FROM", "-to", to.URL, "-yes", "-limit", fmt.Sprint(n)}
	var out, errs strings.Builder
	if got := run(ctx, args, env, nil, &out, &errs); got != statusPartly {
		t.Errorf("exit status %d", got)
	}
	place := regexp.MustCompile(`interrupted: about (\d+) events are left; to go on, (-after \S+) (-limit \d+)`).FindStringSubmatch(errs.String())
	if place == nil {
		t.Fatal(errs.String())
	}
	if place[1] == "0" {
		t.Fatal("it was not interrupted")
	}
	args = append(args[:len(args)-2], strings.Fields(place[2]+" "+place[3])...)
	errs.Reset()
	if got := run(t.Context(), args, env, nil, &out, &errs); got != statusOK {
		t.Errorf("exit status %d: %s", got, errs.String())
	}
	to.check(t, n, 0)
}

// vodctlCommand is vodctl as a process of its own.
func vodctlCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = append([]string{"vodctl"}, args...) // testscript.Main goes by this name
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// builtIn is the folder for built.
var builtIn string

// built is vodctl as users build it, without the race detector.
var built = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(builtIn, "vodctl")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the other builds, which share their results
	if out, err := build.CombinedOutput(); err != nil {
		return path, fmt.Errorf("building vodctl: %w\n%s", err, out)
	}
	return path, nil
})

// builtCommand is vodctlCommand with the built vodctl, for tests with much data: the
// race detector needs memory of its own, and ten times the time.
func builtCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// With -state the same command goes on after the process was killed: nothing is
// lost, and at most one page comes twice.
func TestReplayGoesOnAfterAKill(t *testing.T) { eachDatabase(t, testReplayGoesOnAfterAKill) }

func testReplayGoesOnAfterAKill(t *testing.T, db server) {
	const n = 500
	database := tableOf(t, db, n, 10)
	reached := make(chan struct{})
	var once sync.Once
	to := newReceiver(t, func(n int, r *http.Request) {
		if n >= 200 { // no more answers
			once.Do(func() { close(reached) })
			<-r.Context().Done()
		}
	})
	state := filepath.Join(t.TempDir(), "place")
	env := []string{"FROM=" + database}
	args := []string{"replay", "-from", "env:FROM", "-to", to.URL, "-yes", "-state", state}
	cmd := vodctlCommand(t, env, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if _, err := os.Stat(state); err != nil {
		t.Fatal(err)
	}
	to.release()
	text, err := vodctlCommand(t, env, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !bytes.Contains(text, []byte("it goes on after the ")) {
		t.Errorf("%s", text)
	}
	to.check(t, n, redeliver.PageSize)
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("the file of -state is still there: %v", err)
	}
}

// 20,000 rows go through a process that does not have memory for all of them.
func TestReplayInBoundedMemory(t *testing.T) { eachDatabase(t, testReplayInBoundedMemory) }

func testReplayInBoundedMemory(t *testing.T, db server) {
	const n, size, most = 10_000, 8_000, 100 << 10 // in kB; the rows have 80 MB, and as events over twice that
	database := tableOf(t, db, n, size)
	cmd := builtCommand(t, []string{"FROM=" + database}, "replay", "-from", "env:FROM", "-to", "stdout:", "-yes")
	lines, used := 0, 0
	cmd.Stdout = writerFunc(func(b []byte) {
		before := lines
		lines += bytes.Count(b, []byte("\n"))
		if lines/1000 > before/1000 {
			used = max(used, peakMemory(t, cmd.Process.Pid))
		}
	})
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if lines != n {
		t.Errorf("%d events came, want %d", lines, n)
	}
	if used > most {
		t.Errorf("it took %d kB, want %d at most", used, most)
	}
	t.Logf("it took %d kB", used)
}

// peakMemory is the most memory that a process has had resident, in kB; 0 if there
// is no /proc. The rusage of an ended process is no use: it includes the memory of
// the process that forked it.
func peakMemory(t *testing.T, pid int) (kB int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, peak, ok := bytes.Cut(status, []byte("VmHWM:"))
	if !ok {
		return 0 // it has ended
	}
	if _, err := fmt.Sscan(string(peak), &kB); err != nil {
		t.Error(err)
	}
	return kB
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// rowsOf are n rows as a table gives them.
func rowsOf(n int) []stored.Row {
	rows := make([]stored.Row, n)
	for i := range rows {
		rows[i] = stored.Row{
			ID: fmt.Sprintf("%032x", i+1), Type: "com.tencent.cloud.vod.PullComplete", Source: "/tencentcloud/vod", Mode: "normal",
			Received: time.Date(2026, 11, 24, 0, 0, i, 0, time.UTC), Data: fmt.Appendf(nil, `{"EventType":"PullComplete","n":%d}`, i),
		}
	}
	return rows
}

// A page that finds a sink down is tried three times and is then not done: the
// place stays before it.
func TestReplayFromTableStopsWhereSinkIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, errs strings.Builder
		r := &replay{program: &program{stdout: &out, stderr: &errs}, bar: &progress{}}
		p := &deliver.Pipeline{Way: deliver.Replayed, Sinks: []deliver.Sink{&lost{from: 2}}, Store: new(deliver.Off)}
		if err := r.deliverPage(t.Context(), p, "vod_events", rowsOf(1)); err != nil {
			t.Errorf("the first page: %v", err)
		}
		err := r.deliverPage(t.Context(), p, "vod_events", rowsOf(3))
		if err == nil || !strings.Contains(err.Error(), "a sink is down: ") {
			t.Errorf("the second page: %v", err)
		}
		if want := (tally{delivered: 1, untried: 3}); r.tally != want {
			t.Errorf("%+v, want %+v", r.tally, want)
		}
		mark := &bookmark{Place: rowsOf(1)[0].Place(), Done: 1}
		err = r.stopped(err, mark, 3)
		if statusOf(err) != statusPartly || !strings.HasSuffix(err.Error(), "about 3 events are left; to go on, -after 2026-11-24T00:00:00.000000Z,00000000000000000000000000000001") {
			t.Errorf("status %d: %v", statusOf(err), err)
		}
	})
}

// An event that a sink took is not sent again with the rest of its page.
func TestReplayFromTableTriesWhatFoundASinkDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, errs strings.Builder
		r := &replay{program: &program{stdout: &out, stderr: &errs}, bar: &progress{}}
		back := time.Now().Add(8 * time.Second) // after the first delivery has given up
		p := &deliver.Pipeline{Way: deliver.Replayed, Sinks: []deliver.Sink{&restarting{back}}, Store: new(deliver.Off)}
		if err := r.deliverPage(t.Context(), p, "vod_events", rowsOf(redeliver.PageSize)); err != nil {
			t.Error(err)
		}
		if want := (tally{delivered: redeliver.PageSize}); r.tally != want {
			t.Errorf("%+v, want %+v", r.tally, want)
		}
	})
}

// The file of -state tells replays apart by their source and their sinks, and not by
// a password, which may have changed meanwhile.
func TestBookmark(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "place")
	open := func(eventType, from, to string) (*bookmark, error) {
		r := &replay{state: file, selection: selection{eventType: eventType}}
		return r.openBookmark(from, to, nil)
	}
	const from, to = "postgres://me:s3cret@db/x?table=a", "file:a.jsonl"
	m, err := open("PullComplete", from, to)
	if err != nil {
		t.Fatal(err)
	}
	place := rowsOf(1)[0].Place()
	if err := m.move(place, 64); err != nil {
		t.Fatal(err)
	}
	for _, same := range []string{from, "postgres://me:other@db/x?table=a", "postgres://you@db/x?sslmode=require&table=a"} {
		if again, err := open("PullComplete", same, to); err != nil || again.Place != place || again.Done != 64 {
			t.Errorf("%s: %+v, %v", same, again, err)
		}
	}
	for _, other := range [][3]string{
		{"FileDeleted", from, to},
		{"PullComplete", from, "file:b.jsonl"},
		{"PullComplete", from, "file:a.jsonl stdout:"},
		{"PullComplete", "postgres://me:s3cret@db/x?table=b", to},
		{"PullComplete", "postgres://me:s3cret@db/y?table=a", to},
		{"PullComplete", "postgres://me:s3cret@other/x?table=a", to},
	} {
		if _, err := open(other[0], other[1], other[2]); statusOf(err) != statusMisuse {
			t.Errorf("%v: %v", other, err)
		}
	}
	if files, err := os.ReadDir(filepath.Dir(file)); len(files) != 1 || err != nil {
		t.Errorf("beside the file are left: %v, %v", files, err)
	}
	if err := m.remove(); err != nil {
		t.Error(err)
	}
	if again, err := open("FileDeleted", from, to); err != nil || again.Done != 0 {
		t.Errorf("%+v, %v", again, err)
	}
}

// restarting is a sink that is down until a time.
type restarting struct{ back time.Time }

func (s *restarting) Send(_ context.Context, events []*event.Event) []error {
	if time.Now().Before(s.back) {
		return deliver.FailAll(len(events), deliver.Unavailable(errors.New("connection refused"), 0))
	}
	return make([]error, len(events))
}
func (*restarting) CloseIdle()   {}
func (*restarting) Close() error { return nil }

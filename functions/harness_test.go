// Package functions_test drives the two built functions as SCF does, over the
// rpc protocol, against the stand-in for VOD.
package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/scf/local"
	"vodevents/shared/sink/servertest"
	"vodevents/shared/vodfake"
)

// The paths of the binaries: the functions as they are, and with testdata's
// handler in place of the user's.
var callbackBin, pullBin, callbackHandlerBin, pullHandlerBin string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "functions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	overlay, err := overlay(dir)
	if err != nil {
		log.Print(err)
		return 1
	}
	for _, b := range []struct {
		callback, pull *string
		dir            string
		args           []string
	}{
		{&callbackBin, &pullBin, "plain", nil},
		{&callbackHandlerBin, &pullHandlerBin, "handler", []string{"-overlay", overlay}},
	} {
		into := filepath.Join(dir, b.dir)
		*b.callback, *b.pull = filepath.Join(into, "callback"), filepath.Join(into, "pull")
		// The flags of the deployed binaries, which also halve the linking time.
		args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", into + string(filepath.Separator)}, b.args...)
		build := exec.Command("go", append(args, "./callback", "./pull")...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			log.Printf("building the functions: %v\n%s", err, out)
			return 1
		}
	}
	return servertest.RunAll(m, sharedPostgres)
}

// overlay writes the file that makes go build take testdata/handler.go as the
// user's code.
func overlay(dir string) (string, error) {
	theirs, err := filepath.Abs("../shared/handler/handler.go")
	if err != nil {
		return "", err
	}
	ours, err := filepath.Abs("testdata/handler.go")
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{theirs: ours}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}

// output is what a process writes. It is a file, so that whatever is written
// before an answer can be read after it. A pipe would need a reader all the time.
type output struct {
	*os.File
	wanted func(line []byte) bool // nil: all lines
	taken  int64
}

func newOutput(t *testing.T) *output {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &output{File: f}
}

// only returns the same output; its take returns only the wanted lines.
func (o *output) only(wanted func(line []byte) bool) *output {
	return &output{File: o.File, wanted: wanted}
}

// take returns the lines that were written since the last call.
func (o *output) take() (lines []string) {
	text, err := io.ReadAll(io.NewSectionReader(o, o.taken, math.MaxInt64-o.taken))
	if err != nil {
		log.Print(err)
	}
	o.taken += int64(len(text))
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSuffix(line, []byte("\n")); o.wanted == nil || o.wanted(line) {
			lines = append(lines, string(line))
		}
	}
	return lines
}

func isLog(line []byte) bool { return !local.IsEvent(line) }

type function struct {
	*local.Function
	t        *testing.T
	out, log *output
}

// grace lets an invocation run beyond its time on a slow machine. Tests with a clock of
// their own, such as those of package deliver, check that answers come in time.
const grace = 5 * time.Minute

func start(t *testing.T, binary string, env ...string) *function {
	t.Helper()
	return startWithin(t, 64, binary, env...)
}

// startWithin starts a function and tells it that it has memory MB.
func startWithin(t *testing.T, memory int, binary string, env ...string) *function {
	t.Helper()
	all := newOutput(t)
	f := &function{t: t, out: all.only(local.IsEvent), log: all.only(isLog)}
	fn, err := local.Start(t.Context(), binary, append([]string{"PATH=" + os.Getenv("PATH")}, env...),
		local.WithStdout(f.out.File), local.WithStderr(f.log.File), local.WithMemory(memory), local.WithGrace(grace))
	if err != nil {
		t.Fatal(err)
	}
	f.Function = fn
	t.Cleanup(func() {
		fn.Kill()
		if t.Failed() {
			t.Logf("log of the function:\n%s", strings.Join(f.log.take(), "\n"))
		}
	})
	return f
}

// post sends a body in the trigger event of a function URL.
func (f *function) post(body []byte) (status int, answer string) {
	f.t.Helper()
	return f.invokeRaw(local.PostEvent(body))
}

// postWithin is post for a function with another timeout than 15 s.
func (f *function) postWithin(body []byte, timeout time.Duration) (status int, answer string) {
	f.t.Helper()
	return f.invokeWithin(local.PostEvent(body), timeout)
}

func (f *function) invoke(trigger any) (status int, answer string) {
	f.t.Helper()
	payload, err := json.Marshal(trigger)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.invokeRaw(payload)
}

func (f *function) invokeRaw(payload []byte) (status int, answer string) {
	f.t.Helper()
	return f.invokeWithin(payload, 15*time.Second)
}

func (f *function) invokeWithin(payload []byte, timeout time.Duration) (status int, answer string) {
	f.t.Helper()
	raw, err := f.Invoke(f.t.Context(), payload, timeout, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	var a struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		f.t.Fatalf("%s: %v", raw, err)
	}
	return a.StatusCode, a.Body
}

// drain fires the timer once.
func (f *function) drain(timeout time.Duration) map[string]any {
	f.t.Helper()
	raw, err := f.Invoke(f.t.Context(), local.TimerEvent(time.Now()), timeout, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		f.t.Fatalf("%s: %v", raw, err)
	}
	return r
}

// cloudEvent is a line of a function's standard output.
type cloudEvent struct {
	Id, Source, Type, Subject, VodMode string
	ParkReason                         string
	ParkAttempts                       int
	Data                               json.RawMessage
}

func readCloudEvent(t *testing.T, line string) cloudEvent {
	t.Helper()
	var c cloudEvent
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Fatalf("a line on stdout is not JSON: %v: %s", err, line)
	}
	return c
}

// runVOD starts the stand-in for VOD. It holds the poll of an empty queue, with
// which each invocation ends, for less than VOD's 5 s: no test here is about it.
func runVOD(t *testing.T, o ...vodfake.Options) *vodfake.Server {
	t.Helper()
	options := append(o, vodfake.Options{})[0]
	options.Hold = 200 * time.Millisecond
	return vodfake.RunT(t, options)
}

// vodEnv returns the variables with which a function calls the stand-in.
func vodEnv(s *vodfake.Server) []string {
	return []string{"VOD_ENDPOINT=" + s.URL, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey}
}

func uploadNamed(id int, name string) []byte {
	return fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d","MediaBasicInfo":{"Name":%q}}}`, id, name)
}

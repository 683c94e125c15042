package scf_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/scf/local"
)

// function is the binary of testdata/function.
var function string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "scf")
	if err != nil {
		log.Fatal(err)
	}
	function = filepath.Join(dir, "function")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", function, "./testdata/function")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as functions are deployed
	if out, err := build.CombinedOutput(); err != nil {
		log.Fatalf("building the function: %v\n%s", err, out)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// output is a function's standard output or error. It is whole when the
// function was closed.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// lines gives the log lines, each of which must be JSON.
func (o *output) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(o.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		lines = append(lines, m)
	}
	return lines
}

// instance is a function under SCF's protocol.
type instance struct {
	*local.Function
	log, stderr output
}

func start(t *testing.T, env ...string) *instance {
	t.Helper()
	i := &instance{}
	f, err := local.Start(t.Context(), function, append([]string{}, env...), local.WithStdout(&i.log), local.WithStderr(&i.stderr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		if s := i.stderr.String(); s != "" {
			t.Errorf("the function wrote to standard error: %q", s)
		}
	})
	i.Function = f
	return i
}

func (i *instance) invoke(t *testing.T, event string) (string, error) {
	t.Helper()
	answer, err := i.Invoke(t.Context(), []byte(event), 200*time.Second, nil)
	return string(answer), err
}

// integrated is the answer to an HTTP event.
type integrated struct {
	StatusCode int
	Headers    map[string]string
	Body       string
	base64     string // the text of isBase64Encoded, if there
}

func (i *instance) http(t *testing.T, event string) integrated {
	t.Helper()
	answer, err := i.invoke(t, event)
	if err != nil {
		t.Fatalf("function error: %v", err)
	}
	return parseAnswer(t, answer)
}

func parseAnswer(t *testing.T, answer string) integrated {
	t.Helper()
	var a integrated
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("answer %q: %v", answer, err)
	}
	if err := json.Unmarshal([]byte(answer), &members); err != nil {
		t.Fatal(err)
	}
	a.base64 = string(members["isBase64Encoded"])
	delete(members, "isBase64Encoded")
	if len(members) != 3 {
		t.Fatalf("answer %q, want statusCode, headers, body", answer)
	}
	return a
}

// wantError checks an answer with a JSON error.
func wantError(t *testing.T, a integrated, status int, says string) {
	t.Helper()
	var body struct{ Error string }
	err := json.Unmarshal([]byte(a.Body), &body)
	if err != nil || a.StatusCode != status || a.Headers["Content-Type"] != "application/json" || !strings.Contains(body.Error, says) || body.Error == "" {
		t.Errorf("answer %.300v, want status %d and an error with %q", a, status, says)
	}
}

// seen is what the handler of testdata/function says it saw.
type seen struct {
	Method, Path, Host, Remote, Var string
	Query                           map[string][]string
	Header                          map[string][]string
	Body                            []byte
	Length                          int
	Left                            float64
}

func (i *instance) echo(t *testing.T, event string) seen {
	t.Helper()
	a := i.http(t, event)
	if a.StatusCode != http.StatusAccepted {
		t.Fatalf("event %.300s: answer %v", event, a)
	}
	want := map[string]string{"Content-Type": "application/json", "X-Multi": "v1, v2"}
	if d := cmp.Diff(want, a.Headers); d != "" {
		t.Errorf("headers of the answer (-want +got):\n%s", d)
	}
	var s seen
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil {
		t.Fatal(err)
	}
	if s.Left < 100 || s.Left > 200 {
		t.Errorf("the handler had %v s left, want just under 200", s.Left)
	}
	if s.Length != len(s.Body) {
		t.Errorf("ContentLength %d, body of %d bytes", s.Length, len(s.Body))
	}
	return s
}

// host is a function as an ordinary process.
type host struct {
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stdout output
}

func startHost(t *testing.T, env ...string) *host {
	t.Helper()
	h := &host{cmd: exec.Command(function)}
	h.cmd.Env, h.cmd.Stdout = env, &h.stdout
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.lines = bufio.NewScanner(stderr)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.cmd.Process.Kill()
		h.cmd.Wait()
		if s := h.stdout.String(); s != "" {
			t.Errorf("the function wrote to standard output: %q", s)
		}
	})
	return h
}

// wait reads the log up to the line with msg.
func (h *host) wait(t *testing.T, msg string) map[string]any {
	t.Helper()
	for h.lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(h.lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", h.lines.Text(), err)
		}
		if line["msg"] == msg {
			return line
		}
	}
	t.Fatalf("the log ended without %q", msg)
	return nil
}

func (h *host) stop(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := h.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func startServer(t *testing.T, env ...string) (*host, string) {
	t.Helper()
	h := startHost(t, append(env, "LISTEN_ADDR=127.0.0.1:0")...)
	return h, "http://" + h.wait(t, "listening")["addr"].(string)
}

func do(t *testing.T, method, url string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

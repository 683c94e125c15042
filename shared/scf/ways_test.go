package scf_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"

	"vodevents/shared/scf/local/localtest"
)

// process is a function that the test calls without package local.
type process struct {
	*rpc.Client
	pid            int
	stop           func() // after it the output is whole
	stdout, stderr output
}

// serve starts the test's function with env and calls it at addr.
func serve(t *testing.T, network, addr string, env ...string) *process {
	t.Helper()
	p := &process{}
	cmd := exec.Command(function)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	p.stop = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(p.stop)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial(network, addr)
		if err == nil {
			p.Client = rpc.NewClient(conn)
			t.Cleanup(func() { p.Client.Close() })
			return p
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%v\n%s%s", err, &p.stdout, &p.stderr)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func privateDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "scf") // the path of t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// servers starts the test's function three times: served by scf-go-lib, as under
// SCF, and on a socket.
func servers(t *testing.T) (library *process, ours map[string]*process) {
	t.Helper()
	onTCP := func(trigger string) *process {
		port := freePort(t)
		return serve(t, "tcp", "127.0.0.1:"+port, "TRIGGER="+trigger, "_LAMBDA_SERVER_PORT="+port)
	}
	socket := filepath.Join(privateDir(t), "s")
	return onTCP("library"), map[string]*process{
		"SCF":    onTCP("raw"),
		"socket": serve(t, "unix", socket, "TRIGGER=raw", "_LAMBDA_SERVER_PORT=9000", "VOD_RPC_SOCKET="+socket),
	}
}

// A function answers each call exactly as scf-go-lib does, under SCF and on a
// socket: results, errors, panics, what the context says and what the environment
// is.
func TestAnswersAsLibrary(t *testing.T) {
	t.Parallel()
	library, ours := servers(t)
	for _, p := range ours {
		if err := p.Call("Function.Ping", messages.PingRequest{}, &messages.PingResponse{}); err != nil {
			t.Fatalf("Ping: %v", err)
		}
	}
	full := messages.InvokeRequest{
		Payload: []byte("\x00event"), RequestId: "r-1", TraceId: "t-1",
		Deadline:              messages.InvokeRequest_Timestamp{Seconds: time.Now().Add(time.Hour).Unix(), Nanos: 5_000_000},
		InvokedFunctionUnique: "u", ClientContext: []byte(`{"client":{"app_title":"a"},"env":{"k":"v"}}`),
		Namespace: "default", FunctionName: "f", FunctionVersion: "$LATEST", MemoryLimitInMb: 128, TimeLimitInMs: 3000,
		Environment: `{"VAR":"one"}`, TencentcloudRegion: "ap-x", TencentcloudAppID: "1", TencentcloudUin: "2", FunctionTrace: "ft",
	}
	with := func(change func(*messages.InvokeRequest)) messages.InvokeRequest {
		r := full
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name string
		req  messages.InvokeRequest
	}{
		{"all members", full},
		{"the environment stays", with(func(r *messages.InvokeRequest) { r.Environment = "" })},
		{"another environment", with(func(r *messages.InvokeRequest) { r.Environment = `{"VAR":""}` })},
		{"a time that is over", with(func(r *messages.InvokeRequest) { r.Deadline.Seconds = 1e9 })},
		{"an error", with(func(r *messages.InvokeRequest) { r.Payload = []byte("error") })},
		{"a panic", with(func(r *messages.InvokeRequest) { r.Payload = []byte("panic") })},
		{"a panic with text", with(func(r *messages.InvokeRequest) { r.Payload = []byte("panic with text") })},
		{"an environment that is none", with(func(r *messages.InvokeRequest) { r.Environment = `[` })},
		{"an environment with a number", with(func(r *messages.InvokeRequest) { r.Environment = `{"VAR":1}` })},
		{"a client context that is none", with(func(r *messages.InvokeRequest) { r.ClientContext = []byte(`7`) })},
		{"after all of these", full},
	} {
		want := invoke(t, library, tt.req)
		for way, p := range ours {
			if d := cmp.Diff(want, invoke(t, p, tt.req)); d != "" {
				t.Errorf("%s, %s (-scf-go-lib +function):\n%s", tt.name, way, d)
			}
		}
	}
	for way, p := range ours {
		p.stop()
		if s := p.stdout.String() + p.stderr.String(); s != "" {
			t.Errorf("%s: the function wrote %q", way, s)
		}
	}
}

// invoke returns the answer to a call. It checks the stack of a panic and takes
// it out of the answer: scf-go-lib shortens its names.
func invoke(t *testing.T, p *process, req messages.InvokeRequest) (res messages.InvokeResponse) {
	t.Helper()
	if err := p.Call("Function.Invoke", &req, &res); err != nil {
		t.Fatalf("%q: %v", req.Payload, err)
	}
	if res.Error != nil && res.Error.ShouldExit {
		if !hasFrame(res.Error.StackTrace, "raw") {
			t.Errorf("%q: answer %+v, want a stack with the function that panicked", req.Payload, res.Error)
		}
		res.Error.StackTrace = nil
	}
	return res
}

// A call that is none is answered with an error, and the connection takes the
// next one, as with scf-go-lib.
func TestCallsThatAreNone(t *testing.T) {
	t.Parallel()
	library, ours := servers(t)
	ours["scf-go-lib"] = library
	for way, p := range ours {
		for _, tt := range []struct {
			method string
			body   any
		}{
			{"Function.Stop", messages.PingRequest{}},
			{"Function.Stop", messages.InvokeRequest{Payload: []byte("panic"), Environment: "["}},
			{"Other.Invoke", messages.InvokeRequest{}},
			{"Ping", "text"},
			{"", 7},
			{"Function.Invoke", "no request"},
			{"Function.Invoke", struct{ Payload int }{7}},
			{"Function.Ping", []string{"no request"}},
		} {
			var refused rpc.ServerError
			if err := p.Call(tt.method, tt.body, new(messages.InvokeResponse)); !errors.As(err, &refused) || refused == "" {
				t.Errorf("%s: %q with %T: %v, want an error of the server", way, tt.method, tt.body, err)
			}
		}
		if res := invoke(t, p, messages.InvokeRequest{Payload: []byte("event")}); res.Error != nil || len(res.Payload) == 0 {
			t.Errorf("%s: then an event is answered %+v", way, res)
		}
	}
}

// Calls of one connection run side by side, and each answer belongs to its call.
func TestCallsSideBySide(t *testing.T) {
	t.Parallel()
	_, ours := servers(t)
	for way, p := range ours {
		var calls sync.WaitGroup
		for i := range 100 {
			calls.Go(func() {
				event := fmt.Appendf(nil, "event %d", i)
				var res messages.InvokeResponse
				err := p.Call("Function.Invoke", messages.InvokeRequest{Payload: event}, &res)
				var said struct{ Event []byte }
				if err != nil || json.Unmarshal(res.Payload, &said) != nil || string(said.Event) != string(event) {
					t.Errorf("%s: %q is answered %q, %v", way, event, res.Payload, err)
				}
			})
		}
		calls.Wait()
	}
}

func hasFrame(stack []*messages.InvokeResponse_Error_StackFrame, function string) bool {
	for _, f := range stack {
		if f.Label == function || strings.HasSuffix(f.Label, "."+function) {
			return f.Line > 0 && strings.HasSuffix(f.Path, "main.go")
		}
	}
	return false
}

// The log is standard output under SCF, as it is on a socket.
func TestLogUnderSCF(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := serve(t, "tcp", "127.0.0.1:"+port, "_LAMBDA_SERVER_PORT="+port)
	req := messages.InvokeRequest{Payload: []byte(`{"httpMethod":"GET","path":"/level"}`), Environment: `{"LOG_LEVEL":"info"}`, RequestId: "r-7"}
	if err := p.Call("Function.Invoke", &req, new(messages.InvokeResponse)); err != nil {
		t.Fatal(err)
	}
	p.stop()
	if lines := p.stdout.lines(t); len(lines) != 1 || lines[0]["level"] != "INFO" || lines[0]["specversion"] != nil {
		t.Errorf("standard output %q, want one line of the log", &p.stdout)
	}
	if s := p.stderr.String(); s != "" {
		t.Errorf("standard error %q", s)
	}
}

// The stack of a crash is where Tencent collects the log.
func TestCrashUnderSCF(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	p := serve(t, "tcp", "127.0.0.1:"+port, "_LAMBDA_SERVER_PORT="+port)
	req := messages.InvokeRequest{Payload: []byte(`{"httpMethod":"GET","path":"/crash"}`)}
	if err := p.Call("Function.Invoke", &req, new(messages.InvokeResponse)); err == nil {
		t.Error("the function answered although it crashed")
	}
	p.stop()
	if s := p.stdout.String(); !strings.Contains(s, "panic: on purpose") || !strings.Contains(s, "main.onHTTP") {
		t.Errorf("standard output %q, want the panic with its stack", s)
	}
}

// Only the user who started a function may reach its socket, whatever the mode
// of the folder.
func TestSocketIsPrivate(t *testing.T) {
	t.Parallel()
	dir := privateDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	p := serve(t, "unix", socket, "VOD_RPC_SOCKET="+socket)
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket's mode is %v", info.Mode())
	}
	if err := p.Call("Function.Ping", messages.PingRequest{}, &messages.PingResponse{}); err != nil {
		t.Fatal(err)
	}
	if got := localtest.Listening(t, p.pid); got != nil {
		t.Errorf("the function listens on %v", got)
	}
}

func TestSocketThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := privateDir(t)
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{taken, filepath.Join(dir, "none", "s"), filepath.Join(dir, strings.Repeat("x", 120))} {
		cmd := exec.Command(function)
		cmd.Env = []string{"VOD_RPC_SOCKET=" + path}
		out, err := cmd.Output()
		var line struct{ Level, Msg, Error string }
		if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 1 || json.Unmarshal(out, &line) != nil {
			t.Errorf("%s: %v, output %q, want status 1 and a line of the log", path, err, out)
		}
		if !strings.Contains(fmt.Sprint(line), "VOD_RPC_SOCKET") || line.Level != "ERROR" {
			t.Errorf("%s: log line %+v", path, line)
		}
	}
}

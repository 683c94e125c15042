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

	"vodevents/shared/porttest"
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
		if time.Since(begun) > 5*time.Minute {
			t.Fatalf("%v\n%s%s", err, &p.stdout, &p.stderr)
		}
	}
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

// A function on a socket answers each call exactly as scf-go-lib does on TCP:
// results, errors, panics, what the context says and what the environment is.
// This test also is the one that runs the way of SCF itself.
func TestSocketAnswersAsSCF(t *testing.T) {
	t.Parallel()
	socket, port := filepath.Join(privateDir(t), "s"), strconv.Itoa(porttest.KeepT(t).Number())
	tcp := serve(t, "tcp", "127.0.0.1:"+port, "TRIGGER=raw", "_LAMBDA_SERVER_PORT="+port)
	unix := serve(t, "unix", socket, "TRIGGER=raw", "_LAMBDA_SERVER_PORT="+port, "VOD_RPC_SOCKET="+socket)

	for _, p := range []*process{tcp, unix} {
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
		var want, got messages.InvokeResponse
		if err := errors.Join(tcp.Call("Function.Invoke", &tt.req, &want), unix.Call("Function.Invoke", &tt.req, &got)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if want.Error != nil && want.Error.ShouldExit {
			for _, e := range []*messages.InvokeResponse_Error{want.Error, got.Error} {
				if e == nil || !hasFrame(e.StackTrace, "raw") {
					t.Errorf("%s: answer %+v, want a stack with the function that panicked", tt.name, e)
					continue
				}
				e.StackTrace = nil
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-scf-go-lib +socket):\n%s", tt.name, d)
		}
	}
	tcp.stop()
	unix.stop()
	if s := tcp.stdout.String() + tcp.stderr.String() + unix.stdout.String() + unix.stderr.String(); s != "" {
		t.Errorf("the functions wrote %q", s)
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
	port := strconv.Itoa(porttest.KeepT(t).Number())
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
	port := strconv.Itoa(porttest.KeepT(t).Number())
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

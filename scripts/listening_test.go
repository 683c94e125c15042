package scripts_test

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vodevents/shared/scf/local/localtest"
)

// While dev runs, no other machine can reach the functions: everything listens on
// 127.0.0.1.
func TestDevListensOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "dev")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", program, "./dev")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the other builds, which share their results
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dev := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0", "-api", "127.0.0.1:0", "-every", "100ms")
	dev.Stderr = t.Output()
	stdout, err := dev.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	defer dev.Wait()
	defer interrupt(dev)

	lines := bufio.NewScanner(stdout)
	until := func(want *regexp.Regexp) string {
		t.Helper()
		for lines.Scan() {
			if found := want.FindString(lines.Text()); found != "" {
				return found
			}
		}
		t.Fatalf("dev ended without printing %v", want)
		return ""
	}
	base := strings.TrimSuffix(until(regexp.MustCompile(`http://127\.0\.0\.1:\d+/callback`)), "/callback")

	// Once a function has put out an event, it has an instance.
	for _, post := range []struct{ path, body, mode string }{
		{"/callback", `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`, `\bnormal\b`},
		{"/api/events?mode=reliable&kind=ProcedureStateChanged", `{}`, `\breliable\b`},
	} {
		answer, err := http.Post(base+post.path, "application/json", strings.NewReader(post.body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		until(regexp.MustCompile(`^\d\d:\d\d:\d\d.*` + post.mode))
	}
	open := localtest.Listening(t, dev.Process.Pid)
	if len(open) < 2 {
		t.Errorf("dev listens on %v, want its page and its API at least", open)
	}
	for _, at := range open {
		if !at.Addr().IsLoopback() {
			t.Errorf("%v is open to the network", at)
		}
	}
}

// interrupt stops a program as Ctrl-C does.
func interrupt(cmd *exec.Cmd) {
	if cmd.Process.Signal(os.Interrupt) != nil { // Windows has none
		cmd.Process.Kill()
	}
}

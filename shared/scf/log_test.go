package scf_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestPanic(t *testing.T) {
	t.Parallel()
	f := start(t)
	wantError(t, f.http(t, `{"httpMethod":"POST","path":"/panic"}`), 500, "internal error")
	f.echo(t, `{"httpMethod":"POST"}`)
	f.Close()
	line := f.log.lines(t)[0]
	if stack, _ := line["stack"].(string); line["level"] != "ERROR" || line["panic"] != "on purpose" || !strings.Contains(stack, "main.onHTTP") {
		t.Errorf("log line %v, want the panic with its stack", line)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, level := range []string{"debug", "error", "info"} {
		if _, err := f.Invoke(t.Context(), []byte(`{"httpMethod":"GET","path":"/level"}`), time.Minute, map[string]string{"LOG_LEVEL": level}); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	lines := f.log.lines(t)
	if len(lines) != 3 {
		t.Fatalf("log lines %v, want 2 of the debug invocation and 1 of the info one", lines)
	}
	ids := map[any]bool{}
	for i, msg := range []string{"debug line", "info line", "info line"} {
		id := lines[i]["request_id"]
		if msg == "info line" { // within the group of the logger
			group, _ := lines[i]["g"].(map[string]any)
			id = group["request_id"]
			if lines[i]["k"] != "v" || group["a"] != 1.0 {
				t.Errorf("log line %v lacks its attributes", lines[i])
			}
		}
		if s, _ := id.(string); lines[i]["msg"] != msg || len(s) != 36 {
			t.Errorf("log line %v, want %q with a request id", lines[i], msg)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d request ids in 2 invocations", len(ids))
	}
}

// What scf-go-lib says when it gives up is in the log like everything else.
func TestLibraryLog(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(function)
	cmd.Env = []string{"_LAMBDA_SERVER_PORT=none"}
	var stdout output
	cmd.Stdout = &stdout
	if err := cmd.Run(); err == nil {
		t.Error("a port that is none was served")
	}
	if lines := stdout.lines(t); len(lines) != 1 || lines[0]["level"] != "ERROR" {
		t.Errorf("log %v, want one error", lines)
	}
}

//go:build unix

package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"vodevents/scripts/dev/api"
)

// Ctrl-C ends everything, though a browser still listens, and leaves nothing
// behind.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stdout := newOutput()
	cmd := exec.Command("dev", "-addr", "127.0.0.1:0", "-api", "127.0.0.1:0", "-every", "200ms")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its processes are told from ours
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := stdout.await(ctx, `^  callback  (\S+)$`)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(found[1], "application/json", strings.NewReader(api.Sample))
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(err, answer)
	}
	answer.Body.Close()
	stream, err := http.Get(strings.TrimSuffix(found[1], "/callback") + "/api/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if left, _ := os.ReadDir(dir); len(left) == 0 {
		t.Error("the functions are not where this test looks")
	}

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	tooLong := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer tooLong.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v; a signal: killed after %v", err, patience)
	}
	if err := syscall.Kill(-cmd.Process.Pid, 0); err != syscall.ESRCH {
		t.Errorf("processes are left: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

package local_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/scf/local"
)

// startAndWait is another process that starts a function, says so, and waits.
func startAndWait(path string) {
	f, err := local.Start(context.Background(), path, nil, local.WithStdout(os.Stdout))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.PID())
	select {}
}

// An instance ends with its starter, also with one that is killed and cannot
// end it, and leaves no socket behind.
func TestInstanceEndsWithItsStarter(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "START_FUNCTION="+function, "TMPDIR="+tmp, "TMP="+tmp)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() // killed
	lines := bufio.NewReader(stdout)
	var pid int
	if _, err := fmt.Fscanln(lines, &pid); err != nil {
		cmd.Process.Kill()
		t.Fatal(err)
	}
	instance, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	var stays atomic.Bool
	patience := time.AfterFunc(5*time.Minute, func() {
		stays.Store(true)
		instance.Kill()
	})
	defer patience.Stop()

	cmd.Process.Kill()
	io.Copy(io.Discard, lines) // it ends when neither process holds its other end
	if stays.Load() {
		t.Error("the instance outlives its starter")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

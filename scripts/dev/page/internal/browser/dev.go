package browser

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Build builds dev and both functions into a folder and gives the path of dev. It
// runs anywhere in the repository.
func Build(ctx context.Context, dir string) (path string, err error) {
	build := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w", "-o", dir+string(filepath.Separator),
		"vodevents/scripts/dev", "vodevents/functions/callback", "vodevents/functions/pull")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the other builds, which share their results
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building dev: %w\n%s", err, out)
	}
	path = filepath.Join(dir, "dev")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path, nil
}

// Dev is a running dev, a process of its own.
type Dev struct {
	Base string // http://127.0.0.1:PORT
	VOD  string // that of its stand-in; empty with -real

	cmd    *exec.Cmd
	exited chan struct{}

	mu     sync.Mutex
	output bytes.Buffer
}

// StartDev starts dev, with the functions that were built beside it, on free ports
// and returns when it is ready. env is added to this process's own. End it with Stop.
func StartDev(ctx context.Context, path string, env []string, args ...string) (*Dev, error) {
	own := []string{"-addr", "127.0.0.1:0"}
	if !slices.Contains(args, "-from") { // which has neither functions nor a stand-in
		own = append(own, "-dist", filepath.Dir(path), "-api", "127.0.0.1:0")
	}
	d := &Dev{exited: make(chan struct{}), cmd: exec.Command(path, append(own, args...)...)}
	d.cmd.Env = append(os.Environ(), env...)
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.cmd.Stderr = writer(d.write)
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go d.read(stdout, ready)
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	select {
	case <-ready:
		return d, nil
	case <-d.exited:
		return nil, errors.New("dev ended:\n" + d.Output())
	case <-ctx.Done():
		d.Stop()
		return nil, errors.New("dev was never ready:\n" + d.Output())
	}
}

var address = regexp.MustCompile(`^  (page|callback|VOD API) +(http://[^/]+)/`)

// read reads what dev prints: its addresses, then whatever there is.
func (d *Dev) read(stdout io.Reader, ready chan<- struct{}) {
	in := bufio.NewScanner(stdout)
	for in.Scan() {
		d.write([]byte(in.Text() + "\n"))
		switch found := address.FindStringSubmatch(in.Text()); {
		case strings.HasPrefix(in.Text(), "Events as they come out"), strings.HasPrefix(in.Text(), "Who did what"):
			close(ready)
		case found == nil:
		case found[1] == "VOD API":
			d.VOD = found[2]
		default:
			d.Base = found[2]
		}
	}
	d.cmd.Wait()
	close(d.exited)
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func (d *Dev) write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.output.Write(b)
}

// Output is what dev printed.
func (d *Dev) Output() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.output.String()
}

// Stop ends dev as Ctrl-C does, and at once where that cannot be done.
func (d *Dev) Stop() {
	if d.cmd.Process.Signal(os.Interrupt) == nil {
		select {
		case <-d.exited:
			return
		case <-time.After(Patience):
		}
	}
	d.cmd.Process.Kill()
	<-d.exited
}

// Call calls dev's API and gives its answer.
func (d *Dev) Call(method, path, body string) ([]byte, error) {
	r, err := http.NewRequest(method, d.Base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, b)
	}
	return b, err
}

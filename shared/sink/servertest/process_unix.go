//go:build unix

package servertest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a start or a stop may take.
const patience = 2 * time.Minute

// process is a server's process. It ends with this one, however that ends.
type process struct {
	command func() *exec.Cmd // its log goes to standard error
	ready   string           // is in the line of the log that says that connections are accepted

	process *os.Process   // nil: stopped
	exited  chan struct{} // closed when process is gone
	stopped []int         // processes that Hang has stopped
}

// Start starts the server, or starts it again, and returns when it accepts
// connections.
func (p *process) Start() error {
	if p.process != nil {
		return errors.New("the server runs already")
	}
	log, logEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := p.command()
	cmd.Stderr = logEnd

	// The goroutine keeps its thread until the server has ended: the kernel
	// tells the death of a parent by the death of the thread that forked.
	started := make(chan error)
	exited := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(exited)
		err := cmd.Start()
		logEnd.Close()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		log.Close()
		return err
	}
	p.process, p.exited = cmd.Process, exited

	l := &startLog{readyText: p.ready, ready: make(chan struct{})}
	go l.read(log)
	select {
	case <-l.ready:
		return nil
	case <-exited:
		p.process = nil
		return fmt.Errorf("the server did not start:\n%s", l)
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("the server is not ready after %v:\n%s", patience, l), p.End(syscall.SIGKILL))
	}
}

// startLog reads a server's log and tells when the server is ready.
type startLog struct {
	readyText string // is in the line that says so
	ready     chan struct{}
	mu        sync.Mutex
	text      bytes.Buffer // until ready
}

func (l *startLog) read(log io.ReadCloser) {
	defer log.Close()
	lines := bufio.NewScanner(log)
	isReady := false
	for lines.Scan() {
		if isReady {
			continue // or the server would block on a full pipe
		}
		l.mu.Lock()
		l.text.WriteString(lines.Text() + "\n")
		l.mu.Unlock()
		if strings.Contains(lines.Text(), l.readyText) {
			isReady = true
			close(l.ready)
		}
	}
	_, _ = io.Copy(io.Discard, log) // a line that was too long for the scanner
}

func (l *startLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// End sends a signal to the server, unless it has ended, and waits for its end.
func (p *process) End(signal syscall.Signal) error {
	if p.process == nil {
		return nil
	}
	if err := p.Release(); err != nil {
		return err
	}
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
		p.process = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("the server has not ended %v after %v", patience, signal)
	}
}

// Hang stops every process of the server without ending it: connections are
// accepted and nothing is answered, until [Server.Release]. It reads /proc, so
// it works on Linux only.
func (p *process) Hang() error {
	if p.process == nil {
		return errors.New("the server is stopped")
	}
	if err := p.hang(); err != nil {
		return errors.Join(err, p.Release())
	}
	return nil
}

func (p *process) hang() error {
	pid := p.process.Pid
	if err := p.signalStop(pid); err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		if err := p.signalStop(child); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return p.awaitStop()
}

func (p *process) signalStop(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	p.stopped = append(p.stopped, pid)
	return nil
}

// awaitStop waits until no thread runs. SIGSTOP stops a process only when one of
// its threads takes the signal, and on a busy machine the others go on answering
// until then.
func (p *process) awaitStop() error {
	deadline := time.Now().Add(time.Minute)
	for _, pid := range p.stopped {
		for runs(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d does not stop", pid)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// runs tells whether a process has a thread that is neither stopped nor dead.
func runs(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The state follows the name, which is in parentheses and may hold some.
		_, after, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
		if after != "" && !strings.ContainsAny(after[:1], "TZX") {
			return true
		}
	}
	return false
}

// Release ends a Hang.
func (p *process) Release() error {
	var errs []error
	for _, pid := range p.stopped {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	p.stopped = nil
	return errors.Join(errs...)
}

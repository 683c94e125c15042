//go:build unix

package pgtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a start or a stop may take.
const patience = time.Minute

// Server is a PostgreSQL server. Its methods are for one goroutine at a time.
type Server struct {
	// URL leads to the database postgres as its superuser, without a password.
	// It stays the same over a restart.
	URL string

	bin  string
	dir  string
	port int
	user *syscall.Credential // nil: as this process

	process *os.Process   // nil: stopped
	exited  chan struct{} // closed when process is gone
	stopped []int         // processes that Hang has stopped
}

// Run makes a new, empty server and starts it. The caller must Close it.
func Run() (*Server, error) {
	bin := findBin()
	if bin == "" {
		return nil, ErrMissing
	}
	s := &Server{bin: bin}
	var err error
	if os.Geteuid() == 0 {
		if s.user, err = unprivileged(); err != nil {
			return nil, err
		}
	}
	// Not t.TempDir: the folder above that one is closed to other users.
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	if s.user != nil {
		if err := os.Chown(s.dir, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return nil, errors.Join(fmt.Errorf("pgtest: %w", err), s.Close())
		}
	}
	if err := s.initdb(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// Somebody may take the free port before the server does.
	for range 5 {
		if s.port, err = freePort(); err != nil {
			break
		}
		s.URL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
		if err = s.Start(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, s.Close())
}

// findBin returns the folder with initdb and postgres, of the newest version
// where there are several, or an empty string.
func findBin() string {
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.Reverse(found)
		dirs = append(dirs, found...)
	}
	for _, dir := range dirs {
		if isFile(filepath.Join(dir, "initdb")) && isFile(filepath.Join(dir, "postgres")) {
			return dir
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// unprivileged returns the user that the server runs as under root.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("pgtest: PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("pgtest: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "HOME="+s.dir)
	cmd.SysProcAttr = sysProcAttr(s.user)
	return cmd
}

func (s *Server) initdb() error {
	cmd := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

// Start starts the server again and returns when it accepts connections.
func (s *Server) Start() error {
	if s.process != nil {
		return errors.New("pgtest: the server runs already")
	}
	log, logEnd, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	cmd := s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+s.dir,
		"-c", "fsync=on",
		"-c", "logging_collector=off",
		"-c", "log_destination=stderr")
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
		return fmt.Errorf("pgtest: %w", err)
	}
	s.process, s.exited = cmd.Process, exited

	l := &startLog{ready: make(chan struct{})}
	go l.read(log)
	select {
	case <-l.ready:
		return nil
	case <-exited:
		s.process = nil
		return fmt.Errorf("pgtest: the server did not start:\n%s", l)
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("pgtest: the server is not ready after %v:\n%s", patience, l), s.Kill())
	}
}

// startLog reads a server's log and tells when the server is ready.
type startLog struct {
	ready chan struct{}
	mu    sync.Mutex
	text  bytes.Buffer // until ready
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
		if strings.Contains(lines.Text(), "database system is ready to accept connections") {
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

// Stop shuts the server down in good order, but at once: every client gets an
// error and is disconnected.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// Kill ends the server as a crash would: clients lose their connection, and the
// next Start recovers from the log.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.Release(); err != nil {
		return err
	}
	if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("pgtest: %w", err)
	}
	select {
	case <-s.exited:
		s.process = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("pgtest: the server has not ended %v after %v", patience, signal)
	}
}

// Hang stops every process of the server without ending it: connections are
// accepted and nothing is answered, until [Server.Release]. It reads /proc, so
// it works on Linux only.
func (s *Server) Hang() error {
	if s.process == nil {
		return errors.New("pgtest: the server is stopped")
	}
	pid := s.process.Pid
	s.stopped = append(s.stopped, pid)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return errors.Join(fmt.Errorf("pgtest: %w", err), s.Release())
	}
	for _, field := range strings.Fields(string(children)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
		if err := syscall.Kill(child, syscall.SIGSTOP); err == nil {
			s.stopped = append(s.stopped, child)
		} else if !errors.Is(err, syscall.ESRCH) {
			return errors.Join(fmt.Errorf("pgtest: %w", err), s.Release())
		}
	}
	return nil
}

// Release ends a Hang.
func (s *Server) Release() error {
	var errs []error
	for _, pid := range s.stopped {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("pgtest: %w", err))
		}
	}
	s.stopped = nil
	return errors.Join(errs...)
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	err := s.Kill()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return err
}

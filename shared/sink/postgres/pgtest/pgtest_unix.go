//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"vodevents/shared/sink/servertest"
)

// Server is a PostgreSQL server. Its methods are for one goroutine at a time.
type Server struct {
	// URL leads to the database postgres as its superuser, without a password.
	// It stays the same over a restart.
	URL string

	bin  string
	dir  string
	port int
	user *syscall.Credential // nil: as this process

	process servertest.Process
}

// Run makes a new, empty server and starts it. The caller must Close it.
func Run() (*Server, error) {
	bin := findBin()
	if bin == "" {
		return nil, ErrMissing
	}
	s := &Server{bin: bin}
	s.process = servertest.Process{Command: s.postgres, Ready: "database system is ready to accept connections"}
	var err error
	if s.user, err = servertest.User("postgres"); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	if s.dir, err = servertest.Dir("pg", s.user); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: %w", err), s.Close())
	}
	if err := s.initdb(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// Somebody may take the free port before the server does.
	for range 5 {
		if s.port, err = servertest.Port(); err != nil {
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

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "HOME="+s.dir)
	return servertest.As(s.user, cmd)
}

func (s *Server) initdb() error {
	cmd := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) postgres() *exec.Cmd {
	return s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories="+s.dir,
		"-c", "fsync=on",
		"-c", "logging_collector=off",
		"-c", "log_destination=stderr")
}

// Start starts the server again and returns when it accepts connections.
func (s *Server) Start() error { return ours(s.process.Start()) }

// Stop shuts the server down in good order, but at once: every client gets an
// error and is disconnected.
func (s *Server) Stop() error { return ours(s.process.End(syscall.SIGINT)) }

// Kill ends the server as a crash would: clients lose their connection, and the
// next Start recovers from the log.
func (s *Server) Kill() error { return ours(s.process.End(syscall.SIGQUIT)) }

// Hang stops every process of the server without ending it: connections are
// accepted and nothing is answered, until [Server.Release]. It works on Linux
// only.
func (s *Server) Hang() error { return ours(s.process.Hang()) }

// Release ends a Hang.
func (s *Server) Release() error { return ours(s.process.Release()) }

func ours(err error) error {
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return nil
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	err := s.Kill()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return err
}

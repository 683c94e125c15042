//go:build unix

package mytest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"vodevents/shared/sink/servertest"
)

// Server is a MariaDB server. Its methods are for one goroutine at a time.
type Server struct {
	// URL leads to the database test as root, without a password. It stays the
	// same over a restart.
	URL string

	bin     string   // of the server
	options []string // of the caller
	dir     string
	port    int
	user    *syscall.Credential // nil: as this process

	process servertest.Process
}

// Run makes a new, empty server and starts it. The caller must Close it. Options
// are mariadbd's; without them it has little memory and a small log.
func Run(options ...string) (*Server, error) {
	bin, install := find("mariadbd", "mysqld"), find("mariadb-install-db", "mysql_install_db")
	if bin == "" || install == "" {
		return nil, ErrMissing
	}
	s := &Server{bin: bin, options: options}
	s.process = servertest.Process{Command: s.command, Ready: "ready for connections"}
	var err error
	if s.user, err = servertest.User("mysql"); err != nil {
		return nil, fmt.Errorf("mytest: %w", err)
	}
	if s.dir, err = servertest.Dir("mariadb", s.user); err != nil {
		return nil, errors.Join(fmt.Errorf("mytest: %w", err), s.Close())
	}
	// Nobody but root at this machine has an account: an anonymous one would
	// come before those that tests make.
	made := exec.Command(install, append([]string{"--no-defaults", "--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal"}, s.flags()...)...)
	if out, err := servertest.As(s.user, made).CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("mytest: %w\n%s", err, out), s.Close())
	}
	if err := s.makeDatabase(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// Somebody may take the free port before the server does.
	for range 5 {
		if s.port, err = servertest.Port(); err != nil {
			break
		}
		s.URL = fmt.Sprintf("mysql://root@127.0.0.1:%d/test", s.port)
		if err = s.Start(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, s.Close())
}

// find returns the first program that there is. Servers are in sbin, which is
// not on everybody's PATH.
func find(names ...string) string {
	for _, name := range names {
		for _, at := range []string{name, "/usr/sbin/" + name, "/usr/libexec/" + name} {
			if path, err := exec.LookPath(at); err == nil {
				return path
			}
		}
	}
	return ""
}

// makeDatabase makes the database test, whose directory is all there is to it.
func (s *Server) makeDatabase() error {
	dir := filepath.Join(s.dir, "data", "test")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("mytest: %w", err)
	}
	if s.user == nil {
		return nil
	}
	return os.Chown(dir, int(s.user.Uid), int(s.user.Gid))
}

func (s *Server) flags() []string {
	return append([]string{
		"--datadir=" + filepath.Join(s.dir, "data"),
		"--innodb-log-file-size=16M",
		"--innodb-buffer-pool-size=32M",
	}, s.options...)
}

func (s *Server) command() *exec.Cmd {
	cmd := exec.Command(s.bin, append(append([]string{"--no-defaults"}, s.flags()...),
		"--bind-address=127.0.0.1",
		"--port="+strconv.Itoa(s.port),
		"--socket="+filepath.Join(s.dir, "socket"),
		"--pid-file="+filepath.Join(s.dir, "pid"),
		"--tmpdir="+s.dir,
		"--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=1",
		"--performance-schema=OFF")...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "HOME="+s.dir)
	return servertest.As(s.user, cmd)
}

// Start starts the server again and returns when it accepts connections.
func (s *Server) Start() error { return ours(s.process.Start()) }

// Stop shuts the server down in good order: every client is disconnected.
func (s *Server) Stop() error { return ours(s.process.End(syscall.SIGTERM)) }

// Kill ends the server as a crash would: clients lose their connection, and the
// next Start recovers from the log.
func (s *Server) Kill() error { return ours(s.process.End(syscall.SIGKILL)) }

// Hang stops the server without ending it: connections are accepted and nothing
// is answered, until [Server.Release]. It works on Linux only.
func (s *Server) Hang() error { return ours(s.process.Hang()) }

// Release ends a Hang.
func (s *Server) Release() error { return ours(s.process.Release()) }

// Close ends the server and removes its data.
func (s *Server) Close() error {
	err := s.Kill()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("mytest: %w", err)
	}
	return err
}

func ours(err error) error {
	if err != nil {
		return fmt.Errorf("mytest: %w", err)
	}
	return nil
}

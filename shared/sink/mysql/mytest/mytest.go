package mytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"vodevents/shared/sink/servertest"
)

// Server is a MariaDB server. Its URL leads to the database test as root.
type Server = servertest.Server

// RunT starts a server that ends with the test. Options are mariadbd's, such as
// --max-connections=20.
func RunT(t testing.TB, options ...string) *Server {
	t.Helper()
	return servertest.RunT(t, func() (*Server, error) { return Run(options...) })
}

// Run makes a new, empty server and starts it. The caller must Close it. Without
// options it has little memory and a small log.
func Run(options ...string) (*Server, error) {
	bin, install := find("mariadbd", "mysqld"), find("mariadb-install-db", "mysql_install_db")
	if bin == "" || install == "" {
		return nil, fmt.Errorf("mytest: %w: install MariaDB (Debian: apt-get install mariadb-server) or put mariadbd and mariadb-install-db on the PATH", servertest.ErrMissing)
	}
	flags := func(s *Server) []string {
		return append([]string{
			"--no-defaults", // must be the first
			"--datadir=" + filepath.Join(s.Dir, "data"),
			// A server that starts removes each #sql… file of its tmpdir, also those
			// of another server that is being made.
			"--tmpdir=" + s.Dir,
			"--skip-name-resolve",
			"--innodb-log-file-size=16M",
			"--innodb-buffer-pool-size=32M",
		}, options...)
	}
	return servertest.Program{
		Name: "mytest", User: "mysql",
		Make: func(s *Server) error {
			// Nobody but root at this machine has an account: an anonymous one would
			// come before those that tests make.
			made := s.As(exec.Command(install, append(flags(s), "--skip-test-db", "--auth-root-authentication-method=normal")...))
			if out, err := made.CombinedOutput(); err != nil {
				return fmt.Errorf("%w\n%s", err, out)
			}
			// The directory is all there is to a database.
			dir := filepath.Join(s.Dir, "data", "test")
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return s.Own(dir)
		},
		Command: func(s *Server) *exec.Cmd {
			return s.As(exec.Command(bin, append(flags(s),
				"--bind-address=127.0.0.1",
				"--port="+strconv.Itoa(s.Port),
				"--socket="+filepath.Join(s.Dir, "socket"),
				"--pid-file="+filepath.Join(s.Dir, "pid"),
				"--innodb-flush-log-at-trx-commit=1",
				"--performance-schema=OFF")...))
		},
		Ready: "ready for connections",
		URL:   func(port int) string { return fmt.Sprintf("mysql://root@127.0.0.1:%d/test", port) },
		Stop:  syscall.SIGTERM, Kill: syscall.SIGKILL,
	}.Run()
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

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"vodevents/shared/sink/servertest"
)

// Server is a PostgreSQL server. Its URL leads to the database postgres as its
// superuser.
type Server = servertest.Server

// RunT starts a server that ends with the test. Options are of postgres, such as
// max_connections=20.
func RunT(t testing.TB, options ...string) *Server {
	t.Helper()
	return servertest.RunT(t, func() (*Server, error) { return Run(options...) })
}

// Run makes a new, empty server and starts it. The caller must Close it.
func Run(options ...string) (*Server, error) {
	bin := findBin()
	if bin == "" {
		return nil, fmt.Errorf("pgtest: %w: install PostgreSQL (Debian: apt-get install postgresql) or put initdb and postgres on the PATH", servertest.ErrMissing)
	}
	data := func(s *Server) string { return filepath.Join(s.Dir, "data") }
	return servertest.Program{
		Name: "pgtest", User: "postgres",
		Make: func(s *Server) error {
			initdb := s.As(exec.Command(filepath.Join(bin, "initdb"), "-D", data(s), "-U", "postgres", "-A", "trust",
				"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"))
			if out, err := initdb.CombinedOutput(); err != nil {
				return fmt.Errorf("initdb: %w\n%s", err, out)
			}
			return nil
		},
		Command: func(s *Server) *exec.Cmd {
			args := []string{"-D", data(s), "-p", strconv.Itoa(s.Port)}
			for _, o := range append([]string{
				"listen_addresses=127.0.0.1",
				"unix_socket_directories=" + s.Dir,
				"fsync=on",
				"logging_collector=off",
				"log_destination=stderr",
			}, options...) {
				args = append(args, "-c", o)
			}
			return s.As(exec.Command(filepath.Join(bin, "postgres"), args...))
		},
		Ready: "database system is ready to accept connections",
		URL: func(port int) string {
			return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
		},
		Stop: syscall.SIGINT, Kill: syscall.SIGQUIT,
	}.Run()
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

package mytest

import (
	"errors"
	"os"
	"testing"
)

// ErrMissing is the error of [Run] where no MariaDB is installed, or where this
// package cannot run one.
var ErrMissing = errors.New("mytest: no MariaDB found; install its server (Debian: apt-get install mariadb-server) or put mariadbd and mariadb-install-db on the PATH; on Windows, run the tests in WSL")

// RunT starts a server that ends with the test.
func RunT(t testing.TB) *Server {
	t.Helper()
	s, err := Run()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

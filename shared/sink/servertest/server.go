package servertest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// ErrMissing is wrapped by the error of a [Program] that is not installed, or
// that cannot run here.
var ErrMissing = errors.New("the server is not installed")

// RunT starts a server that ends with the test. Where it is not installed the
// test is skipped, unless CI is "true": then the test fails, so that nothing goes
// untested in silence.
func RunT(t testing.TB, run func() (*Server, error)) *Server {
	t.Helper()
	s, err := run()
	needs(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func needs(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Shared is one server for all tests of a package.
type Shared struct {
	run    func() (*Server, error)
	server *Server
}

// NewShared returns a server that starts when the first test asks for it.
func NewShared(run func() (*Server, error)) *Shared {
	s := new(Shared)
	s.run = sync.OnceValues(func() (_ *Server, err error) {
		s.server, err = run()
		return s.server, err
	})
	return s
}

// Start starts the server, unless it has started.
func (s *Shared) Start() (*Server, error) { return s.run() }

// Server is the server; see [RunT] for what becomes of a test where there is
// none.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	server, err := s.run()
	needs(t, err)
	return server
}

// Run is for TestMain: it runs the tests, ends the server and returns the code
// of [os.Exit].
func (s *Shared) Run(m *testing.M) int { return RunAll(m, s) }

// RunAll is [Shared.Run] for several servers.
func RunAll(m *testing.M, servers ...*Shared) int {
	code := m.Run()
	for _, s := range servers {
		if s.server == nil {
			continue
		}
		if err := s.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

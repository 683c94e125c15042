//go:build unix

package servertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"

	"vodevents/shared/porttest"
)

// Server is a server of a [Program]. Its methods are for one goroutine at a time.
type Server struct {
	// URL leads to the server, without a password. It stays the same over a
	// restart.
	URL string

	// Dir is the server's own folder, and Port its port of 127.0.0.1.
	Dir  string
	Port int

	program Program
	port    porttest.Port       // kept while the server is stopped
	user    *syscall.Credential // nil: as this process
	process process
}

// Run makes a new, empty server and starts it. The caller must Close it.
func (p Program) Run() (*Server, error) {
	s := &Server{program: p}
	s.process = process{command: func() *exec.Cmd { return p.Command(s) }, ready: p.Ready}
	if err := s.make(); err != nil {
		return nil, errors.Join(s.wrap(err), s.Close())
	}
	// Where ports cannot be kept somebody may take it before the server does.
	var err error
	for range 5 {
		if s.port, err = porttest.Keep(); err != nil {
			break
		}
		s.Port = s.port.Number()
		s.URL = p.URL(s.Port)
		if err = s.Start(); err == nil {
			return s, nil
		}
		err = errors.Join(err, s.port.Close())
		s.Port = 0
	}
	return nil, errors.Join(err, s.Close())
}

// make makes the folder of the server and what is in it. The folder is not in
// t.TempDir, for the one above that is closed to other users.
func (s *Server) make() (err error) {
	if s.user, err = unprivileged(s.program.User); err != nil {
		return err
	}
	if s.Dir, err = os.MkdirTemp("", s.program.Name); err != nil {
		return err
	}
	if err := s.Own(s.Dir); err != nil || s.program.Make == nil {
		return err
	}
	return s.program.Make(s)
}

// unprivileged is the user that a server runs as that refuses root: the one of
// that name, or nobody. It is nil where this process is not root.
func unprivileged(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{name, "nobody"} {
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
	return nil, fmt.Errorf("the server does not run as root, and there is neither the user %s nor nobody", name)
}

// As has a command run in the server's folder and as its user, and end with this
// process.
func (s *Server) As(cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "HOME="+s.Dir)
	cmd.SysProcAttr = sysProcAttr(s.user)
	return cmd
}

// Own gives a file or folder to the server's user.
func (s *Server) Own(path string) error {
	if s.user == nil {
		return nil
	}
	return os.Chown(path, int(s.user.Uid), int(s.user.Gid))
}

// Start starts the server again and returns when it accepts connections.
func (s *Server) Start() error { return s.wrap(s.process.Start()) }

// Stop shuts the server down in good order, but at once: every client is
// disconnected.
func (s *Server) Stop() error { return s.wrap(s.process.End(s.program.Stop)) }

// Kill ends the server as a crash would: clients lose their connection, and the
// next Start recovers from the log.
func (s *Server) Kill() error { return s.wrap(s.process.End(s.program.Kill)) }

// Hang stops every process of the server without ending it: connections are
// accepted and nothing is answered, until [Server.Release]. It works on Linux
// only.
func (s *Server) Hang() error { return s.wrap(s.process.Hang()) }

// Release ends a Hang.
func (s *Server) Release() error { return s.wrap(s.process.Release()) }

// Close ends the server and removes its data.
func (s *Server) Close() error {
	err := s.Kill()
	if s.Port != 0 {
		err = errors.Join(err, s.port.Close())
	}
	if s.Dir == "" {
		return err
	}
	return errors.Join(err, s.wrap(os.RemoveAll(s.Dir)))
}

func (s *Server) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", s.program.Name, err)
	}
	return nil
}

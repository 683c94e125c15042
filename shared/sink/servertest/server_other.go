//go:build !unix

package servertest

import (
	"fmt"
	"os/exec"
)

// Server is what [Program.Run] gives on Unix.
type Server struct {
	URL  string
	Dir  string
	Port int
}

// Run gives ErrMissing: servers are stopped by signals.
func (p Program) Run() (*Server, error) {
	return nil, fmt.Errorf("%s: %w: on Windows, run the tests in WSL", p.Name, ErrMissing)
}

func (*Server) As(cmd *exec.Cmd) *exec.Cmd { return cmd }
func (*Server) Own(string) error           { return ErrMissing }
func (*Server) Start() error               { return ErrMissing }
func (*Server) Stop() error                { return ErrMissing }
func (*Server) Kill() error                { return ErrMissing }
func (*Server) Hang() error                { return ErrMissing }
func (*Server) Release() error             { return ErrMissing }
func (*Server) Close() error               { return ErrMissing }

//go:build !unix

package mytest

// Server is what [Run] gives on Unix.
type Server struct{ URL string }

// Run gives ErrMissing.
func Run(options ...string) (*Server, error) { return nil, ErrMissing }

func (*Server) Start() error   { return ErrMissing }
func (*Server) Stop() error    { return ErrMissing }
func (*Server) Kill() error    { return ErrMissing }
func (*Server) Hang() error    { return ErrMissing }
func (*Server) Release() error { return ErrMissing }
func (*Server) Close() error   { return ErrMissing }

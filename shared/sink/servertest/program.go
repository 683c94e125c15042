package servertest

import (
	"os/exec"
	"syscall"
)

// Program is how a kind of server is made and started.
type Program struct {
	// Name begins the texts of errors, and the names of folders.
	Name string

	// User is who the server runs as where this process is root.
	User string

	// Ready is in the line of the log that says that connections are accepted.
	Ready string

	// Make makes the data of a new server, before its first start. nil: there are
	// none.
	Make func(*Server) error

	// Command makes the command that starts the server.
	Command func(*Server) *exec.Cmd

	// URL is that of the server at a port of 127.0.0.1.
	URL func(port int) string

	// Stop and Kill are the signals that end the server in good order, but at
	// once, and as a crash would.
	Stop, Kill syscall.Signal
}

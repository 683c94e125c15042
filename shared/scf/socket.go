package scf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// serveSocket serves f on the unix socket at path, which only this process's
// user may connect to. It returns when it cannot listen, with the error.
//
// Under SCF a function listens on every interface, and each call may set any
// variable of the process. That is harmless in SCF's sandbox. Anywhere else
// whoever reaches the port could name a file as SINK and have it written.
func serveSocket(path string, f Func) error {
	l, err := listenPrivate(path)
	if err != nil {
		return fmt.Errorf("VOD_RPC_SOCKET: cannot listen, give a path of at most 100 bytes in a folder of yours where nothing has that name: %w", err)
	}
	if os.Getenv("VOD_RPC_STARTER") == "stdin" {
		go endWithStarter(path)
	}
	return fmt.Errorf("VOD_RPC_SOCKET: the socket was closed: %w", serveRPC(l, f))
}

// endWithStarter ends this process, and removes its socket, when the process
// that started it is gone, however that ended. The starter holds the other end
// of standard input and writes nothing to it.
func endWithStarter(path string) {
	io.Copy(io.Discard, os.Stdin) // its end is all that counts
	os.Remove(path)
	os.Remove(filepath.Dir(path)) // if it was made for the socket, it is empty now
	os.Exit(1)
}

package local

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// address is where an instance listens.
type address struct {
	network, addr string
	env           []string // tells the instance
	remove        func()   // to be called once the instance is gone
}

// maxSocketPath is less than what every system takes as the path of a unix
// socket: 103 bytes on macOS, 107 on Linux and Windows.
const maxSocketPath = 100

// socketAddress is a unix socket in a folder that only this user may enter.
func socketAddress() (address, error) {
	dir, err := os.MkdirTemp("", "vod")
	if err == nil && len(dir)+2 > maxSocketPath && runtime.GOOS != "windows" {
		os.Remove(dir)
		dir, err = os.MkdirTemp("/tmp", "vod")
	}
	if err != nil {
		return address{}, fmt.Errorf("making a folder for the function's socket: %w", err)
	}
	path := filepath.Join(dir, "s")
	return address{
		network: "unix",
		addr:    path,
		env:     []string{"VOD_RPC_SOCKET=" + path, "VOD_RPC_STARTER=stdin", "_LAMBDA_SERVER_PORT="},
		remove:  func() { os.RemoveAll(dir) },
	}, nil
}

// tcpAddress is a port that is free now. Until the function has it anybody may
// take it.
func tcpAddress() (address, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return address{}, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	return address{
		network: "tcp",
		addr:    net.JoinHostPort("127.0.0.1", port),
		env:     []string{"_LAMBDA_SERVER_PORT=" + port, "VOD_RPC_SOCKET="},
		remove:  func() {},
	}, nil
}

// taken tells whether another process got the port.
func (a address) taken() bool {
	if a.network != "tcp" {
		return false
	}
	l, err := net.Listen("tcp", a.addr)
	if err != nil {
		return true
	}
	l.Close()
	return false
}

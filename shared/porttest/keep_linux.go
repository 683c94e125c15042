package porttest

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// keep binds a socket that never listens. Linux gives its port to nobody who asks for
// port 0. Servers that name the port get it, because they set SO_REUSEADDR, as this
// socket does: Go's, PostgreSQL's, MariaDB's and PgBouncer's.
func keep() (Port, error) {
	fd, err := bound()
	if err != nil {
		return Port{}, err
	}
	socket := os.NewFile(uintptr(fd), "a port") // unlike a number, it closes nobody else's file
	p := Port{kept: true, close: socket.Close}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return Port{}, errors.Join(err, p.Close())
	}
	p.number = name.(*syscall.SockaddrInet4).Port
	// Some sandboxes have another TCP than Linux, which lets nobody listen now.
	syscall.ForkLock.RLock() // see Listen
	defer syscall.ForkLock.RUnlock()
	l, err := net.Listen("tcp", p.Address())
	if err != nil {
		if err := p.Close(); err != nil {
			return Port{}, err
		}
		return free()
	}
	return p, l.Close()
}

// bound is a socket on a free port of 127.0.0.1 that no other process inherits.
func bound() (fd int, err error) {
	if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
		return 0, err
	}
	if err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		syscall.Close(fd)
	}
	return fd, err
}

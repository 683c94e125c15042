package porttest

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

// Port is a port that is kept. Whoever names it may listen on it. While nobody does,
// connections to it are refused.
type Port struct {
	number int
	kept   bool // false: it was merely free
	close  func() error
}

// Keep finds a free port and keeps it until Close.
func Keep() (Port, error) {
	p, err := keep()
	if err != nil {
		return p, fmt.Errorf("porttest: keeping a port: %w", err)
	}
	return p, nil
}

// KeepT is [Keep] until the test ends.
func KeepT(t testing.TB) Port {
	t.Helper()
	p, err := Keep()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Number is the number of the port.
func (p Port) Number() int { return p.number }

// Address is host and port.
func (p Port) Address() string { return fmt.Sprintf("127.0.0.1:%d", p.number) }

// Listen listens on the port, again if somebody did before. A process that is just
// being started by another test has this one's sockets until it runs its own program, so
// a listener that was closed may stay for a moment.
func (p Port) Listen() (net.Listener, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		l, err := net.Listen("tcp", p.Address())
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(end) {
			return l, err
		}
	}
}

// Close lets others have the port.
func (p Port) Close() error { return p.close() }

// free is a port that is free now, for systems that cannot keep it.
func free() (Port, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Port{}, err
	}
	defer l.Close()
	return Port{number: l.Addr().(*net.TCPAddr).Port, close: func() error { return nil }}, nil
}

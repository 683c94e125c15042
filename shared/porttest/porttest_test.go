package porttest

import (
	"errors"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Whoever names the port can listen on it again and again, and is reached there.
// While nobody listens connections are refused.
func TestAKeptPortIsForThoseWhoNameIt(t *testing.T) {
	t.Parallel()
	p := KeepT(t)
	for range 3 {
		if c, err := net.Dial("tcp", p.Address()); err == nil {
			c.Close()
			t.Error("somebody listens")
		} else if runtime.GOOS == "linux" && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		l, err := net.Listen("tcp", p.Address())
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", p.Address())
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		c.Close()
		l.Close()
	}
}

// A listener that somebody else keeps for a moment, as a process that is being started
// does, is waited for.
func TestListenWaitsForTheListenerBefore(t *testing.T) {
	t.Parallel()
	p := KeepT(t)
	before, err := p.Listen()
	if err != nil {
		t.Fatal(err)
	}
	file, err := before.(*net.TCPListener).File() // what a child has
	if err != nil {
		t.Fatal(err)
	}
	before.Close()
	if _, err := net.Listen("tcp", p.Address()); err == nil {
		t.Fatal("the child's listener does not count, so this test shows nothing")
	}
	time.AfterFunc(100*time.Millisecond, func() { file.Close() })
	l, err := p.Listen()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// Of all who ask for any port none gets it. Linux has some 28,000 to give, so many are
// kept, and many are taken beside them.
func TestAKeptPortIsNotGivenToOthers(t *testing.T) {
	if !KeepT(t).kept {
		t.Skip("only Linux can keep a port")
	}
	kept := map[int]bool{}
	for range 200 {
		kept[KeepT(t).Number()] = true
	}
	for range 600 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; kept[port] {
			t.Fatalf("port %d was kept and is given out", port)
		}
	}
}

// A second Close is an error and closes nothing: the system has given the number of the
// socket to somebody else by then.
func TestASecondCloseClosesNothingElse(t *testing.T) {
	p, err := Keep()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	f, err := os.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := p.Close(); p.kept && !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Stat(); err != nil {
		t.Error(err)
	}
}

package scf

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// client is a connection to a server with few.
type client struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, l net.Listener) *client {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) send(t *testing.T, path string) {
	t.Helper()
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func (c *client) read(t *testing.T) {
	t.Helper()
	answer, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
}

// ended waits until the server has ended the connection.
func (c *client) ended(t *testing.T) {
	t.Helper()
	if _, err := c.answers.ReadByte(); err == nil {
		t.Error("more than was asked for")
	}
}

// Connections that ask nothing make room for new ones, the longest idle first. Those
// with a request do not; then new ones wait.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 3)
	holding, goOn := make(chan bool, 10), make(chan bool)
	srv := &http.Server{ConnState: l.note, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		if l.open > 3 {
			t.Errorf("%d connections are open", l.open)
		}
		l.mu.Unlock()
		if r.URL.Path == "/hold" {
			holding <- true
			<-goOn
		}
	})}
	go srv.Serve(l)
	defer srv.Close()

	busy, idle := dial(t, l), dial(t, l)
	busy.send(t, "/hold")
	<-holding
	idle.send(t, "/")
	idle.read(t)
	for end := time.Now().Add(time.Minute); l.idle() != 1; time.Sleep(time.Millisecond) { // until the server has it as idle
		if time.Now().After(end) {
			t.Fatal("it is not idle")
		}
	}
	silent := dial(t, l)
	second := dial(t, l)
	second.send(t, "/hold")
	<-holding
	idle.ended(t) // it has waited longer than the silent one
	third := dial(t, l)
	third.send(t, "/hold")
	<-holding
	silent.ended(t)

	fourth := dial(t, l)
	fourth.send(t, "/")
	goOn <- true // one of the three is answered, and its connection is idle
	fourth.read(t)
	for range 2 {
		goOn <- true
	}
}

func (c *conns) idle() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting.Len()
}

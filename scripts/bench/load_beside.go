package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// idleConnections is how many idle connections there are beside the callers.
const idleConnections = 10_000

// crowd is what became of the connections that only burden a server.
type crowd struct {
	idle, renewed int // connections, and how many came again after the server ended them
	slow, ended   int // connections, and how many the server ended
	cut           int
	err           error // of the first that could not connect
}

func (c crowd) String() string {
	return fmt.Sprintf("%d idle connections, %d times renewed; %d slow ones, of which the server ended %d; %d cut", c.idle, c.renewed, c.slow, c.ended, c.cut)
}

// crowding is a crowd at work.
type crowding struct {
	addr   string
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	idle, renewed, slow, ended, cut atomic.Int64
	once                            sync.Once
	err                             error
}

// gather connects the crowd to a server and returns when all idle connections are there.
func gather(ctx context.Context, addr string, p pressure) (*crowding, error) {
	c := &crowding{addr: addr}
	c.ctx, c.cancel = context.WithCancel(ctx)
	var there sync.WaitGroup
	connecting := make(chan struct{}, 128) // as many at a time as a backlog holds
	for range p.idle {
		there.Add(1)
		c.wg.Go(func() { c.stayIdle(connecting, sync.OnceFunc(there.Done)) })
	}
	there.Wait()
	for range p.slow {
		c.wg.Go(func() { c.drip(p.once, "POST / HTTP/1.1\r\nHost: h\r\nX-Slow: ") })
		c.wg.Go(func() {
			c.drip(p.once, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6000000\r\n\r\n{\"EventType\":\"")
		})
	}
	if p.cut > 0 {
		c.wg.Go(func() { c.cutOff(p.cut) })
	}
	if c.err != nil {
		c.leave(0)
	}
	return c, c.err
}

// leave disconnects the crowd when the server has ended so many slow connections.
func (c *crowding) leave(ended int) crowd {
	for end := time.Now().Add(2 * time.Minute); c.ended.Load() < int64(ended) && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	c.cancel()
	c.wg.Wait()
	return crowd{int(c.idle.Load()), int(c.renewed.Load()), int(c.slow.Load()), int(c.ended.Load()), int(c.cut.Load()), c.err}
}

func (c *crowding) dial() net.Conn {
	conn, err := (&net.Dialer{}).DialContext(c.ctx, "tcp", c.addr)
	if err != nil {
		if c.ctx.Err() == nil {
			c.once.Do(func() { c.err = err })
		}
		return nil
	}
	context.AfterFunc(c.ctx, func() { conn.Close() })
	return conn
}

// stayIdle asks once and then keeps its connection. When the server ends it, stayIdle
// connects again.
func (c *crowding) stayIdle(connecting chan struct{}, there func()) {
	defer there()
	for first := true; c.ctx.Err() == nil; first = false {
		connecting <- struct{}{}
		conn := c.dial()
		if conn == nil {
			<-connecting
			return
		}
		answers := bufio.NewReaderSize(conn, 512)
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
		answer, err := http.ReadResponse(answers, nil)
		<-connecting
		if err == nil {
			io.Copy(io.Discard, answer.Body)
			if first {
				c.idle.Add(1)
			} else {
				c.renewed.Add(1)
			}
			there()
			answers.ReadByte() // until the server ends it
		}
		conn.Close()
	}
}

// drip does what a slowloris does: it sends the beginning of a request and then a byte
// now and then, until the server ends the connection. Then it begins again, unless once
// is set.
func (c *crowding) drip(once bool, begin string) {
	for first := true; c.ctx.Err() == nil && (first || !once); first = false {
		conn := c.dial()
		if conn == nil {
			return
		}
		c.slow.Add(1)
		over := make(chan struct{})
		go func() { // also an answer that comes before the end
			io.Copy(io.Discard, conn)
			close(over)
		}()
		_, err := io.WriteString(conn, begin)
		for open := true; open && err == nil; {
			select {
			case <-over:
				open = false
			case <-c.ctx.Done():
				open = false
			case <-time.After(250 * time.Millisecond):
				_, err = io.WriteString(conn, "a")
			}
		}
		if c.ctx.Err() == nil {
			c.ended.Add(1)
		} else {
			c.slow.Add(-1) // it ended too early to count
		}
		conn.Close()
		<-over
	}
}

// cutOff opens connections that end within a body.
func (c *crowding) cutOff(every time.Duration) {
	for c.ctx.Err() == nil {
		conn := c.dial()
		if conn == nil {
			return
		}
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n{\"EventType\":\"NewFileUpload\"")
		if err == nil || !errors.Is(err, net.ErrClosed) {
			c.cut.Add(1)
		}
		conn.(*net.TCPConn).SetLinger(0) // a reset, as of a machine that died
		conn.Close()
		select {
		case <-c.ctx.Done():
		case <-time.After(every):
		}
	}
}

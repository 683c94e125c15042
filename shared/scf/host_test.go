package scf_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"vodevents/shared/scf"
)

func TestHost(t *testing.T) {
	t.Parallel()
	// LISTEN_ADDR wins.
	h, url := startServer(t, "_LAMBDA_SERVER_PORT=1", "VOD_RPC_SOCKET=/nowhere/s")

	body := "\xff\x00{}"
	status, answer := do(t, "POST", url+"/a//b?x=1&x=2", strings.NewReader(body))
	var s seen
	if err := json.Unmarshal([]byte(answer), &s); err != nil || status != 202 {
		t.Fatalf("answer %d %q, %v", status, answer, err)
	}
	if s.Method != "POST" || s.Path != "/a//b" || string(s.Body) != body || s.Length != len(body) || len(s.Query["x"]) != 2 || s.Left < 5 || s.Left > 15 {
		t.Errorf("the handler saw %+v", s)
	}

	for _, tt := range []struct {
		method, path string
		body         io.Reader
		status       int
		says         string
	}{
		{"GET", "/healthz", nil, 200, `{"status":"ok"}`},
		{"HEAD", "/healthz", nil, 200, ""},
		{"POST", "/healthz", strings.NewReader("x"), 202, `"path":"/healthz"`},
		{"POST", "/panic", nil, 500, `{"error":"internal error`},
		{"POST", "/", bytes.NewReader(make([]byte, scf.MaxBody+1)), 413, "6 MB"},
		{"POST", "/", io.LimitReader(rand.NewChaCha8([32]byte{}), scf.MaxBody+1), 413, "6 MB"}, // chunked
		{"HEAD", "/", nil, 202, ""},
	} {
		status, answer := do(t, tt.method, url+tt.path, tt.body)
		if status != tt.status || !strings.Contains(answer, tt.says) {
			t.Errorf("%s %s = %d %.200q, want %d and %q", tt.method, tt.path, status, answer, tt.status, tt.says)
		}
	}
	h.wait(t, "panic")

	// A body that ends too soon.
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{}")
	conn.(*net.TCPConn).CloseWrite()
	if line, _ := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "400") {
		t.Errorf("a cut body was answered %q", line)
	}
}

// That the caller has hung up is no reason to drop what it sent.
func TestHostCallerHangsUp(t *testing.T) {
	t.Parallel()
	h, url := startServer(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "POST /stop HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
	h.wait(t, "holding")
	conn.Close()
	h.stop(t, syscall.SIGTERM)
	h.wait(t, "finished")
}

// SIGTERM: no new requests, those in flight are finished, exit status 0.
func TestHostStop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		h, url := startServer(t)
		inFlight := make(chan string, 1)
		go func() {
			status, answer := do(t, "POST", url+"/stop", strings.NewReader("x"))
			inFlight <- fmt.Sprint(status, " ", answer)
		}()
		h.wait(t, "holding")
		h.stop(t, sig)
		if sig == os.Interrupt {
			h.stop(t, syscall.SIGTERM) // the handler waits for this one, which must not kill it
		}
		if got := <-inFlight; got != "200 finished" {
			t.Errorf("%v: the request in flight was answered %q", sig, got)
		}
		if err := h.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

func TestHostAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, addr := range []string{l.Addr().String(), "undefined"} {
		h := startHost(t, "LISTEN_ADDR="+addr)
		line := h.wait(t, "stopped")
		if s, _ := line["error"].(string); !strings.Contains(s, "LISTEN_ADDR") || !strings.Contains(s, addr) {
			t.Errorf("log line %v, want LISTEN_ADDR and %s named", line, addr)
		}
		if err := h.cmd.Wait(); h.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("it ended with %v, want status 1", err)
		}
	}
}

// A body is whole, whatever length was announced, and a wrong announcement
// reserves little.
func TestReadBody(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("0123456789"), 20_000)
	for _, announced := range []int64{-1, 0, 3, int64(len(body)), 1 << 40} {
		got, err := scf.ReadBody(&http.Request{ContentLength: announced, Body: io.NopCloser(bytes.NewReader(body))})
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("announced %d: %d bytes, error %v, want %d", announced, len(got), err, len(body))
		}
	}
	got, err := scf.ReadBody(&http.Request{ContentLength: 6 << 20, Body: io.NopCloser(strings.NewReader("{}"))})
	if err != nil || string(got) != "{}" || cap(got) > 128<<10 {
		t.Errorf("%q in %d bytes, error %v", got, cap(got), err)
	}
}

// A body of the announced length is read without being copied.
func TestReadBodyAllocates(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 5000)
	r := &http.Request{ContentLength: int64(len(body))}
	if n := testing.AllocsPerRun(10, func() {
		r.Body = io.NopCloser(bytes.NewReader(body))
		if _, err := scf.ReadBody(r); err != nil {
			t.Error(err)
		}
	}); n > 4 {
		t.Errorf("%v allocations, want 4 at most", n)
	}
}

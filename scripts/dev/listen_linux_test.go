package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// While dev runs, it and both functions listen on 127.0.0.1 and on nothing
// else: no other machine reaches them. "ss -ltn" shows the same.
func TestNothingListensToOtherMachines(t *testing.T) {
	t.Parallel()
	stdout := newOutput()
	cmd := exec.Command("dev", "-addr", "127.0.0.1:0", "-api", "127.0.0.1:0", "-every", "200ms")
	cmd.Stdout, cmd.Stderr = stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Signal(os.Interrupt)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := stdout.await(ctx, `^Events as they come out`); err != nil {
		t.Fatal(err)
	}
	var tree []process
	for !slices.ContainsFunc(tree, named("callback")) || !slices.ContainsFunc(tree, named("pull")) {
		if ctx.Err() != nil {
			t.Fatalf("the functions never ran: %+v", tree)
		}
		time.Sleep(10 * time.Millisecond) // until the first events started them
		tree = processTree(cmd.Process.Pid)
	}
	own := 0
	for _, p := range tree {
		for _, addr := range listening(t, p.pid) {
			if own++; !addr.IP.Equal(net.IPv4(127, 0, 0, 1)) {
				t.Errorf("%s listens on %v", p.name, addr)
			}
		}
	}
	if own != 3 { // the page, the VOD API, dev's own sink
		t.Errorf("%d ports are open, want 3: %+v", own, tree)
	}
}

type process struct {
	pid, parent int
	name        string
}

func named(name string) func(process) bool { return func(p process) bool { return p.name == name } }

// processTree is a process with all that it started.
func processTree(pid int) (tree []process) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var all []process
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// "4711 (name) S 1 …"; the name may hold anything.
		open, closing := strings.IndexByte(string(b), '('), strings.LastIndexByte(string(b), ')')
		p := process{name: string(b[open+1 : closing])}
		fmt.Sscan(string(b[:open]), &p.pid)
		var state string
		fmt.Sscan(string(b[closing+1:]), &state, &p.parent)
		all = append(all, p)
	}
	in := map[int]bool{pid: true}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if in[p.parent] && !in[p.pid] {
				in[p.pid], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(all, func(p process) bool { return !in[p.pid] })
}

// listening are the TCP addresses on which a process listens.
func listening(t *testing.T, pid int) (addrs []*net.TCPAddr) {
	t.Helper()
	sockets := map[string]bool{} // by inode
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && strings.HasPrefix(to, "socket:[") {
			sockets[strings.Trim(to, "socket:[]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			continue // no IPv6, or it has ended
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == "0A" && sockets[f[9]] {
				addrs = append(addrs, tcpAddr(t, f[1]))
			}
		}
	}
	return addrs
}

// tcpAddr reads an address as the kernel prints it: words of 4 bytes in the
// machine's order, here little-endian, and a port.
func tcpAddr(t *testing.T, text string) *net.TCPAddr {
	t.Helper()
	host, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(host)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+4 <= len(ip); i += 4 {
		slices.Reverse(ip[i : i+4])
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return &net.TCPAddr{IP: ip, Port: int(n)}
}

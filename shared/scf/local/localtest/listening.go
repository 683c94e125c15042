// Package localtest looks from outside at functions that run on this machine.
package localtest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Listening returns the TCP addresses on which the process pid and all that it
// started, directly or not, listen now. It reads /proc, so it skips the test
// anywhere but on Linux.
func Listening(t testing.TB, pid int) []netip.AddrPort {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc of Linux to see who listens")
	}
	var all []netip.AddrPort
	for _, pid := range family(t, pid) {
		all = append(all, listening(pid)...)
	}
	return all
}

// family is pid and its descendants.
func family(t testing.TB, pid int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		t.Fatalf("no processes in /proc: %v", err)
	}
	children := map[int][]int{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid …, where the name may hold anything
		after := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		id, err1 := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, err2 := strconv.Atoi(after[1])
		if err1 != nil || err2 != nil {
			t.Fatalf("%s: %q", path, text)
		}
		children[parent] = append(children[parent], id)
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// listening are the addresses of one process; none if it has ended.
func listening(pid int) (addrs []netip.AddrPort) {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	var own []string // inodes of its sockets
	for _, link := range links {
		target, err := os.Readlink(link)
		if inode, ok := strings.CutPrefix(target, "socket:["); ok && err == nil {
			own = append(own, strings.TrimSuffix(inode, "]"))
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		for line := range strings.Lines(string(text)) {
			const localAddress, state, inode = 1, 3, 9
			f := strings.Fields(line)
			if len(f) > inode && f[state] == "0A" && slices.Contains(own, f[inode]) {
				addrs = append(addrs, parseAddress(f[localAddress]))
			}
		}
	}
	return addrs
}

// parseAddress reads an address of /proc/net/tcp: hexadecimal, in words of four
// bytes in this machine's order. What it cannot read is the zero value.
func parseAddress(text string) netip.AddrPort {
	addr, port, _ := strings.Cut(text, ":")
	b, err1 := hex.DecodeString(addr)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if err1 != nil || err2 != nil || len(b)%4 != 0 {
		return netip.AddrPort{}
	}
	for i := 0; i < len(b); i += 4 {
		binary.BigEndian.PutUint32(b[i:], binary.NativeEndian.Uint32(b[i:]))
	}
	ip, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), uint16(p))
}

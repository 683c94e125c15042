package api

import (
	"net"
	"slices"
	"testing"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := portOf(l)
	for addr, own := range map[string]string{
		"127.0.0.1:0": "",
		"localhost:0": "",
		"127.0.0.2:0": "127.0.0.2",
		"[::1]:0":     "[::1]",
	} {
		want := []string{"127.0.0.1:" + port, "localhost:" + port}
		if own != "" {
			want = append(want, own+":"+port)
		}
		var got []string
		for host := range Hosts(addr, l) {
			got = append(got, host)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if got := BaseURL("[::1]:0", l); got != "http://[::1]:"+port {
		t.Errorf("baseURL %s", got)
	}
}

// Whatever the flags say, nobody else's machine reaches dev.
func TestOwnAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:1":         "127.0.0.1:1",
		"localhost:1":         "localhost:1",
		"[::1]:1":             "[::1]:1",
		":1":                  "127.0.0.1:1",
		"0.0.0.0:1":           "",
		"[::]:1":              "",
		"192.0.2.7:1":         "",
		"box.example:1":       "",
		"127.0.0.1.example:1": "",
		"8080":                "",
	} {
		got, err := OwnAddr(addr)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", addr, got, err, want)
		}
	}
}

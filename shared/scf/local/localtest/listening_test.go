package localtest_test

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"vodevents/shared/scf/local/localtest"
)

func TestListening(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"} {
		l, err := net.Listen("tcp4", addr)
		if err != nil {
			l, err = net.Listen("tcp", addr)
		}
		if err != nil {
			t.Logf("%s: %v", addr, err) // a machine without IPv6
			continue
		}
		at := netip.MustParseAddrPort(l.Addr().String())
		if got := localtest.Listening(t, os.Getpid()); !slices.Contains(got, at) {
			t.Errorf("listening on %v, got %v", at, got)
		}
		l.Close()
		if got := localtest.Listening(t, os.Getpid()); slices.Contains(got, at) {
			t.Errorf("%v is closed, got %v", at, got)
		}
	}
}

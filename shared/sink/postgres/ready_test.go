package postgres

import (
	"strings"
	"testing"
)

// A server that answers but takes no writes is not ready, and asking leaves no row.
func TestReadyOnlyWhereItCanWrite(t *testing.T) {
	u, table := newTable(t)
	s := openSink(t, u)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := psql(t, `SELECT count(*)::text FROM `+table); n[0] != "0" {
		t.Errorf("%v rows", n)
	}
	u.RawQuery += "&options=-c%20default_transaction_read_only%3Don"
	if err := openSink(t, u).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("a server that takes no writes: %v", err)
	}
	u.Host = "127.0.0.1:1"
	if err := openSink(t, u).Ready(t.Context()); err == nil {
		t.Error("nobody listens there, and it is ready")
	}
}

package mysql

import "testing"

// A server that answers but takes no writes is not ready, and asking leaves no row.
func TestReadyOnlyWhereItCanWrite(t *testing.T) {
	u, table := newTable(t)
	if err := openStore(t, u).Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := sql(t, `SELECT count(*) FROM `+table)[0]; n != "0" {
		t.Errorf("%s rows", n)
	}
	reader := user(t, u, "reader", "")
	s := openStore(t, reader)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	sql(t, `SET GLOBAL read_only = ON`)
	err := s.Ready(t.Context())
	sql(t, `SET GLOBAL read_only = OFF`)
	if err == nil {
		t.Error("a server that takes no writes is ready")
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("it takes writes again: %v", err)
	}
}

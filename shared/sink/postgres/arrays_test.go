package postgres

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
)

// All arrays of a statement go into a buffer that grows once, and pgx reads from them
// what was written.
func TestArraysShareOneBuffer(t *testing.T) {
	t.Parallel()
	m := pgtype.NewMap()
	registerArrays(m)
	docs := documents{json.RawMessage(`{"a":1}`), nil, json.RawMessage(`"` + strings.Repeat("y", 9000) + `"`)}
	args := reserve([]any{texts{"x", "", "é"}, docs, texts{"1", "2", "3"}, texts{}})
	var buf []byte
	for i, arg := range args {
		oid := uint32(pgtype.TextArrayOID)
		if i == 1 {
			oid = pgtype.JSONBArrayOID
		}
		to, err := m.Encode(oid, pgtype.BinaryFormatCode, arg, buf)
		must(t, err)
		if i > 0 && &to[0] != &buf[0] {
			t.Errorf("argument %d needed another buffer", i)
		}
		written := to[len(buf):]
		buf = to
		if i == 1 {
			var got []json.RawMessage
			must(t, m.Scan(oid, pgtype.BinaryFormatCode, written, &got))
			if diff := cmp.Diff([]json.RawMessage(docs), got); diff != "" {
				t.Error(diff)
			}
			continue
		}
		want, ok := arg.(texts)
		if !ok {
			want = arg.(leading).texts
		}
		var got []string
		must(t, m.Scan(oid, pgtype.BinaryFormatCode, written, &got))
		if diff := cmp.Diff([]string(want), got); diff != "" {
			t.Errorf("argument %d: %s", i, diff)
		}
	}
}

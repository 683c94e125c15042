package postgres

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
)

// All columns of a statement go into the room's buffer, which grows once, and pgx
// reads from it what was written.
func TestColumnsShareOneBuffer(t *testing.T) {
	t.Parallel()
	m := pgtype.NewMap()
	registerArrays(m)
	when := time.Date(1999, 12, 31, 23, 59, 59, 123456000, time.UTC)
	values := []struct {
		oid  uint32
		sent column
		want any
	}{
		{pgtype.TextArrayOID, texts{"x", "", "é"}, []string{"x", "", "é"}},
		{pgtype.JSONBArrayOID, documents{json.RawMessage(`{"a":1}`), nil, json.RawMessage(`"` + strings.Repeat("y", 9000) + `"`)},
			[]json.RawMessage{json.RawMessage(`{"a":1}`), nil, json.RawMessage(`"` + strings.Repeat("y", 9000) + `"`)}},
		{pgtype.Int8ArrayOID, integers{0, -1, 1 << 62}, []int64{0, -1, 1 << 62}},
		{pgtype.Float8ArrayOID, floats{0, -60.6, 1e300}, []float64{0, -60.6, 1e300}},
		{pgtype.TimestamptzArrayOID, moments{when, {}, when.AddDate(40, 0, 0)}, []*time.Time{&when, nil, new(when.AddDate(40, 0, 0))}},
		{pgtype.TextArrayOID, texts{}, []string{}},
	}
	var args []any
	for _, v := range values {
		args = append(args, v.sent)
	}
	used := new(room)
	args[0] = leading{texts: args[0].(texts), room: used, all: sizeOf(args)}
	buf := make([]byte, 3, 8) // pgx has a small one
	for i, v := range values {
		to, err := m.Encode(v.oid, pgtype.BinaryFormatCode, args[i], buf)
		must(t, err)
		if &to[0] != &used.values[:1][0] {
			t.Errorf("argument %d is in another buffer than the room's", i)
		}
		written := to[len(buf):]
		buf = to
		if diff := cmp.Diff(v.want, scanned(t, m, v.oid, pgtype.BinaryFormatCode, written, v.want)); diff != "" {
			t.Errorf("argument %d: %s", i, diff)
		}
		text, err := m.Encode(v.oid, pgtype.TextFormatCode, args[i], nil)
		must(t, err)
		if diff := cmp.Diff(v.want, scanned(t, m, v.oid, pgtype.TextFormatCode, text, v.want)); diff != "" {
			t.Errorf("argument %d as text: %s", i, diff)
		}
	}
}

func scanned(t *testing.T, m *pgtype.Map, oid uint32, format int16, from []byte, like any) any {
	t.Helper()
	var err error
	switch like.(type) {
	case []string:
		got := []string{}
		err = m.Scan(oid, format, from, &got)
		like = got
	case []json.RawMessage:
		var got []json.RawMessage
		err = m.Scan(oid, format, from, &got)
		like = got
	case []int64:
		var got []int64
		err = m.Scan(oid, format, from, &got)
		like = got
	case []float64:
		var got []float64
		err = m.Scan(oid, format, from, &got)
		like = got
	case []*time.Time:
		var got []*time.Time
		err = m.Scan(oid, format, from, &got)
		for _, at := range got {
			if at != nil {
				*at = at.UTC()
			}
		}
		like = got
	}
	must(t, err)
	return like
}

package mysql

import (
	"bytes"
	"context"
	"database/sql/driver"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
	"vodevents/shared/sink/internal/sqltable"
	"vodevents/shared/sink/stored"
)

// FuzzValues holds what a real server gives back to what it was sent:
//
//   - text and bytes, which go escaped into the statement, come back as they were;
//   - every event is taken, parked or not, and read back as the same event with the
//     same bytes, whatever is in them; the texts of its parking have U+FFFD for what no
//     column can hold;
//   - data, where the server has it, is what raw is, so that no number is another one.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"528","Size":18446744073709551615,"n":[1.0,1e400,-0,0.1e-5]}}`), `it's "quoted" \ %_`, true)
	f.Add([]byte("{\"EventType\":\"New\xffFile\",\"x\":{\"FileId\":\" \\u0000\\ud83d飲😀'\\\\\",\"s\":\"\\u2028\"}}"), "\x00\xff\x1a\r\n", true)
	f.Add([]byte(` {"version":"2.0","eventType":"a b","data":{"fileId":"'); DROP TABLE x; --"}} `), "", false)
	f.Add([]byte(`{"EventType":"`+strings.Repeat("é", 600)+`","P":{"FileId":"`+strings.Repeat("飲", 400)+`"}}`), "?", false)
	f.Add([]byte(`{"EventType":"Deep","P":`+strings.Repeat("[", 90)+strings.Repeat("]", 90)+`}`), "é", false)
	u, _ := newTable(f)
	sink, table := openSink(f, u), openTable(f, u)
	f.Fuzz(func(t *testing.T, body []byte, text string, parked bool) {
		if utf8.ValidString(text) {
			checkBack(t, table, text, body)
		}
		e, err := event.Parse(body, event.Origin{Mode: event.Reliable, SubAppId: 7, Received: time.Unix(1_795_161_600, 123_456_000)})
		if err != nil {
			return
		}
		if parked {
			e.Parking = &event.Parking{Reason: "attempts", Attempts: len(text), FirstError: text, LastError: string(body)}
		}
		taken(t, sink.Send(t.Context(), []*event.Event{e}))
		r := onlyRow(t, table, e.ID)
		again, err := r.Event()
		if err != nil || again.ID != e.ID || again.Type != e.Type || again.Mode != e.Mode || !again.Received.Equal(e.Received) {
			t.Fatalf("%q came back as %+v, %v", body, again, err)
		}
		if !bytes.Equal(bytes.TrimSpace(again.Payload), bytes.TrimSpace(e.Payload)) {
			t.Fatalf("%q: the payload is %q, want %q", body, again.Payload, e.Payload)
		}
		if r.Data != nil && !bytes.Equal(r.Data, e.AppendData(nil)) {
			t.Fatalf("%q: data is %q", body, r.Data)
		}
		if p, want := again.Parking, e.Parking; (p != nil) != parked ||
			parked && (p.Reason != want.Reason || p.Attempts != want.Attempts || p.FirstError != sqltable.Text(want.FirstError) || p.LastError != sqltable.Text(want.LastError)) {
			t.Fatalf("%q: the parking is %+v, want %+v", body, p, want)
		}
	})
}

// checkBack sends a text and bytes as the arguments of a statement that returns them.
func checkBack(t *testing.T, table *Table, sent string, raw []byte) {
	t.Helper()
	rows, err := query(t.Context(), table, func(row []driver.Value) [2]string { return [2]string{text(row[0]), text(row[1])} }, "SELECT ?, ?", sent, raw)
	if err != nil || len(rows) != 1 || rows[0] != [2]string{sent, string(raw)} {
		t.Fatalf("%q and %q came back as %q, %v", sent, raw, rows, err)
	}
}

// onlyRow takes the row of an event out of the table: the same event may come again
// with other white space, and a table keeps the first.
func onlyRow(t *testing.T, table *Table, id string) stored.Row {
	t.Helper()
	rows, err := table.Page(t.Context(), stored.Filter{IDs: []string{id}}, 2)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	must(t, table.pool.Use(t.Context(), nil, func(c *conn) error {
		return c.exec(context.WithoutCancel(t.Context()), "DELETE FROM "+table.name+" WHERE id = ?", id)
	}))
	return rows[0]
}

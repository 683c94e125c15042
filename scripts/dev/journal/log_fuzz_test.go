package journal

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/scf/local"
)

// FuzzLog holds the reading of a function's log to this, for any bytes that a process
// writes:
//
//   - it never panics;
//   - a line that is an object of JSON keeps all that encoding/json reads in it, in
//     fields or, byte by byte, in Attrs; any other line is a message as it stands, of
//     level ERROR;
//   - every line can be written as JSON, as the page needs it, and reads back the same;
//   - a reader is told of every line, or of how many it was not told;
//   - an event has the lines that name it, up to the most that are kept;
//   - what is kept is bounded, however often a line comes.
//
// In the text $ID stands for the id of an event that the journal knows.
func FuzzLog(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-25T07:00:00Z","level":"INFO","msg":"m","request_id":"r","id":"$ID","fate":"parked"}`+"\npanic: x\n\n"), uint8(1))
	f.Add([]byte(`{"level":"ERROR","msg":"m","event":{"id":"$ID"},"n":1.0}`+"\n"+`{"request_id":"r","level":null,"msg":1}`+"\n"), uint8(140))
	f.Add([]byte(`{"time":"9999-12-31T23:59:59-23:59","level":"x"}`+"\n"+`{"time":"0000-01-01T00:00:00+23:59"}`+"\nnull\n[]"), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, again uint8) {
		j := New(nil)
		now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
		j.given(Given{ID: "1", Mode: event.Normal, Body: []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)}, now)
		known := j.byID["1"]
		reader := j.Follow()
		lines, ofKnown := 0, 0
		read := &local.Lines{Log: func(line []byte) {
			given := bytes.Clone(line)
			l := ParseLog("callback", line, now)
			if !bytes.Equal(line, given) {
				t.Fatalf("%q became %q", given, line)
			}
			checkLog(t, l, line, now)
			if lines++; l.eventID == known.eventID {
				ofKnown++
			}
			j.logged(l)
		}}
		text = bytes.ReplaceAll(text, []byte("$ID"), []byte(known.eventID))
		for range 1 + int(again)%150 {
			_, _ = read.Write(text) // it never fails
		}
		read.Flush()
		if u := reader.Next(); len(u.Logs)+u.Dropped != lines || len(u.Logs) > maxReaderLogs {
			t.Errorf("told of %d lines and %d dropped, of %d", len(u.Logs), u.Dropped, lines)
		}
		if n := len(known.logs); n < min(ofKnown, maxLogs) || n > maxLogs {
			t.Errorf("the event has %d lines of the %d that name it", n, ofKnown)
		}
		for key, kept := range j.untold {
			if len(kept) > maxLogs {
				t.Errorf("%d lines of %q wait for their event", len(kept), key)
			}
		}
	})
}

// checkLog holds a line that was read to encoding/json.
func checkLog(t *testing.T, l *Log, line []byte, now time.Time) {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		members = nil
	}
	for name, got := range map[string]string{"msg": l.Message, "level": l.Level, "request_id": l.RequestID} {
		want := map[string]string{"msg": string(line), "level": "ERROR"}[name]
		if json.Unmarshal(members[name], &want) == nil { // null is none
			delete(members, name)
		}
		if got != want {
			t.Errorf("%q: %s is %q, want %q", line, name, got, want)
		}
	}
	if _, kept := l.Attrs["time"]; !kept {
		at := now
		if raw, is := members["time"]; is && json.Unmarshal(raw, &at) != nil {
			t.Errorf("%q: the time is lost", line)
		}
		if !l.Time.Equal(at.Truncate(time.Millisecond)) {
			t.Errorf("%q: the time is %v, want %v", line, l.Time, at)
		}
		delete(members, "time")
	}
	for name, raw := range members {
		if !bytes.Equal(l.Attrs[name], raw) {
			t.Errorf("%q: %q is %q", line, name, l.Attrs[name])
		}
	}
	if len(l.Attrs) != len(members) {
		t.Errorf("%q: the attributes are %q", line, l.Attrs)
	}
	b, err := json.Marshal(l)
	var back Log
	if err != nil || json.Unmarshal(b, &back) != nil || !back.Time.Equal(l.Time) || len(back.Attrs) != len(l.Attrs) {
		t.Errorf("%q is shown as %s, %v", line, b, err)
	}
}

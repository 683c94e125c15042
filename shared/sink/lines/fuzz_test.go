package lines

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vodevents/shared/event"
)

// FuzzSink appends any event to a file that ends in any way. What was there stays, and
// the event is a line of its own that is read as the same event.
func FuzzSink(f *testing.F) {
	f.Add([]byte("{\"torn"), []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`))
	f.Add([]byte("{}\n"), []byte("{\n\"EventType\":\r\n\"A\\n\",\"x\":{\"a\": [1,\n2]}}"))
	f.Add([]byte(""), []byte("{\"EventType\":\"A\",\"x\":{\"a\":\"\xff\u2028\"}}"))
	f.Fuzz(func(t *testing.T, was, body []byte) {
		e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1_795_161_600, 0)})
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, was, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(&url.URL{Scheme: "file", Path: path})
		if err != nil {
			t.Fatal(err)
		}
		s.sync = func(*os.File) error { return nil } // a disk is too slow for this
		defer s.Close()
		for _, err := range s.Send(t.Context(), []*event.Event{e, e}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(text, was) || text[len(text)-1] != '\n' {
			t.Fatalf("%q, %v", text, err)
		}
		added := bytes.TrimPrefix(text, was)
		if len(was) > 0 && was[len(was)-1] != '\n' {
			added = bytes.TrimPrefix(added, []byte("\n"))
		}
		lines := bytes.Split(bytes.TrimSuffix(added, []byte("\n")), []byte("\n"))
		if len(lines) != 2 {
			t.Fatalf("%d lines: %q", len(lines), added)
		}
		for _, line := range lines {
			again, err := event.ParseCloudEvent(line)
			if err != nil || again.ID != e.ID || !json.Valid(line) {
				t.Fatalf("%q: %v", line, err)
			}
		}
	})
}

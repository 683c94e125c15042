package page

import (
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink"
	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
)

// parkedTable makes a table in which three uploads are parked, and returns the
// variables and arguments by which dev shows it.
func parkedTable(t *testing.T, kind string, args []string) (env, all []string) {
	t.Helper()
	server := map[string]string{}
	switch kind {
	case "postgres":
		server[kind] = pgtest.RunT(t).URL
	case "mysql":
		server[kind] = mytest.RunT(t).URL
	}
	u, err := url.Parse(server[kind])
	if err != nil || u.Host == "" {
		t.Fatalf("there is no database of kind %q: %v", kind, err)
	}
	if kind == "postgres" {
		u.User = url.UserPassword(u.User.Username(), "s3cret") // the server asks for none
	}
	s, err := sink.Open(u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var events []*event.Event
	for n := range 3 {
		e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"528589078427353000%d"}}`, n),
			event.Origin{Mode: event.Reliable, Received: time.Date(2026, 11, 24, 8, n, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		e.Parking = &event.Parking{Reason: "attempts", Attempts: 5, FirstError: "the sink answers 500", LastError: "the sink answers 409"}
		events = append(events, e)
	}
	for _, err := range s.Send(t.Context(), events) {
		if err != nil {
			t.Fatal(err)
		}
	}
	return []string{"DEAD=" + u.String(), "SINK=" + u.String(), "DEDUP=off"},
		append([]string{"-from", "env:DEAD", "-audit", filepath.Join(t.TempDir(), "actions.jsonl")}, args...)
}

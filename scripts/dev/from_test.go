package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/scripts/dev/letters"
	"vodevents/shared/event"
	"vodevents/shared/sink"
	"vodevents/shared/sink/mysql/mytest"
	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/stored"
)

// launchFrom runs dev with -from until the test ends.
func launchFrom(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := newProgram(t)
	p.start(func(ctx context.Context) int {
		return run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), append(os.Environ(), env...), p.stdout, p.stderr)
	})
	p.base = strings.TrimSuffix(p.await(`^  page      (\S+)$`)[1], "/")
	return p
}

// table is a table for a test, with a password in its URL.
type table struct {
	t   *testing.T
	url string
}

// tables runs a test with a table in each kind of database.
func tables(t *testing.T, test func(*testing.T, table)) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		u, err := url.Parse(pgtest.RunT(t).URL)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(u.User.Username(), "s3cret") // the server asks for none
		test(t, table{t, u.String()})
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		u, err := url.Parse(mytest.RunT(t).URL)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/test"
		test(t, table{t, u.String()})
	})
}

// write makes the table take events as SINK, or as DEAD_LETTER if they are parked.
func (b table) write(events ...*event.Event) {
	b.t.Helper()
	s, err := sink.Open(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	for _, err := range s.Send(b.t.Context(), events) {
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// rows returns the rows of the table by id.
func (b table) rows() map[string]stored.Row {
	b.t.Helper()
	read, err := sink.OpenTable(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	defer read.Close()
	page, err := read.Page(b.t.Context(), stored.Filter{}, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	all := map[string]stored.Row{}
	for _, r := range page {
		all[r.ID] = r
	}
	return all
}

// upload returns an event of the n-th file, parked or not.
func upload(t testing.TB, n int, parked bool) *event.Event {
	t.Helper()
	e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"528589078427353%04d"}}`, n),
		event.Origin{Mode: event.Reliable, Received: time.Date(2026, 11, 24, 8, n, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if parked {
		e.Parking = &event.Parking{Reason: "permanent", Attempts: 1, FirstError: "the sink answers 422", LastError: "the sink answers 422"}
	}
	return e
}

// taking is a sink that keeps the ids of what it takes.
type taking struct {
	*httptest.Server
	mu  sync.Mutex
	ids []string
}

func newTaking(t *testing.T) *taking {
	s := new(taking)
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if e, err := event.ParseCloudEvent(b); err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ids = append(s.ids, e.ID)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *taking) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.ids))
}

// The parked rows of a table are delivered again and discarded. A delivered row stays in
// the table and is no longer parked. A discarded row is deleted, unless the table took it
// as SINK. The file has it, and a replay of the file brings it back.
func TestParkedRowsOfATable(t *testing.T) {
	tables(t, func(t *testing.T, b table) {
		var events []*event.Event
		for n := range 6 {
			events = append(events, upload(t, n, n > 0))
		}
		sunk := upload(t, 5, false)
		b.write(append(events[:5:5], sunk)...)
		b.write(events[5]) // another sink refused what this table took
		target, file := newTaking(t), filepath.Join(t.TempDir(), "actions.jsonl")
		p := launchFrom(t, []string{"DEAD=" + b.url, "SINK=" + target.URL, "DEDUP=" + b.url}, "-from", "env:DEAD", "-audit", file)

		l := p.letters("")
		if l.Matched != 5 || l.Letters[0].ID != events[1].ID || l.Letters[0].LastError != "the sink answers 422" || l.To != target.URL || l.File != file || !strings.Contains(l.Who, " as ") {
			t.Errorf("%+v", l)
		}
		one := func(n int) string { return fmt.Sprintf(`{"ids":[%q]}`, events[n].ID) }
		p.call(200, "POST", "/api/letters/deliver", one(1), nil)
		p.call(404, "POST", "/api/letters/deliver", one(1), nil)
		p.call(200, "POST", "/api/letters/discard", one(2), nil)
		p.call(200, "POST", "/api/letters/discard", one(5), nil)
		p.call(409, "POST", "/api/letters/deliver", `{"filter":{"reason":"permanent"},"count":1}`, nil)
		var o letters.Outcome
		p.call(200, "POST", "/api/letters/deliver", `{"filter":{"reason":"permanent"},"count":2}`, &o)
		if o.Delivered != 2 {
			t.Errorf("all of the filter: %+v", o)
		}
		want := slices.Sorted(slices.Values([]string{events[1].ID, events[3].ID, events[4].ID}))
		if got := target.taken(); !slices.Equal(got, want) {
			t.Errorf("the sink took %q, want %q", got, want)
		}
		rows := b.rows()
		for n, e := range events {
			if row, ok := rows[e.ID]; ok != (n != 2) || row.Parking != nil {
				t.Errorf("row %d: there %t, parked %+v", n, ok, row.Parking)
			}
		}
		if l := p.letters(""); l.Matched != 0 || len(l.Entries) != 5 {
			t.Errorf("left: %+v", l)
		}
		_, page := p.request("GET", "/", "")
		for place, text := range map[string]string{"the page": page, "stdout": p.stdout.String(), "stderr": p.stderr.String()} {
			if strings.Contains(text, "s3cret") {
				t.Errorf("%s shows the password", place)
			}
		}
		if status := p.stop(); status != 0 {
			t.Errorf("status %d", status)
		}

		kept, err := os.ReadFile(file)
		if err != nil || bytes.Count(kept, []byte("\n")) != 7 || bytes.Contains(kept, []byte("s3cret")) {
			t.Errorf("%v:\n%s", err, kept)
		}
		replay := exec.Command("go", "run", "vodevents/scripts/vodctl", "replay", "-no-handler", file)
		replay.Env = append(os.Environ(), "SINK="+b.url, "DEDUP=off")
		if out, err := replay.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if row, ok := b.rows()[events[2].ID]; !ok || row.Parking != nil || !row.Received.Equal(events[2].Received) {
			t.Errorf("after the replay of the file: %+v", row)
		}
	})
}

// A table that is SINK and DEAD_LETTER at once takes the event again, once.
func TestParkedRowsGoBackIntoTheirTable(t *testing.T) {
	tables(t, func(t *testing.T, b table) {
		e := upload(t, 1, true)
		b.write(e)
		p := launchFrom(t, []string{"SINK=" + b.url, "DEAD_LETTER=" + b.url}, "-from", "env", "-audit", filepath.Join(t.TempDir(), "actions"))
		p.call(200, "POST", "/api/letters/deliver", `{"filter":{},"count":1}`, nil)
		rows := b.rows()
		if row := rows[e.ID]; len(rows) != 1 || row.Parking != nil {
			t.Errorf("%+v", rows)
		}
	})
}

// An event that cannot be written to the file is not discarded. Without SINK nothing is
// delivered again.
func TestNothingOfATableIsLost(t *testing.T) {
	tables(t, func(t *testing.T, b table) {
		e := upload(t, 1, true)
		b.write(e)
		p := launchFrom(t, []string{"SINK=", "DEAD=" + b.url}, "-from", "env:DEAD", "-audit", t.TempDir()) // a folder is no file
		p.call(409, "POST", "/api/letters/deliver", fmt.Sprintf(`{"ids":[%q]}`, e.ID), nil)
		p.call(502, "POST", "/api/letters/discard", fmt.Sprintf(`{"ids":[%q]}`, e.ID), nil)
		if row := b.rows()[e.ID]; row.Parking == nil {
			t.Errorf("%+v", row)
		}
		var copied struct{ Commands []string }
		p.call(200, "POST", "/api/letters/curl", fmt.Sprintf(`{"ids":[%q]}`, e.ID), &copied)
		if !strings.Contains(copied.Commands[0], "CALLBACK_URL") {
			t.Error(copied.Commands)
		}
		p.call(404, "GET", "/api/events", "", nil)
		if answer, _ := p.request("POST", "/api/letters/discard", `{}`, "Content-Type", "application/json", "Origin", "http://evil.example"); answer.StatusCode != 403 {
			t.Errorf("another site: %s", answer.Status)
		}
	})
}

// A fault of -from is reported at the start, without a password.
func TestBadFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		env    string
		status int
		want   string
	}{
		{[]string{"-from", "env:NOTHING"}, "", 1, "the variable NOTHING names 0 databases"},
		{[]string{"-from", "env:TWO"}, "TWO=postgres://u:s3cret@a/x mysql://u:s3cret@b/x", 1, "names 2 databases"},
		{[]string{"-from", "cos://bucket-1250000000/x?region=ap-beijing"}, "", 1, `unknown scheme "cos:"`},
		{[]string{"-from", "postgres://u:s3cret@127.0.0.1:1/x"}, "", 1, "127.0.0.1:1"},
		{[]string{"-from", "postgres://u:s3c%ret@127.0.0.1:1/x"}, "", 1, "not a URL"},
		{[]string{"-from", "env:X", "-real"}, "", 2, "-real: -from runs nothing"},
		{[]string{"-from", "env:X", "-every", "1s"}, "", 2, "-every: -from runs nothing"},
	} {
		var out, errs strings.Builder
		status := run(t.Context(), c.args, []string{c.env}, &out, &errs)
		if status != c.status || !strings.Contains(errs.String(), c.want) || strings.Contains(errs.String()+out.String(), "s3c") {
			t.Errorf("%q: status %d: %s", c.args, status, errs.String())
		}
	}
}

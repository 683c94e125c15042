package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
	"vodevents/shared/sink/stored/storedtest"
)

func openTable(t testing.TB, u *url.URL) *Table {
	t.Helper()
	table, err := OpenTable(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Close)
	return table
}

// execSQL runs statements as the superuser.
func execSQL(t testing.TB, format string, args ...any) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), server(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	if _, err := c.PgConn().Exec(t.Context(), fmt.Sprintf(format, args...)).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// at makes an event that was received n hours after day.
func at(t testing.TB, n int, body string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, SubAppId: 1490012345, Received: day.Add(time.Duration(n) * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func write(t testing.TB, u *url.URL, events ...*event.Event) {
	t.Helper()
	if err := errors.Join(openSink(t, u).Send(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
}

// sample writes four events: an upload, two deletions, of which the second one is
// parked, and one of a type with a _ in it, which was made from an answer of VOD.
func sample(t testing.TB, u *url.URL) []*event.Event {
	t.Helper()
	events := []*event.Event{
		at(t, 0, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784363430543"}}`),
		at(t, 1, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430544"]}}`),
		at(t, 2, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430545"]}}`),
		at(t, 3, `{"EventType":"File_eleted","FileDeleteEvent":{"FileId":"1490012345-Task-1"}}`),
	}
	events[2].Parking = &event.Parking{Reason: "permanent", Attempts: 1, FirstError: "422", LastError: "422"}
	events[3].Mode = event.Reconciled
	write(t, u, events...)
	return events
}

func ids(rows []stored.Row) (ids []string) {
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

// Each filter asks for the same rows in Summary and in Page.
func TestTableFilters(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	table := openTable(t, u)
	for name, test := range map[string]struct {
		filter stored.Filter
		want   []int
	}{
		"all":                   {stored.Filter{}, []int{0, 1, 2, 3}},
		"id":                    {stored.Filter{IDs: []string{events[3].ID, events[0].ID, "none"}}, []int{0, 3}},
		"type":                  {stored.Filter{Type: "FileDeleted"}, []int{1, 2}},
		"CloudEvents type":      {stored.Filter{Type: "com.tencent.cloud.vod.FileDeleted"}, []int{1, 2}},
		"type with *":           {stored.Filter{Type: "*File*"}, []int{0, 1, 2, 3}},
		"type with * and _":     {stored.Filter{Type: "File_*"}, []int{3}},
		"type with ?":           {stored.Filter{Type: "File?eleted"}, []int{1, 2, 3}},
		"CloudEvents type, *":   {stored.Filter{Type: "com.tencent.*Upload"}, []int{0}},
		"subject":               {stored.Filter{Subject: "5285890784363430543"}, []int{0}},
		"subject with *":        {stored.Filter{Subject: "*-Task-*"}, []int{3}},
		"since is included":     {stored.Filter{Since: day.Add(2 * time.Hour)}, []int{2, 3}},
		"until is not":          {stored.Filter{Until: day.Add(2 * time.Hour)}, []int{0, 1}},
		"parked":                {stored.Filter{Parked: new(true)}, []int{2}},
		"reason":                {stored.Filter{Reason: "permanent"}, []int{2}},
		"another reason":        {stored.Filter{Reason: "attempts"}, nil},
		"not parked":            {stored.Filter{Parked: new(false)}, []int{0, 1, 3}},
		"sent by VOD":           {stored.Filter{Sent: true}, []int{0, 1, 2}},
		"after":                 {stored.Filter{After: stored.Place{Received: day.Add(time.Hour), ID: events[1].ID}}, []int{2, 3}},
		"several":               {stored.Filter{Type: "FileDeleted", Since: day, Parked: new(true)}, []int{2}},
		"none":                  {stored.Filter{Type: "PullComplete"}, nil},
		"no SQL from a pattern": {stored.Filter{Type: "' OR true --*"}, nil},
	} {
		var want []string
		for _, i := range test.want {
			want = append(want, events[i].ID)
		}
		page, err := table.Page(t.Context(), test.filter, 100)
		if err != nil || !slices.Equal(ids(page), want) {
			t.Errorf("%s: %v, want %v (%v)", name, ids(page), want, err)
		}
		s, err := table.Summary(t.Context(), test.filter)
		if err != nil || s.Events != len(want) {
			t.Errorf("%s: %+v, want %d events (%v)", name, s, len(want), err)
		}
	}
	s, err := table.Summary(t.Context(), stored.Filter{})
	if want := (stored.Summary{Events: 4, Parked: 1, First: day, Last: day.Add(3 * time.Hour)}); err != nil ||
		s.Events != want.Events || s.Parked != want.Parked || !s.First.Equal(want.First) || !s.Last.Equal(want.Last) {
		t.Errorf("%+v, want %+v (%v)", s, want, err)
	}
}

func TestTableFindsPatterns(t *testing.T) {
	t.Parallel()
	u, table := newTable(t)
	storedtest.TestPatterns(t, openSink(t, u), openTable(t, u), func() {
		psqlScript(t, `INSERT INTO `+table+` (id, type, subject, source, mode, received_at)
SELECT md5(n::text), 'com.tencent.cloud.vod.Type' || n % 50, '52' || n, '/tencentcloud/vod', 'normal', '2026-11-25' FROM generate_series(1, 5000) n; ANALYZE `+table)
	})
}

// What was written is read, to the byte where the table has the bytes.
func TestTableGivesBackWhatWasSent(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	for n, body := range []string{
		`{"EventType": "FileDeleted", "FileDeleteEvent": {"FileIdSet": ["1"]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["2"],"x":"\u0000 \ud800"}}`,
		"{\"EventType\":\"FileDeleted\",\"FileDeleteEvent\":{\"FileIdSet\":[\"3\"],\"x\":\"\xff\"}}",
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["4"],"n":1e131071}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5"]},"deep":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`,
	} {
		sent := at(t, n, body)
		write(t, u, sent)
		page, err := openTable(t, u).Page(t.Context(), stored.Filter{IDs: []string{sent.ID}}, 1)
		if err != nil || len(page) != 1 {
			t.Fatalf("%d: %d rows, %v", n, len(page), err)
		}
		got, err := page[0].Event()
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		want := sent.AppendCloudEvent(nil)
		if n == 0 { // only jsonb has it, with white space of its own
			if got.ID != sent.ID || got.Subject != sent.Subject {
				t.Errorf("%s, want %s", got.AppendCloudEvent(nil), want)
			}
			continue
		}
		if text := got.AppendCloudEvent(nil); n < 4 && !bytes.Equal(text, want) {
			t.Errorf("%d: %s, want %s", n, text, want)
		}
	}
}

// Pages give each row once and in order, also where many were received at one
// time, and end early where they reach stored.PageBytes.
func TestTablePages(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	write(t, u, at(t, 0, `{"EventType":"FileDeleted"}`))
	execSQL(t, `TRUNCATE %s; INSERT INTO %s (id, type, source, mode, received_at, data)
SELECT md5(n::text), 'com.tencent.cloud.vod.FileDeleted', '/tencentcloud/vod', 'normal', '2026-11-24'::timestamptz + (n / 50) * interval '1 s',
	jsonb_build_object('EventType', 'FileDeleted', 'x', repeat('x', CASE WHEN n < 40 THEN 1000000 ELSE 1 END)) FROM generate_series(0, 999) n`, name, name)
	table := openTable(t, u)
	seen := map[string]bool{}
	var f stored.Filter
	pages := 0
	for ; ; pages++ {
		page, err := table.Page(t.Context(), f, 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		size := 0
		for _, r := range page {
			if p := r.Place(); seen[r.ID] || p.Received.Before(f.After.Received) {
				t.Fatalf("%v came after %v", p, f.After)
			}
			size += r.Size()
			seen[r.ID], f.After = true, r.Place()
		}
		if most := stored.PageBytes + 1_001_000; size > most {
			t.Errorf("a page of %d bytes, want %d at most", size, most)
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d rows, want 1000", len(seen))
	}
	if least := 40/9 + 960/64; pages < least {
		t.Errorf("%d pages, want %d at least", pages, least)
	}
}

// To read a table page by page, with an end, costs a few times its rows, and not
// its rows times its pages.
func TestTablePagesCostWhatTheyRead(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	write(t, u, at(t, 0, `{"EventType":"FileDeleted"}`))
	const n = 10_000
	execSQL(t, `TRUNCATE %s; INSERT INTO %s (id, type, source, mode, received_at, data)
SELECT md5(n::text), 'com.tencent.cloud.vod.FileDeleted', '/tencentcloud/vod', 'normal', '2026-11-24'::timestamptz + (n / 10) * interval '1 s',
	jsonb_build_object('EventType', 'FileDeleted', 'x', repeat('x', 200)) FROM generate_series(1, %d) n; ANALYZE %s`, name, name, n, name)
	q := u.Query()
	q.Set("application_name", name)
	mine := *u
	mine.RawQuery = q.Encode()
	table := openTable(t, &mine)
	all := 0
	for f := (stored.Filter{Until: day.Add(24 * time.Hour)}); ; {
		page, err := table.Page(t.Context(), f, 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all += len(page)
		f.After = page[len(page)-1].Place()
	}
	table.Close()
	if all != n {
		t.Errorf("%d rows, want %d", all, n)
	}
	c, err := pgx.Connect(t.Context(), server(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	for open := 1; open > 0; { // a session counts what it read until it is gone
		if err := c.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name).Scan(&open); err != nil {
			t.Fatal(err)
		}
	}
	var read int
	if err := c.QueryRow(t.Context(), "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = $1", name).Scan(&read); err != nil {
		t.Fatal(err)
	}
	if most := 10 * n; read < n || read > most {
		t.Errorf("%d rows were read for %d, want %d at most", read, n, most)
	}
}

// Reading needs the right to read, and changes nothing.
func TestTableNeedsSelectAlone(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	events := sample(t, u)
	role := name + "_reader"
	execSQL(t, `CREATE ROLE %s LOGIN; GRANT SELECT ON %s TO %s; ALTER ROLE %s SET default_transaction_read_only = on`, role, name, role, role)
	reader := *u
	reader.User = url.User(role)
	table := openTable(t, &reader)
	if s, err := table.Summary(t.Context(), stored.Filter{}); err != nil || s.Events != len(events) {
		t.Errorf("%+v, %v", s, err)
	}
	if page, err := table.Page(t.Context(), stored.Filter{}, 10); err != nil || len(page) != len(events) {
		t.Errorf("%v, %v", ids(page), err)
	}
	if n, err := table.Prune(t.Context(), day.Add(24*time.Hour), 10); err == nil || n != 0 {
		t.Errorf("it pruned %d rows, %v", n, err)
	}
}

// SINK's URL will do as it is: what it says about writing is passed over.
func TestTableOfSinksURL(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	sample(t, u)
	q := u.Query()
	q.Set("types", "!FileDeleted")
	q.Set("media", "vod_media")
	sinks := *u
	sinks.RawQuery = q.Encode()
	if page, err := openTable(t, &sinks).Page(t.Context(), stored.Filter{}, 10); err != nil || len(page) != 4 {
		t.Errorf("%v, %v", ids(page), err)
	}
}

// A table that is not there is not made.
func TestTableIsNotMade(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	table := openTable(t, u)
	_, err := table.Page(t.Context(), stored.Filter{}, 1)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !strings.Contains(err.Error(), "name another one with table=") {
		t.Errorf("%v", err)
	}
	if _, err := table.Summary(t.Context(), stored.Filter{}); !isMissing(err) {
		t.Errorf("%v: the table %s was made", err, name)
	}
}

// Prune deletes what is old in portions, and never what is parked.
func TestPrune(t *testing.T) {
	t.Parallel()
	u, _ := newTable(t)
	events := sample(t, u)
	table := openTable(t, u)
	var portions []int
	for {
		n, err := table.Prune(t.Context(), day.Add(3*time.Hour), 1)
		if err != nil {
			t.Fatal(err)
		}
		portions = append(portions, n)
		if n == 0 {
			break
		}
	}
	if want := []int{1, 1, 0}; !slices.Equal(portions, want) {
		t.Errorf("%v, want %v", portions, want)
	}
	page, err := table.Page(t.Context(), stored.Filter{}, 10)
	if want := []string{events[2].ID, events[3].ID}; err != nil || !slices.Equal(ids(page), want) {
		t.Errorf("%v are left, want %v (%v)", ids(page), want, err)
	}
}

// A row that is parked while Prune waits for it stays.
func TestPruneSparesWhatIsParkedMeanwhile(t *testing.T) {
	t.Parallel()
	u, name := newTable(t)
	write(t, u, at(t, 0, `{"EventType":"FileDeleted"}`))
	c, err := pgx.Connect(t.Context(), server(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	tx, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE "+name+" SET parkreason = 'permanent'"); err != nil {
		t.Fatal(err)
	}
	table := openTable(t, u)
	pruned := make(chan int, 1)
	go func() {
		n, err := table.Prune(t.Context(), day.Add(time.Hour), 10)
		if err != nil {
			n = -1
		}
		pruned <- n
	}()
	// Asked on another connection: a transaction sees one picture of
	// pg_stat_activity from its first look to its end.
	waitFor(t, "Prune to wait for the row", func() bool {
		return psql(t, `SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM %'||$1||'%'`, strings.Trim(name, `"`))[0] == "1"
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := <-pruned; n != 0 {
		t.Errorf("%d rows were pruned", n)
	}
}

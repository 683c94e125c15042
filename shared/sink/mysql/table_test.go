package mysql

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
	"vodevents/shared/sink/stored/storedtest"
)

func openTable(t testing.TB, u *url.URL) *Table {
	t.Helper()
	table, err := OpenTable(u)
	must(t, err)
	t.Cleanup(table.Close)
	return table
}

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// sample writes four events, an hour apart: an upload, two deletions, of which
// the second one is parked, and one of a type with a _ in it, which was made from an
// answer of VOD.
func sample(t testing.TB, u *url.URL) (events []*event.Event) {
	t.Helper()
	for i, body := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784363430543","Name":"caf` + "\xe9" + `","Size":12345678901234567890123}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430544"]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784363430545"]}}`,
		`{"EventType":"File_eleted","FileDeleteEvent":{"FileId":"1490012345-Task-1"}}`,
	} {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, SubAppId: 1490012345, Received: day.Add(time.Duration(i) * time.Hour)})
		must(t, err)
		events = append(events, e)
	}
	events[2].Parking = &event.Parking{Reason: "permanent", Attempts: 1, FirstError: "422", LastError: "422"}
	events[3].Mode = event.Reconciled
	taken(t, openSink(t, u).Send(t.Context(), events))
	return events
}

func TestTableFilters(t *testing.T) {
	u, _ := newTable(t)
	events := sample(t, u)
	table := openTable(t, with(u, "types", "FileDeleted"))
	yes, no := true, false
	for name, c := range map[string]struct {
		filter stored.Filter
		want   []int
	}{
		"all":           {stored.Filter{}, []int{0, 1, 2, 3}},
		"type":          {stored.Filter{Type: "FileDeleted"}, []int{1, 2}},
		"whole type":    {stored.Filter{Type: "com.tencent.cloud.vod.NewFileUpload"}, []int{0}},
		"a _ is a _":    {stored.Filter{Type: "File_e*"}, []int{3}},
		"pattern":       {stored.Filter{Type: "File?eleted"}, []int{1, 2, 3}},
		"another case":  {stored.Filter{Type: "filedeleted"}, nil},
		"subject":       {stored.Filter{Subject: "5285890784363430544"}, []int{1}},
		"subjects":      {stored.Filter{Subject: "528589078436343054*"}, []int{0, 1, 2}},
		"since":         {stored.Filter{Since: day.Add(2 * time.Hour)}, []int{2, 3}},
		"until":         {stored.Filter{Until: day.Add(2 * time.Hour).In(time.FixedZone("", 8*3600))}, []int{0, 1}},
		"parked":        {stored.Filter{Parked: &yes}, []int{2}},
		"reason":        {stored.Filter{Reason: "permanent"}, []int{2}},
		"another one":   {stored.Filter{Reason: "attempts"}, nil},
		"not parked":    {stored.Filter{Parked: &no}, []int{0, 1, 3}},
		"sent by VOD":   {stored.Filter{Sent: true}, []int{0, 1, 2}},
		"ids":           {stored.Filter{IDs: []string{events[3].ID, events[0].ID}}, []int{0, 3}},
		"after":         {stored.Filter{After: stored.Place{Received: day.Add(time.Hour), ID: events[1].ID}}, []int{2, 3}},
		"before its id": {stored.Filter{After: stored.Place{Received: day.Add(time.Hour), ID: "0"}}, []int{1, 2, 3}},
	} {
		page, err := table.Page(t.Context(), c.filter, 10)
		must(t, err)
		var got, want []string
		for _, r := range page {
			got = append(got, r.ID)
		}
		for _, i := range c.want {
			want = append(want, events[i].ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		s, err := table.Summary(t.Context(), c.filter)
		must(t, err)
		if s.Events != len(want) || len(want) > 0 && !s.First.Equal(events[c.want[0]].Received) {
			t.Errorf("%s: summary %+v", name, s)
		}
	}
}

func TestTableFindsPatterns(t *testing.T) {
	u, table := newTable(t)
	storedtest.TestPatterns(t, openSink(t, u), openTable(t, u), func() {
		sql(t, "INSERT INTO "+table+" (id, type, subject, source, mode, received_at) SELECT md5(seq), CONCAT('com.tencent.cloud.vod.Type', seq % 50), CONCAT('52', seq), '/tencentcloud/vod', 'normal', '2026-11-25' FROM seq_1_to_5000",
			"ANALYZE TABLE "+table)
	})
}

// What is read is what was sent, byte for byte.
func TestTableGivesBackWhatWasSent(t *testing.T) {
	u, _ := newTable(t)
	events := sample(t, u)
	page, err := openTable(t, u).Page(t.Context(), stored.Filter{}, 10)
	must(t, err)
	for i, r := range page {
		e, err := r.Event()
		must(t, err)
		want := events[i]
		if e.ID != want.ID || !e.Received.Equal(want.Received) || e.Source() != want.Source() || e.Type != want.Type ||
			!bytes.Equal(e.AppendData(nil), want.AppendData(nil)) || !bytes.Equal(e.RawData(), want.RawData()) ||
			(e.Parking == nil) != (want.Parking == nil) {
			t.Errorf("got %+v, want %+v", e, want)
		}
	}
}

// A page ends where it has enough bytes, and the next one begins there.
func TestTablePages(t *testing.T) {
	u, _ := newTable(t)
	const n = 12
	s := openSink(t, u)
	for i := range n {
		e := parse(t, fmt.Sprintf(`{"FileId":"%d","Text":"%s"}`, i, strings.Repeat("x", 1<<20)))
		taken(t, s.Send(t.Context(), []*event.Event{e}))
	}
	table := openTable(t, u)
	seen := map[string]bool{}
	var f stored.Filter
	for pages := 0; ; pages++ {
		page, err := table.Page(t.Context(), f, 100)
		must(t, err)
		if len(page) == 0 {
			if pages < 3 || len(seen) != n {
				t.Errorf("%d rows in %d pages", len(seen), pages)
			}
			return
		}
		for _, r := range page {
			seen[r.ID] = true
		}
		f.After = page[len(page)-1].Place()
	}
}

func TestTableIsNotMade(t *testing.T) {
	u, table := newTable(t)
	_, err := openTable(t, u).Summary(t.Context(), stored.Filter{})
	if err == nil || !strings.Contains(err.Error(), "made when SINK first writes") || len(sql(t, `SHOW TABLES LIKE '`+table+`'`)) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestPrune(t *testing.T) {
	u, _ := newTable(t)
	events := sample(t, u)
	table := openTable(t, u)
	for _, want := range []int{1, 1, 0} {
		n, err := table.Prune(t.Context(), day.Add(150*time.Minute), 1)
		if err != nil || n != want {
			t.Errorf("deleted %d, %v, want %d", n, err, want)
		}
	}
	page, err := table.Page(t.Context(), stored.Filter{}, 10)
	if err != nil || len(page) != 2 || page[0].ID != events[2].ID || page[0].Parking == nil {
		t.Errorf("left: %+v, %v", page, err)
	}
}

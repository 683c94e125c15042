package cos

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
	"vodevents/shared/sink/stored"
)

func openTable(t testing.TB, rawURL string) *Table {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	table, err := OpenTable(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Close)
	return table
}

// all reads a table page by page, as vodctl does.
func all(t testing.TB, table *Table, f stored.Filter, most int) (rows []stored.Row) {
	t.Helper()
	for {
		page, err := table.Page(t.Context(), f, most)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return rows
		}
		if len(page) > most {
			t.Fatalf("a page of %d rows, want at most %d", len(page), most)
		}
		rows = append(rows, page...)
		f.After = page[len(page)-1].Place()
	}
}

var first = time.Date(2026, 11, 25, 23, 59, 59, 999_500_000, time.UTC)

// fill puts 30 events of three days into a bucket, and things that are not ours.
func fill(t *testing.T, c *costest.Server) (events []*event.Event) {
	t.Helper()
	s := open(t, c.URL("vod"))
	for i := range 30 {
		kind := []string{"NewFileUpload", "FileDeleted", "BrandNewEvent"}[i%3]
		e := at(t, first.Add(time.Duration(i%3)*24*time.Hour+time.Duration(i)*time.Microsecond),
			fmt.Sprintf("{\"EventType\":%q,\n\"AnyEvent\":{\"FileId\":\"52%02d\",\"Big\":12345678901234567890}}", kind, i))
		if i%10 == 0 {
			e.Parking = &event.Parking{Reason: "permanent", Attempts: 1, FirstError: "it is\nbroken", LastError: "it is\nbroken"}
		}
		if i%7 == 0 {
			e.Mode = event.Reconciled
		}
		events = append(events, e)
	}
	for _, err := range s.Send(t.Context(), events) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for key, text := range map[string]string{
		"vod/2026/11/25/readme.txt": "x", "vod/2026/11/25/0123456789abcdef0123456789abcde.json": "{}", "other/2026/11/25/0123456789abcdef0123456789abcdef.json": "{}",
		"vod/2026/11/31/0123456789abcdef0123456789abcdef.json": "{}", "vodx/2026/11/25/0123456789abcdef0123456789abcdef.json": "{}",
	} {
		if err := c.Put(key, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return events
}

// What a sink put into a bucket comes back, every byte of it, in pages of any
// size and as the filter asks.
func TestTableReadsBack(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	events := fill(t, c)
	table := openTable(t, c.URL("vod"))
	byID := map[string]*event.Event{}
	for _, e := range events {
		byID[e.ID] = e
	}
	for _, most := range []int{1, 7, 64} {
		rows := all(t, table, stored.Filter{}, most)
		for _, r := range rows {
			e, err := r.Event()
			if err != nil {
				t.Fatal(err)
			}
			if want := byID[r.ID]; want == nil || string(e.AppendCloudEvent(nil)) != string(want.AppendCloudEvent(nil)) || r.EventType() != want.Type {
				t.Errorf("came back as %s", e.AppendCloudEvent(nil))
			}
		}
		if len(rows) != len(events) || !slices.IsSortedFunc(rows, func(a, b stored.Row) int {
			return strings.Compare(table.key(a.Received, a.ID), table.key(b.Received, b.ID))
		}) {
			t.Errorf("%d rows in pages of %d, want %d in the order of their keys", len(rows), most, len(events))
		}
	}
	for name, f := range map[string]struct {
		stored.Filter
		want func(i int) bool
	}{
		"a type":       {stored.Filter{Type: "FileDeleted"}, func(i int) bool { return i%3 == 1 }},
		"a pattern":    {stored.Filter{Type: "*New*", Subject: "52?0"}, func(i int) bool { return i%3 != 1 && i%10 == 0 }},
		"a whole type": {stored.Filter{Type: "com.tencent.cloud.vod.BrandNewEvent"}, func(i int) bool { return i%3 == 2 }},
		"parked":       {stored.Filter{Parked: new(true)}, func(i int) bool { return i%10 == 0 }},
		"not parked":   {stored.Filter{Parked: new(false)}, func(i int) bool { return i%10 != 0 }},
		"sent by VOD":  {stored.Filter{Sent: true}, func(i int) bool { return i%7 != 0 }},
		"since":        {stored.Filter{Since: first.Add(24 * time.Hour)}, func(i int) bool { return i%3 > 0 && received(events[i]).Compare(first.Add(24*time.Hour)) >= 0 }},
		"until":        {stored.Filter{Until: first.Add(24 * time.Hour)}, func(i int) bool { return received(events[i]).Before(first.Add(24 * time.Hour)) }},
		"ids":          {stored.Filter{IDs: []string{events[4].ID, "ffffffffffffffffffffffffffffffff", events[29].ID}}, func(i int) bool { return i == 4 || i == 29 }},
	} {
		want := 0
		for i := range events {
			if f.want(i) {
				want++
			}
		}
		rows := all(t, table, f.Filter, 4)
		for _, r := range rows {
			if i := slices.IndexFunc(events, func(e *event.Event) bool { return e.ID == r.ID }); i < 0 || !f.want(i) {
				t.Errorf("%s: %s %s is not asked for", name, r.Type, r.Received)
			}
		}
		s, err := table.Summary(t.Context(), f.Filter)
		if err != nil || s.Events != want || len(rows) != want || want == 0 {
			t.Errorf("%s: %d rows, summary %+v, %v, want %d", name, len(rows), s, err, want)
		}
	}
	s, err := table.Summary(t.Context(), stored.Filter{})
	if want := (stored.Summary{Events: 30, Parked: 3, First: received(events[0]), Last: received(events[29])}); err != nil || s != want {
		t.Errorf("got %+v, %v, want %+v", s, err, want)
	}
	if table.String() != "cos://"+costest.Bucket+"/vod/" {
		t.Errorf("it is called %s", table)
	}
}

// received is when an event was received, as a CloudEvent has it.
func received(e *event.Event) time.Time { return e.Received.Truncate(time.Millisecond) }

// An object that somebody changed is a row that makes no event, and one that is
// gone after it was listed is none.
func TestTableOfStrangers(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	for day, text := range map[int]string{1: "not JSON", 2: `{"id":"ffffffffffffffffffffffffffffffff"}`, 3: "gone"} {
		if err := c.Put(fmt.Sprintf("vod/2026/11/%02d/0123456789abcdef0123456789abcdef.json", day), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		gone := strings.Contains(r.URL.Path, "/11/03/")
		if gone {
			costest.Refuse(w, http.StatusNotFound, "NoSuchKey")
		}
		return gone
	}
	rows := all(t, openTable(t, c.URL("vod")), stored.Filter{}, 64)
	if len(rows) != 2 {
		t.Fatalf("got %d rows", len(rows))
	}
	for i, r := range rows {
		if _, err := r.Event(); err == nil || r.ID != "0123456789abcdef0123456789abcdef" || r.Received.Day() != i+1 {
			t.Errorf("got %+v, %v", r, err)
		}
	}
}

// A bucket lists 1,000 keys at a time. With ids only their objects are read.
func TestTableListsOnAndOn(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	var events []*event.Event
	for i := range 2100 {
		e := at(t, first, fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"]}}`, i))
		events = append(events, e)
		if err := c.Put("vod/2026/11/25/"+e.ID+".json", e.AppendCloudEvent(nil)); err != nil {
			t.Fatal(err)
		}
	}
	var lists, gets atomic.Int64
	c.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".json") {
			gets.Add(1)
		} else {
			lists.Add(1)
		}
		return false
	}
	table := openTable(t, c.URL("vod"))
	s, err := table.Summary(t.Context(), stored.Filter{})
	if err != nil || s.Events != 2100 || lists.Load() != 3 || gets.Load() != 2100 {
		t.Errorf("%+v, %v, by %d lists and %d gets", s, err, lists.Load(), gets.Load())
	}
	gets.Store(0)
	if rows := all(t, table, stored.Filter{IDs: []string{events[7].ID}}, 64); len(rows) != 1 || gets.Load() != 1 {
		t.Errorf("%d rows by %d gets", len(rows), gets.Load())
	}
}

// Reading is tried again while the store is busy, and ends with the reason when
// it is not set up.
func TestTableMeetsFaults(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	fill(t, c)
	var n atomic.Int64
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		busy := n.Add(1)%5 == 0
		if busy {
			costest.Refuse(w, http.StatusServiceUnavailable, "SlowDown")
		}
		return busy
	}
	if rows := all(t, openTable(t, c.URL("vod")), stored.Filter{}, 64); len(rows) != 30 {
		t.Errorf("got %d rows", len(rows))
	}
	denied := costest.RunT(t)
	denied.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		costest.Refuse(w, http.StatusForbidden, "AccessDenied")
		return true
	}
	table := openTable(t, denied.URL("vod"))
	if _, err := table.Summary(t.Context(), stored.Filter{}); err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), "GetBucket") {
		t.Errorf("got %v", err)
	}
	if _, err := table.Prune(t.Context(), time.Now(), 1); err == nil || !strings.Contains(err.Error(), "lifecycle rule") {
		t.Errorf("prune: %v", err)
	}
}

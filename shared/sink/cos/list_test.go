package cos

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"

	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
	"vodevents/shared/sink/stored"
)

// page writes a page of a list of objects.
func page(w io.Writer, truncated bool, next string, keys ...string) {
	fmt.Fprintf(w, "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>%t</IsTruncated><NextMarker>%s</NextMarker>", truncated, next)
	for _, key := range keys {
		fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>2</Size></Contents>", key)
	}
	io.WriteString(w, "</ListBucketResult>")
}

// scripted is a table on a server that answers lists as the script says. Of every
// object it says {}.
func scripted(t *testing.T, list func(w http.ResponseWriter, marker string)) *Table {
	c := costest.RunT(t)
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".json") {
			io.WriteString(w, "{}")
			return true
		}
		if r.URL.Query().Get("encoding-type") != "url" {
			t.Errorf("the list was asked for as %s", r.URL.RawQuery)
		}
		list(w, r.URL.Query().Get("marker"))
		return true
	}
	return openTable(t, c.URL("a+b c"))
}

const (
	firstID  = "0123456789abcdef0123456789abcdef"
	secondID = "1123456789abcdef0123456789abcdef"
)

// Keys come escaped, so that a stranger's key with a control character, which no
// XML can hold, does not hide the others.
func TestListOfEscapedKeys(t *testing.T) {
	t.Parallel()
	table := scripted(t, func(w http.ResponseWriter, _ string) {
		page(w, false, "", "a%2Bb+c/%01%0A", "a%2Bb+c/2026/11/25/"+firstID+".json", "a%2Bb%20c/2026/11/26/"+secondID+".json")
	})
	rows, err := table.Page(t.Context(), stored.Filter{}, 64)
	if err != nil || len(rows) != 2 || rows[0].ID != firstID || rows[1].ID != secondID {
		t.Errorf("got %+v, %v", rows, err)
	}
}

// A page may be empty and name the next one.
func TestListGoesOnBehindAnEmptyPage(t *testing.T) {
	t.Parallel()
	table := scripted(t, func(w http.ResponseWriter, marker string) {
		if marker == "" {
			page(w, true, "a%2Bb+c/2026/11/24/")
			return
		}
		if marker != "a+b c/2026/11/24/" {
			t.Errorf("the marker is %q", marker)
		}
		page(w, false, "", "a%2Bb+c/2026/11/25/"+firstID+".json")
	})
	if rows, err := table.Page(t.Context(), stored.Filter{}, 64); err != nil || len(rows) != 1 {
		t.Errorf("got %+v, %v", rows, err)
	}
}

// A list is an error if it does not go on, does not say where it goes on, or starts over
// between pages. It is neither read forever nor taken for the end.
func TestListThatDoesNotGoOn(t *testing.T) {
	t.Parallel()
	table := scripted(t, func(w http.ResponseWriter, _ string) { page(w, false, "", "a%2Bb+c/2026/11/25/"+firstID+".json") })
	rows, err := table.Page(t.Context(), stored.Filter{}, 64)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if rows, err := table.Page(t.Context(), stored.Filter{After: rows[0].Place()}, 64); err == nil || !strings.Contains(err.Error(), "does not go on") {
		t.Errorf("behind the last: %+v, %v", rows, err)
	}
	for name, keys := range map[string][]string{"the same page": {"a%2Bb+c/2026/11/25/" + firstID + ".json"}, "an empty page": nil} {
		table := scripted(t, func(w http.ResponseWriter, _ string) { page(w, true, "", keys...) })
		if s, err := table.Summary(t.Context(), stored.Filter{}); err == nil || !strings.Contains(err.Error(), "does not go on") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// An answer that is cut off is asked for again: a list in the middle of many, and
// an object.
func TestReadsThatAreCutOff(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	events := make([]*event.Event, 1010)
	for i := range events {
		events[i] = at(t, first, fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"]}}`, i))
		if err := c.Put("vod/2026/11/25/"+events[i].ID+".json", events[i].AppendCloudEvent(nil)); err != nil {
			t.Fatal(err)
		}
	}
	var lists, gets, cut atomic.Int64
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		n := &lists
		if strings.HasSuffix(r.URL.Path, ".json") {
			n = &gets
		}
		if n.Add(1) != 2 {
			return false
		}
		cut.Add(1)
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "<ListBucketResult><IsTruncated>false</IsTrun")
		return true
	}
	s, err := openTable(t, c.URL("vod")).Summary(t.Context(), stored.Filter{})
	if err != nil || s.Events != len(events) || cut.Load() != 2 {
		t.Errorf("%+v, %v; %d answers were cut off", s, err, cut.Load())
	}
}

// A store that says nothing is asked again when the time of a try is over, with
// the keys of that moment.
func TestSilentReadIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := openTable(t, "cos://archive-1250000000/vod?region=ap-guangzhou")
		tries := 0
		table.getenv = func(name string) string {
			return map[string]string{"VOD_SECRET_ID": fmt.Sprint("AKID", tries), "VOD_SECRET_KEY": "k"}[name]
		}
		table.roundTrip = func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.Header.Get("Authorization"), fmt.Sprintf("Credential=AKID%d/", tries)) {
				t.Errorf("try %d: %s", tries+1, r.Header.Get("Authorization"))
			}
			if tries++; tries == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		}
		if text, err := table.read(t.Context(), "k", nil); err != nil || string(text) != "{}" || tries != 2 {
			t.Errorf("%s, %v, after %d tries", text, err, tries)
		}
	})
}

// Large objects are not gathered by the dozen.
func TestLargeObjectsAreReadFewAtATime(t *testing.T) {
	t.Parallel()
	const big = 9 << 19 // text and data of one make a page
	c := costest.RunT(t)
	for i := range 3 {
		body := fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"],"Pad":%q}}`, i, strings.Repeat("x", big))
		e := at(t, first, body)
		if err := c.Put("vod/2026/11/25/"+e.ID+".json", e.AppendCloudEvent(nil)); err != nil {
			t.Fatal(err)
		}
	}
	var gets atomic.Int64
	c.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".json") {
			gets.Add(1)
		}
		return false
	}
	table := openTable(t, c.URL("vod"))
	if rows := all(t, table, stored.Filter{}, 64); len(rows) != 3 || gets.Load() != 3 {
		t.Errorf("%d rows by %d gets", len(rows), gets.Load())
	}
}

// An object that is larger than any event is a row without content, and is not read.
func TestObjectLargerThanAnyEventIsNotRead(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".json") {
			t.Errorf("%s was read", r.URL.Path)
			return true
		}
		fmt.Fprintf(w, "<ListBucketResult><Contents><Key>vod/2026/11/25/%s.json</Key><Size>%d</Size></Contents></ListBucketResult>", firstID, objectMost+1)
		return true
	}
	rows, err := openTable(t, c.URL("vod")).Page(t.Context(), stored.Filter{}, 64)
	if err != nil || len(rows) != 1 || rows[0].ID != firstID || rows[0].Text != nil {
		t.Errorf("got %+v, %v", rows, err)
	}
}

// Days are those of UTC, also where a clock is set forward: the night has 23 hours
// there.
func TestBoundsAreDaysOfUTC(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	table := openTable(t, "cos://AKIDx:k@b-1/vod?region=r")
	for until, want := range map[time.Time]string{
		time.Date(2026, 3, 29, 1, 30, 0, 0, berlin):   "vod/2026/03/30/", // the clock goes on half an hour later
		time.Date(2026, 3, 29, 1, 0, 0, 0, berlin):    "vod/2026/03/29/", // midnight in UTC
		time.Date(2026, 10, 25, 3, 30, 0, 0, berlin):  "vod/2026/10/26/",
		time.Date(2026, 12, 31, 23, 59, 0, 0, berlin): "vod/2027/01/01/",
	} {
		if _, end := table.bounds(stored.Filter{Until: until}); end != want {
			t.Errorf("until %v: before %s, want %s", until, end, want)
		}
	}
	marker, _ := table.bounds(stored.Filter{Since: time.Date(2026, 3, 29, 1, 30, 0, 0, berlin)})
	if marker != "vod/2026/03/29/" {
		t.Errorf("behind %s", marker)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/letters"
)

// parkedList is what GET /api/letters answers.
type parkedList struct {
	Place, To, Who, File, Next string
	Matched                    int
	Letters                    []struct {
		ID, Type, Subject, Reason, FirstError, LastError string
		Attempts                                         int
		Busy                                             bool
	}
	Entries []struct {
		Who, ID, Type, Subject, Text string
		What                         letters.Action
	}
}

func (p *program) letters(query string) (l parkedList) {
	p.t.Helper()
	p.call(200, "GET", "/api/letters"+query, "", &l)
	return l
}

// actions returns what was done, the last first.
func (l parkedList) actions() (all []letters.Action) {
	for _, e := range l.Entries {
		all = append(all, e.What)
	}
	return all
}

const (
	refuses = `{"sink":{"probability":1,"status":400}}`
	isDown  = `{"sink":{"probability":1,"status":503}}`
)

// park makes the sink refuse an event. It returns the id of its record and its
// CloudEvents id.
func (p *program) park(path, body string) (record, id string) {
	p.t.Helper()
	p.faults(refuses)
	record = p.send(path, body)[0]
	id = p.until(record, "parked and through", func(d detail) bool { return d.State == journal.Parked && d.TookMs != nil }).EventID
	p.faults(noSink)
	return record, id
}

// A parked event is listed with its reason, fails while the sink refuses it, and is
// delivered once the sink is fixed. Each action leaves a line.
func TestParkedEventIsDeliveredAgain(t *testing.T) {
	for _, mode := range []string{"reliable", "normal"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := launch(t, nil, "-every", "200ms")
			record, id := p.park("/api/events?kind=NewFileUpload&mode="+mode, "")
			p.faults(refuses)
			l := p.letters("")
			if l.Matched != 1 || l.Letters[0].ID != id || l.Letters[0].Reason != "permanent" || l.Letters[0].Attempts != 1 ||
				!strings.Contains(l.Letters[0].LastError, "400") || l.Who == "" || l.To == "" || len(l.Entries) != 0 {
				t.Fatalf("%+v", l)
			}
			one := fmt.Sprintf(`{"ids":[%q]}`, id)
			var o letters.Outcome
			p.call(200, "POST", "/api/letters/deliver", one, &o)
			if o.Failed != 1 || o.Delivered != 0 || len(o.Causes) != 1 || !strings.Contains(o.Causes[0].Error, "400") {
				t.Errorf("while the sink refuses it: %+v", o)
			}
			p.faults(noSink)
			o = letters.Outcome{}
			p.call(200, "POST", "/api/letters/deliver", one, &o)
			if o.Delivered != 1 || o.Failed != 0 {
				t.Errorf("when the sink is fixed: %+v", o)
			}
			l = p.letters("")
			if want := []letters.Action{letters.Delivered, letters.NotDelivered}; l.Matched != 0 || !slices.Equal(l.actions(), want) || l.Entries[0].Who != l.Who || l.Entries[0].ID != id {
				t.Errorf("left: %+v", l)
			}
			d := p.event(record)
			if last := d.History[len(d.History)-1]; d.State != journal.Delivered || last.State != journal.Delivered || !strings.Contains(last.Text, "delivered again by "+l.Who) || d.Error != "" {
				t.Errorf("the event: %s, %q, %+v", d.State, d.Error, last)
			}
			p.untilMedia(d.Subject, "there", func(m journal.MediaDetail) bool { return m.Events == 1 })
			p.call(404, "POST", "/api/letters/deliver", one, nil)
			p.call(404, "POST", "/api/letters/discard", one, nil)
			p.call(404, "POST", "/api/letters/curl", one, nil)
		})
	}
}

// An action on a filter takes all that match, as many as the reader saw, and no other.
func TestAllParkedEventsOfAFilter(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	p.faults(refuses)
	const n = 70 // more than are read at a time
	p.send(fmt.Sprintf("/api/events?kind=NewFileUpload&mode=reliable&n=%d", n), "")
	p.send("/api/events?kind=PullComplete&mode=reliable&n=3", "")
	p.send("/api/events?mode=reliable", `{"no":"event"}`)
	p.eventually("all are parked", func() bool { return p.letters("?limit=1").Matched == n+4 })
	p.faults(noSink)
	if l := p.letters("?reason=unparsed"); l.Matched != 1 || l.Letters[0].Type != "Unparsed" {
		t.Errorf("unparsed: %+v", l)
	}
	// From one page to the next.
	seen, query := map[string]bool{}, "?limit=20"
	for next := query; next != ""; {
		l := p.letters(next)
		for _, one := range l.Letters {
			seen[one.ID] = true
		}
		if next = ""; l.Next != "" {
			next = query + "&after=" + l.Next
		}
	}
	if len(seen) != n+4 {
		t.Errorf("%d seen", len(seen))
	}
	p.call(409, "POST", "/api/letters/discard", `{"filter":{"type":"PullComplete"},"count":2}`, nil)
	var o letters.Outcome
	p.call(200, "POST", "/api/letters/discard", `{"filter":{"type":"PullComplete"},"count":3}`, &o)
	if o.Discarded != 3 {
		t.Errorf("discarded: %+v", o)
	}
	o = letters.Outcome{}
	p.call(200, "POST", "/api/letters/deliver", fmt.Sprintf(`{"filter":{"type":"*Upload"},"count":%d}`, n), &o)
	if o.Delivered != n || o.Failed+o.Gone+o.Busy != 0 {
		t.Errorf("delivered: %+v", o)
	}
	if l := p.letters(""); l.Matched != 1 || l.Letters[0].Reason != "unparsed" {
		t.Errorf("left: %+v", l)
	}
	p.eventually("the three discarded events are listed as parked", func() bool {
		var list struct{ Matched int }
		p.call(200, "GET", "/api/events?type=PullComplete&state=parked", "", &list)
		return list.Matched == 3
	})
}

// holding is a sink of the user's that refuses events until it holds them, each until
// release is closed.
type holding struct {
	*httptest.Server
	holds   atomic.Bool
	arrived chan struct{}
	release chan struct{}
	taken   atomic.Int64
}

func newHolding(t *testing.T) *holding {
	h := &holding{arrived: make(chan struct{}, 10), release: make(chan struct{})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !h.holds.Load() {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		h.arrived <- struct{}{}
		<-h.release
		h.taken.Add(1)
	}))
	t.Cleanup(h.Close)
	return h
}

// Two clicks deliver once; while an event is being delivered, nobody can discard it.
func TestTwoClicksDeliverOnce(t *testing.T) {
	t.Parallel()
	h := newHolding(t)
	p := launch(t, []string{"SINK=" + h.URL}, "-every", "200ms")
	record := p.send("/api/events?kind=NewFileUpload&mode=reliable", "")[0]
	id := p.untilState(record, "parked").EventID
	h.holds.Store(true)
	one := fmt.Sprintf(`{"ids":[%q]}`, id)
	first := make(chan string)
	go func() {
		_, text := p.request("POST", "/api/letters/deliver", one, "Content-Type", "application/json")
		first <- text
	}()
	<-h.arrived
	if l := p.letters(""); l.Matched != 1 || !l.Letters[0].Busy {
		t.Errorf("meanwhile: %+v", l)
	}
	p.call(409, "POST", "/api/letters/deliver", one, nil)
	p.call(409, "POST", "/api/letters/deliver", `{"filter":{},"count":1}`, nil)
	p.call(409, "POST", "/api/letters/discard", one, nil)
	close(h.release)
	var o letters.Outcome
	if text := <-first; json.Unmarshal([]byte(text), &o) != nil || o.Delivered != 1 {
		t.Errorf("the first click: %s", text)
	}
	if l := p.letters(""); l.Matched != 0 || len(l.Entries) != 1 || h.taken.Load() != 1 {
		t.Errorf("at the end: %+v, taken %d times", l, h.taken.Load())
	}
	p.call(404, "POST", "/api/letters/deliver", one, nil)
}

// A sink that is down stops a delivery, and nothing is lost.
func TestSinkThatIsDownStopsTheDelivery(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	_, id := p.park("/api/events?kind=FileDeleted&mode=reliable", "")
	p.faults(isDown)
	var o letters.Outcome
	p.call(200, "POST", "/api/letters/deliver", `{"filter":{},"count":1}`, &o)
	if o.Failed != 1 || !strings.Contains(o.Stopped, "down") {
		t.Errorf("%+v", o)
	}
	if l := p.letters(""); l.Matched != 1 || l.Letters[0].ID != id || l.Letters[0].Busy {
		t.Errorf("left: %+v", l)
	}
}

// The copied commands post the same bytes to the callback, even bytes that cannot be in
// an argument of a command.
func TestParkedEventsAreCopiedAsCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		noCurl(t)
	}
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	p.config(`{"signed":true}`)
	for name, body := range map[string]string{
		"a quote":    `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273530001","Name":"it's $(here)"}}`,
		"large":      `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273530002","SourceContext":"` + strings.Repeat("x", 200_000) + `"}}`,
		"not UTF-8":  "{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"5285890784273530003\",\"Name\":\"caf\xe9\"}}",
		"white room": "{\"EventType\":\"NewFileUpload\",\n\t\"FileUploadEvent\": {\"FileId\":\"5285890784273530004\"} }",
	} {
		record, id := p.park("/api/events?mode=reliable", body)
		var copied struct{ Commands []string }
		p.call(200, "POST", "/api/letters/curl", fmt.Sprintf(`{"ids":[%q]}`, id), &copied)
		p.call(200, "POST", "/api/letters/discard", fmt.Sprintf(`{"ids":[%q]}`, id), nil)
		if len(copied.Commands) != 1 {
			t.Fatalf("%s: %q", name, copied.Commands)
		}
		run := exec.Command("sh", "-s")
		run.Stdin = strings.NewReader(copied.Commands[0] + "\n")
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"id":"`+id+`"`) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if d := p.event(record); d.State != journal.Parked || !strings.Contains(d.History[len(d.History)-1].Text, "discarded by") {
			t.Errorf("%s: the discarded one is %s: %+v", name, d.State, d.History)
		}
	}
	var other struct{ Commands []string }
	_, id := p.park("/api/events?kind=FileDeleted&mode=reliable", "")
	p.call(200, "POST", "/api/letters/curl", fmt.Sprintf(`{"ids":[%q],"callback":"http://127.0.0.1:1/it's?a&b"}`, id), &other)
	if !strings.HasSuffix(other.Commands[0], ` 'http://127.0.0.1:1/it'\''s?a&b'`) {
		t.Errorf("%s", other.Commands[0])
	}
}

// What cannot be done is answered with what to do; other sites can do nothing.
func TestProblemsOfLetters(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "after=x"} {
		p.call(400, "GET", "/api/letters?"+query, "", nil)
	}
	p.call(404, "GET", "/api/letters/nobody", "", nil)
	for _, does := range []string{"deliver", "discard", "curl"} {
		path := "/api/letters/" + does
		for _, body := range []string{"", `{}`, `{"ids":[]}`, `{"filter":{}}`, `{"filter":{},"count":0}`, `{"ids":["x"],"filter":{},"count":1}`, `{"all":true}`, `[]`} {
			p.call(400, "POST", path, body, nil)
		}
		p.call(404, "POST", path, `{"ids":["nobody"]}`, nil)
		p.call(404, "POST", path, `{"filter":{},"count":1}`, nil)
	}
	for header, value := range map[string]string{"Origin": "http://evil.example", "Host": "evil.example", "Content-Type": "text/plain"} {
		want := 403
		if header == "Content-Type" {
			want = 415
		}
		if answer, _ := p.request("POST", "/api/letters/discard", `{"ids":["x"]}`, "Content-Type", "application/json", header, value); answer.StatusCode != want {
			t.Errorf("%s %s: %s, want %d", header, value, answer.Status, want)
		}
	}
}

// If the user's DEAD_LETTER is not a database, the page says where the events are, but
// does not show the path.
func TestLettersElsewhere(t *testing.T) {
	t.Parallel()
	p := launch(t, []string{"DEAD_LETTER=file:" + t.TempDir() + "/dead.jsonl"}, "-every", "off")
	answer, text := p.request("GET", "/api/letters", "")
	if answer.StatusCode != 409 || !strings.Contains(text, "vodctl replay") || strings.Contains(text, "dead.jsonl") {
		t.Errorf("%s: %s", answer.Status, text)
	}
	p.faults(refuses)
	p.until(p.send("/api/events?kind=NewFileUpload&mode=normal", "")[0], "parked", func(d detail) bool { return d.State == journal.Parked })
}

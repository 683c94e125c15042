package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// curl -d '…' http://127.0.0.1:8080/callback, and below it.
func TestCallbackIsAnsweredKeptAndPrinted(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	for _, path := range []string{"/callback", "/callback/secret/path?a=1&a=2&b"} {
		body := fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"77%d"}}`, len(path))
		answer, text := p.request("POST", path, body, "Content-Type", "application/x-www-form-urlencoded")
		var got struct{ ID string }
		if err := json.Unmarshal([]byte(text), &got); err != nil || answer.StatusCode != 200 || len(got.ID) != 32 {
			t.Fatalf("%s: %s %s", path, answer.Status, text)
		}
		d := p.until(got.ID, "answered and come out", func(d detail) bool { return d.State == vodfake.Answered && d.Outs == 1 })
		if d.Status != 200 || d.Body != body || d.Mode != event.Normal || d.ID[0] != 'c' || d.TookMs == nil || d.Attempts != 1 || d.Error != "" {
			t.Errorf("%+v", d)
		}
		p.await(printed(d))
		if got := states(d); !slices.Equal(got, []string{"sent", "handled", "delivered", "answered"}) {
			t.Errorf("history %q", got)
		}
		if e, err := event.ParseCloudEvent([]byte(d.CloudEvent)); err != nil || e.ID != d.EventID {
			t.Errorf("CloudEvent %q: %v", d.CloudEvent, err)
		}
		d = p.until(d.ID, "logged", func(d detail) bool { return len(d.Logs) > 0 })
		if l := d.Logs[len(d.Logs)-1]; l.Message != "event delivered" || l.Function != "callback" || l.RequestID == "" || l.Event != d.ID {
			t.Errorf("log %+v", l)
		}
	}

	answer, text := p.request("GET", "/callback", "")
	if answer.StatusCode != 200 || !strings.Contains(text, "ready") {
		t.Errorf("greeting: %s %s", answer.Status, text)
	}
	if answer, _ := p.request("PATCH", "/callback", ""); answer.StatusCode != 405 || answer.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PATCH: %s", answer.Status)
	}
}

// What is no event is refused and not kept.
func TestCallbackThatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	before := p.totals()
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"empty":   {"", 400},
		"cut":     {`{"EventType":"NewFile`, 400},
		"null":    {"null", 400},
		"list":    {"[]", 400},
		"no type": {`{"a":1}`, 400},
		"bytes":   {"\xff\xfe", 400},
		"large":   {`"` + strings.Repeat("x", runner.MaxBody) + `"`, 413},
	} {
		if answer, text := p.request("POST", "/callback", c.body); answer.StatusCode != c.status {
			t.Errorf("%s: %s %s", name, answer.Status, text)
		}
	}
	if after := p.totals(); after.Made != before.Made || after.Out != before.Out {
		t.Errorf("they became events: %+v, before %+v", after, before)
	}
}

// An event sent in mode normal is answered, and its id is known once it came out.
func TestPushedEventIsAnswered(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	for _, id := range p.send("/api/events?mode=normal&kind=FileDeleted&n=5", "") {
		d := p.until(id, "answered and come out", func(d detail) bool { return d.State == vodfake.Answered && d.Outs == 1 })
		if d.Status != 200 || d.Attempts != 1 || d.Mode != event.Normal {
			t.Errorf("%+v", d)
		}
		p.await(printed(d))
	}
	// The id of this kind is made at each delivery, and known once it came out.
	for _, mode := range []string{"normal", "reliable"} {
		d := p.until(p.send("/api/events?kind=MediaCastStatusChanged&mode="+mode, "")[0], "through and logged", func(d detail) bool {
			return d.TookMs != nil && d.Outs == 1 && (d.Mode == event.Reliable || len(d.Logs) > 0)
		})
		if len(d.EventID) != 32 {
			t.Errorf("%s: %+v", mode, d)
		}
		p.await(printed(d))
	}
}

// A sink that sleeps for over 5 s makes VOD send a callback again.
func TestSlowCallbackIsSentAgain(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	p.faults(`{"sink":{"probability":1,"status":0,"delayMs":5500}}`)
	d := p.untilState(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "answered")
	p.faults(noSink)
	if got := states(d); d.Attempts < 2 || d.Status != 200 || !slices.Contains(got, "timed out") {
		t.Errorf("%d attempts, %q", d.Attempts, got)
	}
}

// A signed callback is taken, one without its signature refused; the key is not shown.
func TestCallbackSignature(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	for _, put := range []string{`{"signed":true}`, `{"SignKey":"k3y"}`} {
		if s := p.config(put); !s.Signed {
			t.Errorf("%s: %+v", put, s)
		}
		_, text := p.request("GET", "/api/config", "")
		if strings.Contains(text, "k3y") {
			t.Errorf("the key is shown: %s", text)
		}
		id := p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0]
		if d := p.untilState(id, "answered"); d.Status != 200 {
			t.Errorf("signed: %+v", d.Summary)
		}
		answer, text := p.request("POST", "/callback", api.Sample)
		if answer.StatusCode != 401 {
			t.Errorf("unsigned: %s %s", answer.Status, text)
		}
		unsigned := p.list("state=answered&limit=1")[0]
		if unsigned.Status != 401 || !strings.HasPrefix(unsigned.Error, "answered 401: ") || unsigned.Outs != 0 || unsigned.Duplicate {
			t.Errorf("unsigned: %+v", unsigned)
		}
		signed := p.event(unsigned.ID).Curl // as it would be sent now
		body, _, _ := strings.Cut(strings.TrimPrefix(signed, "curl --data-raw '"), "' ")
		if answer, text := p.request("POST", "/callback", body); answer.StatusCode != 200 {
			t.Errorf("%s: %s %s", signed, answer.Status, text)
		}
	}
	if s := p.config(`{"signed":false}`); s.Signed {
		t.Errorf("%+v", s)
	}
	if answer, _ := p.request("POST", "/callback", api.Sample); answer.StatusCode != 200 {
		t.Errorf("unsigned, without a key: %s", answer.Status)
	}
}

// Callbacks come twice or never, and events of the queue twice.
func TestFaultsOfCallbacks(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	p.faults(`{"faults":[{"action":"Callback","probability":1,"kind":"duplicate"}]}`)
	d := p.until(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "sent twice and come out", func(d detail) bool {
		return d.Attempts == 2 && d.State == vodfake.Answered && d.Outs > 0
	})
	if d.Outs != 1 || d.Status != 200 {
		t.Errorf("%+v", d.Summary)
	}
	p.faults(`{"faults":[{"action":"Callback","probability":1,"kind":"drop"}]}`)
	d = p.untilState(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "failed")
	if d.Error == "" || d.Outs != 0 || d.Duplicate {
		t.Errorf("%+v", d.Summary)
	}

	// A poll that is held meets the fault that there was when it began: until now
	// there was none.
	p.faults(`{"faults":[{"action":"PullEvents","probability":1,"kind":"duplicate"}]}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	p.config(`{"every":"200ms"}`)
	d = p.untilState(id, "confirmed")
	p.faults(`{"faults":[]}`) // the copies were copied, too
	i := slices.IndexFunc(p.list("type=NewFileUpload"), func(s journal.Summary) bool { return s.CopyOf == id && s.EventID == d.EventID })
	if i < 0 {
		t.Error("there is no copy")
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/scripts/dev/standin"
	"vodevents/shared/credentials"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// However much happens, there are at most 10 messages a second, and each
// change is told.
func TestStreamIsBoundedAndTellsEachChange(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began, n := time.Now(), 1
	messages := p.stream(ctx)
	if m := <-messages; m.name != "state" {
		t.Errorf("the first message is %s", m.name)
	}
	waiting := map[string]bool{}
	for _, id := range p.send("/api/events?mode=reliable&kind=NewFileUpload&n=2000", "") {
		waiting[id] = true
	}
	figures, media := false, 0
	for len(waiting) > 0 || !figures || media < 2000 {
		m, ok := <-messages
		if !ok {
			t.Fatalf("%d of 2000 are not told to be confirmed", len(waiting))
		}
		n++
		switch m.name {
		case "figures":
			figures = true
		case "change":
			var got struct {
				Events []journal.Summary
				Media  []journal.Media
			}
			if err := json.Unmarshal([]byte(m.data), &got); err != nil || len(got.Events)+len(got.Media) == 0 || max(len(got.Events), len(got.Media)) > journal.MaxChanges {
				t.Fatalf("%v: %d events, %d media", err, len(got.Events), len(got.Media))
			}
			media += len(got.Media)
			for _, e := range got.Events {
				if e.State == vodfake.Confirmed {
					delete(waiting, e.ID)
				}
			}
		}
	}
	if took := time.Since(began); float64(n) > 10*(took.Seconds()+1) {
		t.Errorf("%d messages in %v", n, took)
	}
}

// What happened is counted: in all, and second by second.
func TestFigures(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	for range 2 {
		if answer, text := p.request("POST", "/callback", api.Sample); answer.StatusCode != 200 {
			t.Fatalf("%s %s", answer.Status, text)
		}
	}
	ids := p.send("/api/events?mode=reliable&kind=FileDeleted&n=3", "")
	p.fire()
	for _, id := range ids {
		p.untilState(id, "confirmed")
	}
	var f struct {
		Totals journal.Totals
		Series []journal.Point
	}
	p.eventually("figures of all five events and of the duplicate", func() bool {
		p.call(200, "GET", "/api/figures", "", &f)
		made, out, through, duplicates := 0, 0, 0, 0
		for _, s := range f.Series {
			made, out, through, duplicates = made+s.Made, out+s.Out, through+s.Through, duplicates+s.Duplicates
		}
		return made == 5 && out == 4 && through == 5 && duplicates == 1
	})
	got := f.Totals
	if got.SinceEventS == nil || *got.SinceEventS < 0 {
		t.Errorf("seconds since the last event: %v", got.SinceEventS)
	}
	got.SinceEventS = nil
	if got.P50Ms == nil || *got.P99Ms < *got.P50Ms {
		t.Error("there are no percentiles")
	}
	got.P50Ms, got.P99Ms, got.Polls = nil, nil, min(got.Polls, 1)
	if want := (journal.Totals{Made: 5, Out: 4, Through: 5, Duplicates: 1, Pulls: 1, Polls: 1, Kept: 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// An event that no sink wants is counted, and is no duplicate.
func TestUnwantedEventsAreCounted(t *testing.T) {
	t.Parallel()
	p := launch(t, []string{"SINK=file:" + filepath.Join(t.TempDir(), "events") + "?types=NewFileUpload"}, "-every", "off")
	if answer, text := p.request("POST", "/callback", `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`); answer.StatusCode != 200 {
		t.Fatalf("%s %s", answer.Status, text)
	}
	ids := p.send("/api/events?mode=reliable&kind=PullComplete&n=2", "")
	wanted := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")
	p.fire()
	for _, id := range append(ids, wanted...) {
		p.untilState(id, "confirmed")
	}
	p.eventually("figures of the three that are unwanted", func() bool {
		var f struct{ Totals journal.Totals }
		p.call(200, "GET", "/api/figures", "", &f)
		return f.Totals.Unwanted == 3 && f.Totals.Out == 1 && f.Totals.Duplicates == 0
	})
	p.eventually("the list to say so", func() bool {
		var list struct{ Events []journal.Summary }
		p.call(200, "GET", "/api/events", "", &list)
		unwanted := 0
		for _, e := range list.Events {
			if e.Duplicate {
				return false
			}
			if e.Unwanted {
				unwanted++
			}
		}
		return len(list.Events) == 4 && unwanted == 3
	})
}

// Requests for other hosts and changes from other sites are refused.
func TestOnlyThisMachineAndItsPage(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	u, err := url.Parse(p.base)
	if err != nil {
		t.Fatal(err)
	}
	const js = "application/json"
	for _, c := range []struct {
		method, path string
		header       []string
		status       int
	}{
		{"GET", "/", []string{"Host", "evil.example"}, 403},
		{"GET", "/api/events", []string{"Host", "evil.example:" + u.Port()}, 403},
		{"GET", "/api/stream", []string{"Host", "127.0.0.1:1"}, 403},
		{"POST", "/callback", []string{"Host", "evil.example"}, 403},
		{"GET", "/api/media", []string{"Host", "evil.example"}, 403},
		{"POST", "/api/media", []string{"Content-Type", js, "Origin", "http://evil.example"}, 403},
		{"POST", "/api/media", []string{"Content-Type", "text/plain"}, 415},
		{"POST", "/api/media/1/delete", []string{"Content-Type", "text/plain"}, 415},
		{"GET", p.api + "/", []string{"Host", "evil.example"}, 403},
		{"GET", "/api/events", []string{"Host", "localhost:" + u.Port()}, 200},
		{"POST", "/api/events?kind=FileDeleted", []string{"Content-Type", js, "Origin", "http://evil.example"}, 403},
		{"POST", "/api/events?kind=FileDeleted", []string{"Content-Type", js, "Origin", "null"}, 403},
		{"PUT", "/api/faults", []string{"Content-Type", js, "Origin", "https://" + u.Host}, 403},
		{"POST", "/callback", []string{"Content-Type", "text/plain", "Origin", "http://evil.example"}, 403},
		{"POST", "/api/events?kind=FileDeleted", []string{"Content-Type", js, "Origin", p.base}, 202},
		{"POST", "/api/events?kind=FileDeleted", []string{"Content-Type", js + "; charset=utf-8", "Origin", "http://localhost:" + u.Port()}, 202},
		{"POST", "/api/events?kind=FileDeleted", []string{"Content-Type", "text/plain"}, 415},
		{"POST", "/api/events?kind=FileDeleted", nil, 415},
		{"PUT", "/api/config", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"POST", "/api/timer", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
	} {
		answer, text := p.request(c.method, c.path, "", c.header...)
		if answer.StatusCode != c.status {
			t.Errorf("%s %s %q: %s %s", c.method, c.path, c.header, answer.Status, text)
		}
		if c.status >= 400 && answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s %q: %s", c.method, c.path, c.header, answer.Header.Get("Content-Type"))
		}
	}
}

// What cannot be done is answered with problem+json that says what to do.
func TestProblems(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	p.call(404, "GET", "/api/nothing", "", nil)
	p.call(404, "GET", "/api/events/nobody", "", nil)
	p.call(405, "POST", "/api/figures", "", nil)
	p.call(405, "DELETE", "/api/events/1", "", nil)
	p.call(400, "POST", "/api/events", "", nil)
	p.call(400, "POST", "/api/events", "[1]", nil)
	p.call(400, "POST", "/api/events", `{"EventType":`, nil)
	p.call(400, "POST", "/api/events?mode=both&kind=FileDeleted", "", nil)
	p.call(400, "POST", "/api/events?n=0&kind=FileDeleted", "", nil)
	p.call(400, "POST", "/api/events?n=10001&kind=FileDeleted", "", nil)
	p.call(400, "GET", "/api/events?mode=both", "", nil)
	for body, want := range map[string]string{`[]`: "it cannot be of kind array", `{"forward":30}`: "forward cannot be of kind number"} {
		if _, text := p.request("POST", "/api/clock", body, "Content-Type", "application/json"); !strings.Contains(text, want) {
			t.Errorf("%s: %s, want %q", body, text, want)
		}
	}
	p.call(413, "POST", "/api/events", strings.Repeat(" ", runner.MaxBody+1), nil)
	if answer, _ := p.request("POST", "/api/figures", "", "Content-Type", "application/json"); answer.Header.Get("Allow") != "GET" {
		t.Errorf("Allow %q", answer.Header.Get("Allow"))
	}
}

// The page is served under a policy that lets it load its own files alone.
func TestPageIsServed(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	for path, kind := range map[string]string{"/": "text/html", "/style.css": "text/css", "/app.js": "text/javascript"} {
		answer, _ := p.request("GET", path, "")
		if answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'self'") || strings.Contains(answer.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: %s %v", path, answer.Status, answer.Header)
		}
	}
	if answer, _ := p.request("POST", "/", ""); answer.StatusCode != 405 {
		t.Errorf("POST /: %s", answer.Status)
	}
}

// What GET /api/about offers can be chosen, and what it explains is there.
func TestAboutOffersWhatIsTaken(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	type choices []struct{ Value any }
	var about struct {
		States []struct{ Name string }
		Faults []struct {
			Action string
			Kinds  []struct{ Kind string }
		}
		Modes, Every, Sink, Switches, Forward choices
		Alternatives                          []struct{ Name string }
		Counts                                []int
		Calls                                 []struct{ Method, Path string }
	}
	p.call(200, "GET", "/api/about", "", &about)
	states := map[string]bool{}
	for _, s := range about.States {
		states[s.Name] = true
	}
	for _, s := range []vodfake.State{
		vodfake.Queued, vodfake.Pulled, vodfake.Redelivered, vodfake.Confirmed, vodfake.Expired, vodfake.Sent, vodfake.Answered, vodfake.TimedOut, vodfake.Failed,
		journal.Handled, journal.Delivered, journal.Parked,
	} {
		if !states[string(s)] {
			t.Errorf("the state %q is left out", s)
		}
	}
	for _, group := range about.Faults {
		for _, f := range group.Kinds {
			p.faults(fmt.Sprintf(`{"faults":[{"action":%q,"kind":%q,"probability":0}]}`, group.Action, f.Kind))
		}
	}
	for _, c := range about.Sink {
		p.faults(fmt.Sprintf(`{"sink":{"status":%v}}`, c.Value))
	}
	for _, c := range about.Modes {
		p.config(fmt.Sprintf(`{"Mode":%q}`, c.Value))
	}
	for _, c := range about.Every {
		p.config(fmt.Sprintf(`{"every":%q}`, c.Value))
	}
	for _, c := range about.Switches {
		p.config(fmt.Sprintf(`{%q:"OFF"}`, c.Value))
	}
	for _, a := range about.Alternatives {
		p.config(fmt.Sprintf(`{"alternatives":{%q:true}}`, a.Name))
	}
	if got := p.config(`{"every":"off"}`).Alternatives; got == nil || *got != everyAlternative {
		t.Errorf("alternatives %+v", got)
	}
	p.call(400, "PUT", "/api/config", `{"alternatives":{"NoSuch":true}}`, nil)
	for _, c := range about.Forward {
		p.call(200, "POST", "/api/clock", fmt.Sprintf(`{"forward":%q}`, c.Value), nil)
	}
	for _, c := range about.Calls {
		for method := range strings.FieldsSeq(c.Method) {
			path, _, _ := strings.Cut(strings.ReplaceAll(c.Path, "{id}", "nobody"), "?")
			if path == "/api/stream" {
				continue // it does not end
			}
			answer, text := p.request(method, path, "", "Content-Type", "application/json")
			if answer.StatusCode == http.StatusMethodNotAllowed || strings.Contains(text, "the API has no") {
				t.Errorf("%s %s: %s", method, c.Path, text)
			}
		}
	}
	if len(about.Faults) == 0 || len(about.Sink) == 0 || len(about.Every) == 0 || len(about.Forward) == 0 || len(about.Counts) == 0 || len(about.Calls) < 10 {
		t.Errorf("%+v", about)
	}
}

var everyAlternative = standin.Alternatives{
	Alternatives: vodfake.Alternatives{SameHandle: true, ConfirmGood: true, NullMembers: true, RequireSubAppId: true},
	OddTaskTypes: true, AliasTaskIds: true, OnlyOldKinds: true, MasterInTranscodeSet: true, SearchExcludesEnd: true, DetailLate: true, SearchLate: true,
}

// What the page switches changes what VOD answers to those who ask.
func TestAlternativesOfAsking(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off")
	file := p.upload("")
	p.forward("1h")
	p.call(202, "POST", "/api/media/"+file+"/process", `{"adaptive":[12]}`, nil)
	p.forward("1h")
	c, err := vod.New(vod.Options{Endpoint: p.api, Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	lists := func() int {
		found, _, err := c.DescribeMediaInfos(t.Context(), 0, []string{file})
		if err != nil || len(found) != 1 {
			t.Fatal(err, found)
		}
		var info struct {
			TranscodeInfo struct{ TranscodeSet []struct{ Container string } }
		}
		if err := json.Unmarshal(found[0].Info, &info); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, i := range info.TranscodeInfo.TranscodeSet {
			if strings.HasPrefix(i.Container, "hls") {
				n++
			}
		}
		return n
	}
	if got := lists(); got != 0 {
		t.Errorf("%d playlists before", got)
	}
	p.config(`{"alternatives":{"MasterInTranscodeSet":true}}`)
	if got := lists(); got == 0 {
		t.Error("no playlist after")
	}
}

// The alternatives of the stand-in are flags, too.
func TestAlternativesAreFlags(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "off", "-same-handle", "-require-sub-app-id", "-only-old-kinds", "-search-late")
	if got := p.config(`{}`).Alternatives; *got != (standin.Alternatives{Alternatives: vodfake.Alternatives{SameHandle: true, RequireSubAppId: true}, OnlyOldKinds: true, SearchLate: true}) {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"vodevents/scripts/dev/journal"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// What is given is what comes out, byte by byte.
func TestBytesAreKept(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	payload := `{"FileId":"5285890784273533167",  "New":9223372036854775807,"e":1.50e+2,"é":"<\u00e9>"}`
	for _, mode := range []string{"reliable", "normal"} {
		body := fmt.Sprintf(`{ "EventType":"Novelty%s","NoveltyEvent":%s}`, mode, payload)
		d := p.until(p.send("/api/events?mode="+mode, body)[0], "through", func(d detail) bool { return d.TookMs != nil && d.Outs > 0 })
		if d.Body != body || !strings.Contains(d.CloudEvent, `"NoveltyEvent":`+payload) {
			t.Errorf("body %s\nevent %s", d.Body, d.CloudEvent)
		}
	}
	// Handle and signature are not the event's own.
	d := p.event(p.send("/api/events?mode=reliable", `{"EventHandle":"h","Sign":"s","T":1,"EventType":"Novelty","NoveltyEvent":{"a":1}}`)[0])
	if d.Body != `{"EventType":"Novelty","NoveltyEvent":{"a":1}}` {
		t.Errorf("body %s", d.Body)
	}
}

// An event is sent again as it was, or edited, and is told from the first one.
func TestResend(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	first := p.until(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "answered and come out", func(d detail) bool {
		return d.State == vodfake.Answered && d.Outs == 1 // what comes out later may be the second one's
	})
	same := p.untilState(p.send("/api/events/"+first.ID+"/resend", "")[0], "answered")
	if same.Body != first.Body || same.EventID != first.EventID || !same.Duplicate || same.ResendOf != first.ID || same.Outs != 0 {
		t.Errorf("resent: %+v", same.Summary)
	}
	if found := p.event(first.EventID); found.ID != same.ID {
		t.Errorf("by eventId: %s, want the youngest, %s", found.ID, same.ID)
	}
	edited := p.untilState(p.send("/api/events/"+first.ID+"/resend?mode=reliable", `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`)[0], "confirmed")
	if edited.EventID == first.EventID || edited.Subject != "1" || edited.Mode != event.Reliable || edited.ResendOf != first.ID {
		t.Errorf("edited: %+v", edited.Summary)
	}
	p.call(404, "POST", "/api/events/nobody/resend", "", nil)
	p.call(400, "POST", "/api/events/"+first.ID+"/resend", "[]", nil)
}

// There is a fresh sample of every kind.
func TestKinds(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	var got struct{ Kinds []kind }
	p.call(200, "GET", "/api/kinds", "", &got)
	if want := len(event.Kinds) + len(vodfake.Makings); len(got.Kinds) != want {
		t.Errorf("%d kinds, want %d", len(got.Kinds), want)
	}
	for _, k := range got.Kinds {
		eventType, _, making := strings.Cut(k.Type, "/")
		if (k.Text != "") != making {
			t.Errorf("%s says %q", k.Type, k.Text)
		}
		if e, err := event.Parse([]byte(k.Body), event.Origin{}); err != nil || e.Type != eventType || e.Field != k.Field || !strings.Contains(k.Body, "\n") {
			t.Errorf("%s: %v: %s", k.Type, err, k.Body)
		}
	}
	var one, other kind
	p.call(200, "GET", "/api/kinds/NewFileUpload", "", &one)
	p.call(200, "GET", "/api/kinds/NewFileUpload", "", &other)
	if one.Body == other.Body {
		t.Error("samples are not fresh")
	}
	var changes kind
	p.call(200, "GET", "/api/kinds/ProcedureStateChanged%2Fchange", "", &changes)
	if ids := p.send("/api/events?mode=reliable&n=2&kind=ProcedureStateChanged/change", `{"SessionContext":"twice"}`); changes.Events != 3 || len(ids) != 6 {
		t.Errorf("%d events of one, %d of two", changes.Events, len(ids))
	}
	p.call(404, "GET", "/api/kinds/Nothing", "", nil)
	p.call(400, "POST", "/api/events?kind=Nothing", "", nil)
	p.call(400, "POST", "/api/events?kind=NewFileUpload", `{"NoSuchMember":1}`, nil)
}

// The list is filtered by type, state, mode and text, and read in portions.
func TestListIsFiltered(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	ids := p.send("/api/events?mode=reliable&kind=EditMediaComplete&n=5", `{"SessionContext":"Needle"}`)
	for _, id := range ids {
		p.untilState(id, "confirmed")
	}
	newest := slices.Clone(ids)
	slices.Reverse(newest)
	for query, want := range map[string][]string{
		"type=EditMediaComplete":                           newest,
		"type=FileDeleted&type=EditMediaComplete&q=needle": newest,
		"q=NEEDLE&state=confirmed&mode=reliable":           newest,
		"q=needle&state=parked&state=queued":               {},
		"q=needle&mode=normal":                             {},
		"q=needle&limit=2":                                 newest[:2],
		"q=needle&limit=2&before=" + newest[1]:             newest[2:4],
		"q=needle&limit=2&before=" + newest[3]:             newest[4:],
	} {
		var got struct {
			Events  []journal.Summary
			Matched int
			More    bool
		}
		p.call(200, "GET", "/api/events?"+query, "", &got)
		gotIDs := []string{}
		for _, e := range got.Events {
			gotIDs = append(gotIDs, e.ID)
		}
		if !slices.Equal(gotIDs, want) || got.More != (got.Matched > len(want)) {
			t.Errorf("%s: %q of %d, more %v; want %q", query, gotIDs, got.Matched, got.More, want)
		}
	}
	for _, bad := range []string{"limit=0", "limit=x", "limit=10001", "before=nobody"} {
		p.call(400, "GET", "/api/events?"+bad, "", nil)
	}
}

// Without a mode VOD's configuration decides.
func TestConfigDecidesWithoutMode(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	if s := p.config(`{}`); s.Mode != vodfake.Pull || s.UploadMediaCompleteEventSwitch != "ON" || s.Real || s.Every != "200ms" || s.Next.IsZero() || s.Cron == "" || s.API != p.api {
		t.Errorf("%+v", s)
	}
	if d := p.event(p.send("/api/events?kind=FileDeleted", "")[0]); d.Mode != event.Reliable {
		t.Errorf("Mode PULL: %s", d.Mode)
	}
	p.config(`{"Mode":"PUSH"}`)
	if d := p.event(p.send("/api/events?kind=FileDeleted", "")[0]); d.Mode != event.Normal {
		t.Errorf("Mode PUSH: %s", d.Mode)
	}
	p.config(`{"DeleteMediaCompleteEventSwitch":"OFF"}`)
	p.call(409, "POST", "/api/events?kind=FileDeleted", "", nil)
	p.send("/api/events?kind=FileDeleted&mode=normal", "")
	if s := p.config(`{"DeleteMediaCompleteEventSwitch":"ON","Mode":"PULL"}`); s.Mode != vodfake.Pull || s.NotificationUrl != p.base+"/callback" {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{`{"Mode":"PUSHING"}`, `{"every":"1ms"}`, `{"every":""}`, `{"Nothing":1}`, `[]`, `{"SignKey":"not allowed"}`} {
		p.call(400, "PUT", "/api/config", bad, nil)
	}
	if s := p.config(`{"every":"cron"}`); s.Every != "cron" || s.Next.IsZero() {
		t.Errorf("%+v", s)
	}
	if s := p.config(`{"every":"off"}`); s.Every != "off" || !s.Next.IsZero() {
		t.Errorf("%+v", s)
	}
	p.config(`{"every":"200ms"}`)
}

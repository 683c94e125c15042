package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// What a person does, in one run of the real program with the real functions.
// The parts change the same configuration, so they come one after another.
func TestDev(t *testing.T) {
	p := launch(t, nil, "-every", "200ms")
	for _, part := range []struct {
		name string
		test func(*testing.T, *program)
	}{
		{"callback", testCallback},
		{"bad callbacks", testBadCallbacks},
		{"reliable", testReliable},
		{"normal", testNormal},
		{"bytes", testBytes},
		{"resend", testResend},
		{"kinds", testKinds},
		{"list", testList},
		{"mode", testMode},
		{"signature", testSignature},
		{"parked", testParked},
		{"redelivery", testRedelivery},
		{"slow callback", testSlowCallback},
		{"API faults", testFaults},
		{"callback faults", testCallbackFaults},
		{"VOD API", testVODAPI},
		{"timer", testTimer},
		{"stream", testStream},
		{"figures", testFigures},
		{"guards", testGuards},
		{"problems", testProblems},
		{"page", testPage},
	} {
		if !t.Run(part.name, func(t *testing.T) {
			p.t = t
			defer func() { p.t = t }()
			part.test(t, p)
		}) {
			break // the next ones would only wait
		}
	}
	p.t = t
}

// printed is the line of an event in the terminal.
func printed(d detail) string {
	return fmt.Sprintf(`^\d\d:\d\d:\d\d\.\d{3}  %-8s  %-22s  %-19s  %s$`, d.Mode, d.Type, cmp.Or(d.Subject, "-"), d.EventID)
}

// curl -d '…' http://127.0.0.1:8080/callback
func testCallback(t *testing.T, p *program) {
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

// states are a history's, without repetitions.
func states(d detail) (s []string) {
	for _, step := range d.History {
		s = append(s, string(step.State))
	}
	return slices.Compact(s)
}

func testBadCallbacks(t *testing.T, p *program) {
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
		"large":   {`"` + strings.Repeat("x", maxBody) + `"`, 413},
	} {
		if answer, text := p.request("POST", "/callback", c.body); answer.StatusCode != c.status {
			t.Errorf("%s: %s %s", name, answer.Status, text)
		}
	}
	if after := p.totals(); after.Made != before.Made || after.Out != before.Out {
		t.Errorf("they became events: %+v, before %+v", after, before)
	}
}

func (p *program) totals() totals {
	p.t.Helper()
	var f struct{ Totals totals }
	p.call(200, "GET", "/api/figures", "", &f)
	return f.Totals
}

// An event put into the queue is pulled, shown and confirmed.
func testReliable(t *testing.T, p *program) {
	id := p.send("/api/events?mode=reliable&kind=ProcedureStateChanged", `{"SessionContext":"it's mine"}`)[0]
	d := p.until(id, "confirmed and come out", func(d detail) bool { return d.State == vodfake.Confirmed && d.Outs == 1 })
	p.await(printed(d))
	if got := states(d); !slices.Equal(got, []string{"queued", "pulled", "handled", "delivered", "confirmed"}) {
		t.Errorf("history %q", got)
	}
	if d.Attempts != 1 || d.Mode != event.Reliable || d.Duplicate || !d.LeaseEnd.IsZero() || !strings.Contains(d.Body, `"SessionContext":"it's mine"`) {
		t.Errorf("%+v", d)
	}
	if lease := d.History[1].LeaseEnd.Sub(d.History[1].Time); lease < 29*time.Second || lease > 31*time.Second {
		t.Errorf("a lease of %v", lease)
	}

	// Its curl puts the same bytes in the queue again.
	if _, err := exec.LookPath("curl"); err != nil {
		noCurl(t)
	}
	out, err := exec.Command("sh", "-c", strings.Replace(d.Curl, "curl", "curl -sS", 1)).CombinedOutput()
	var made struct{ IDs []string }
	if json.Unmarshal(out, &made) != nil || len(made.IDs) != 1 {
		t.Fatalf("%s: %v: %s", d.Curl, err, out)
	}
	if again := p.untilState(made.IDs[0], "confirmed"); again.Body != d.Body || again.EventID != d.EventID {
		t.Errorf("curl sent %s", again.Body)
	}
}

// noCurl leaves a test out, but not where everything has to be there.
func noCurl(t *testing.T) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("curl is not installed")
	}
	t.Skip("curl is not installed")
}

func testNormal(t *testing.T, p *program) {
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

// What is given is what comes out, byte by byte.
func testBytes(t *testing.T, p *program) {
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

func testResend(t *testing.T, p *program) {
	first := p.untilState(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "answered")
	same := p.untilState(p.send("/api/events/"+first.ID+"/resend", "")[0], "answered")
	if same.Body != first.Body || same.EventID != first.EventID || !same.Duplicate || same.ResendOf != first.ID || same.Outs != 0 {
		t.Errorf("resent: %+v", same.summary)
	}
	if found := p.event(first.EventID); found.ID != same.ID {
		t.Errorf("by eventId: %s, want the youngest, %s", found.ID, same.ID)
	}
	edited := p.untilState(p.send("/api/events/"+first.ID+"/resend?mode=reliable", `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`)[0], "confirmed")
	if edited.EventID == first.EventID || edited.Subject != "1" || edited.Mode != event.Reliable || edited.ResendOf != first.ID {
		t.Errorf("edited: %+v", edited.summary)
	}
	p.call(404, "POST", "/api/events/nobody/resend", "", nil)
	p.call(400, "POST", "/api/events/"+first.ID+"/resend", "[]", nil)
}

func testKinds(t *testing.T, p *program) {
	var got struct{ Kinds []kind }
	p.call(200, "GET", "/api/kinds", "", &got)
	if len(got.Kinds) != len(event.Kinds) {
		t.Errorf("%d kinds, want %d", len(got.Kinds), len(event.Kinds))
	}
	for _, k := range got.Kinds {
		if e, err := event.Parse([]byte(k.Body), event.Origin{}); err != nil || e.Type != k.Type || e.Field != k.Field || !strings.Contains(k.Body, "\n") {
			t.Errorf("%s: %v: %s", k.Type, err, k.Body)
		}
	}
	var one, other kind
	p.call(200, "GET", "/api/kinds/NewFileUpload", "", &one)
	p.call(200, "GET", "/api/kinds/NewFileUpload", "", &other)
	if one.Body == other.Body {
		t.Error("samples are not fresh")
	}
	p.call(404, "GET", "/api/kinds/Nothing", "", nil)
	p.call(400, "POST", "/api/events?kind=Nothing", "", nil)
	p.call(400, "POST", "/api/events?kind=NewFileUpload", `{"NoSuchMember":1}`, nil)
}

func testList(t *testing.T, p *program) {
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
			Events  []summary
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

func (p *program) config(put string) (s settings) {
	p.t.Helper()
	p.call(200, "PUT", "/api/config", put, &s)
	return s
}

// Without a mode VOD's configuration decides.
func testMode(t *testing.T, p *program) {
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

func testSignature(t *testing.T, p *program) {
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
			t.Errorf("signed: %+v", d.summary)
		}
		answer, text := p.request("POST", "/callback", sample)
		if answer.StatusCode != 401 {
			t.Errorf("unsigned: %s %s", answer.Status, text)
		}
		unsigned := p.list("state=answered&limit=1")[0]
		if unsigned.Status != 401 || !strings.HasPrefix(unsigned.Error, "answered 401: ") || unsigned.Outs != 0 || unsigned.Duplicate {
			t.Errorf("unsigned: %+v", unsigned)
		}
		signed := p.event(unsigned.ID).Curl // as it would be sent now
		body, _, _ := strings.Cut(strings.TrimPrefix(signed, "curl -d '"), "' ")
		if answer, text := p.request("POST", "/callback", body); answer.StatusCode != 200 {
			t.Errorf("%s: %s %s", signed, answer.Status, text)
		}
	}
	if s := p.config(`{"signed":false}`); s.Signed {
		t.Errorf("%+v", s)
	}
	if answer, _ := p.request("POST", "/callback", sample); answer.StatusCode != 200 {
		t.Errorf("unsigned, without a key: %s", answer.Status)
	}
}

func (p *program) list(query string) []summary {
	p.t.Helper()
	var got struct{ Events []summary }
	p.call(200, "GET", "/api/events?"+query, "", &got)
	return got.Events
}

func (p *program) faults(put string) (f faults) {
	p.t.Helper()
	p.call(200, "PUT", "/api/faults", put, &f)
	return f
}

const noSink = `{"sink":{"probability":0,"status":0,"delayMs":0}}`

// A sink that refuses an event for good has it parked, in both modes.
func testParked(t *testing.T, p *program) {
	before := p.totals().Parked
	p.faults(`{"sink":{"probability":1,"status":400}}`)
	for _, mode := range []string{"reliable", "normal"} {
		id := p.send("/api/events?kind=NewFileUpload&mode="+mode, "")[0]
		d := p.until(id, "parked and through", func(d detail) bool { return d.State == parked && d.TookMs != nil })
		if d.Error == "" || len(d.Logs) == 0 || d.Duplicate || !slices.Contains(states(d), "parked") {
			t.Errorf("%+v", d)
		}
	}
	p.faults(noSink)
	// A pulled element that is no event is parked too.
	p.untilState(p.send("/api/events?mode=reliable", `{"no":"event"}`)[0], "parked")
	if got := p.totals().Parked - before; got != 3 {
		t.Errorf("%d parked, want 3", got)
	}
}

// While the sink is down an event is not confirmed; its lease runs out, and it
// comes again.
func testRedelivery(t *testing.T, p *program) {
	before := p.totals().LeaseMisses
	p.faults(`{"sink":{"probability":1,"status":503}}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	d := p.until(id, "refused by the sink", func(d detail) bool { return strings.Contains(d.Error, "503") })
	if d.State == vodfake.Confirmed || d.LeaseEnd.IsZero() {
		t.Errorf("%+v", d.summary)
	}
	var c clock
	p.call(200, "POST", "/api/clock", `{"forward":"30s"}`, &c)
	if c.OffsetMs < 29_900 || c.OffsetMs > 30_100 {
		t.Errorf("the clock is %d ms ahead", c.OffsetMs)
	}
	if got := states(p.event(id)); !slices.Contains(got, "redelivered") {
		t.Errorf("history %q", got)
	}
	p.faults(noSink)
	d = p.until(id, "confirmed", func(d detail) bool { return d.State == vodfake.Confirmed })
	if d.Attempts < 2 {
		t.Errorf("%+v", d)
	}
	if got := p.totals().LeaseMisses - before; got < 1 {
		t.Errorf("%d lease misses", got)
	}
	p.call(200, "POST", "/api/clock", fmt.Sprintf(`{"time":%q}`, time.Now().Format(time.RFC3339Nano)), &c)
	if c.OffsetMs < -1000 || c.OffsetMs > 1000 {
		t.Errorf("set to now, the clock is %d ms ahead", c.OffsetMs)
	}
	for _, bad := range []string{"", "{}", `{"forward":"-1s"}`, `{"forward":"soon"}`, `{"forward":"1s","time":"2026-11-25T08:00:00Z"}`, `{"forward":"2500000h"}`, `{"time":"9999-11-25T08:00:00Z"}`} {
		p.call(400, "POST", "/api/clock", bad, nil)
	}
}

// A sink that sleeps for over 5 s makes VOD send a callback again.
func testSlowCallback(t *testing.T, p *program) {
	p.faults(`{"sink":{"probability":1,"status":0,"delayMs":5500}}`)
	d := p.untilState(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "answered")
	p.faults(noSink)
	if got := states(d); d.Attempts < 2 || d.Status != 200 || !slices.Contains(got, "timed out") {
		t.Errorf("%d attempts, %q", d.Attempts, got)
	}
}

func testFaults(t *testing.T, p *program) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	messages := p.stream(ctx)
	f := p.faults(`{"faults":[{"action":"PullEvents","probability":1,"kind":"fail","code":"InternalError"}]}`)
	if len(f.Faults) != 1 || f.Faults[0].Action != "PullEvents" || f.Sink.on() {
		t.Errorf("%+v", f)
	}
	for m := range messages {
		if m.name == "log" && strings.Contains(m.data, "PullEvents failed") {
			break
		}
	}
	p.faults(`{"faults":[]}`)
	p.untilState(p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0], "confirmed")
	for _, bad := range []string{
		`{"faults":[{"kind":"no such"}]}`, `{"faults":[{"kind":"delay","action":"NoSuchCall"}]}`, `{"faults":[{"kind":"delay","probability":2}]}`,
		`{"sink":{"probability":-1}}`, `{"sink":{"probability":1,"status":42}}`, `{"sink":{"delayMs":-1}}`, `{"sinks":{}}`,
	} {
		p.call(400, "PUT", "/api/faults", bad, nil)
	}
}

func testCallbackFaults(t *testing.T, p *program) {
	p.faults(`{"faults":[{"action":"Callback","probability":1,"kind":"duplicate"}]}`)
	d := p.until(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "sent twice", func(d detail) bool {
		return d.Attempts == 2 && d.State == vodfake.Answered
	})
	if d.Outs != 1 || d.Status != 200 {
		t.Errorf("%+v", d.summary)
	}
	p.faults(`{"faults":[{"action":"Callback","probability":1,"kind":"drop"}]}`)
	d = p.untilState(p.send("/api/events?mode=normal&kind=NewFileUpload", "")[0], "failed")
	if d.Error == "" || d.Outs != 0 || d.Duplicate {
		t.Errorf("%+v", d.summary)
	}

	// A poll that is held meets the fault that there was when it began.
	p.config(`{"every":"off"}`)
	p.fire()
	p.faults(`{"faults":[{"action":"PullEvents","probability":1,"kind":"duplicate"}]}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	p.config(`{"every":"200ms"}`)
	d = p.untilState(id, "confirmed")
	p.faults(`{"faults":[]}`) // the copies were copied, too
	i := slices.IndexFunc(p.list("type=NewFileUpload"), func(s summary) bool { return s.CopyOf == id && s.EventID == d.EventID })
	if i < 0 {
		t.Error("there is no copy")
	}
}

// The stand-in's API takes calls of others, and what they do is shown.
func testVODAPI(t *testing.T, p *program) {
	c, err := vod.New(vod.Options{Endpoint: p.api, Credentials: vod.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	messages := p.stream(ctx)
	if err := c.ModifyEventConfig(ctx, 0, vod.EventConfigChange{Mode: new(vodfake.Push)}); err != nil {
		t.Fatal(err)
	}
	for m := range messages {
		if m.name == "state" && strings.Contains(m.data, `"Mode":"PUSH"`) {
			break
		}
	}
	p.config(`{"Mode":"PULL"}`)

	// The classic walk: a file comes in, and its event.
	if _, err := c.PullUpload(ctx, 0, vod.PullUploadRequest{MediaUrl: "https://example.com/walk.mp4"}); err != nil {
		t.Fatal(err)
	}
	p.call(200, "POST", "/api/clock", `{"forward":"10s"}`, nil)
	for _, kind := range []string{"NewFileUpload", "PullComplete"} {
		p.untilState(p.list("limit=1&type=" + kind)[0].ID, "confirmed")
	}
}

// firing is what an invocation of pull came to.
type firing struct {
	TookMs float64
	Error  string
	Result struct {
		Polls   int
		Stopped string
	}
}

func (p *program) fire() (f firing) {
	p.call(200, "POST", "/api/timer", "", &f)
	return f
}

func testTimer(t *testing.T, p *program) {
	p.config(`{"every":"off"}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	f := p.fire()
	if f.Error != "" || f.Result.Stopped != "empty" || f.Result.Polls < 1 || f.TookMs <= 0 {
		t.Errorf("%+v", f)
	}
	p.untilState(id, "confirmed") // by this pull or by one that was under way
	p.config(`{"every":"200ms"}`)
}

// However much happens, there are at most 10 messages a second, and each
// change is told.
func testStream(t *testing.T, p *program) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	messages := p.stream(ctx)
	if m := <-messages; m.name != "state" {
		t.Errorf("the first message is %s", m.name)
	}
	began, n := time.Now(), 0
	waiting := map[string]bool{}
	for _, id := range p.send("/api/events?mode=reliable&kind=NewFileUpload&n=2000", "") {
		waiting[id] = true
	}
	figures := false
	for len(waiting) > 0 || !figures {
		m, ok := <-messages
		if !ok {
			t.Fatalf("%d of 2000 are not told to be confirmed", len(waiting))
		}
		n++
		switch m.name {
		case "figures":
			figures = true
		case "change":
			var got struct{ Events []summary }
			if err := json.Unmarshal([]byte(m.data), &got); err != nil || len(got.Events) == 0 || len(got.Events) > maxChanges {
				t.Fatalf("%v: %d events", err, len(got.Events))
			}
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

func testFigures(t *testing.T, p *program) {
	var f struct {
		Totals totals
		Series []point
	}
	p.call(200, "GET", "/api/figures", "", &f)
	sum := 0
	for _, s := range f.Series {
		sum += s.Through
	}
	if f.Totals.P50Ms == nil || *f.Totals.P99Ms < *f.Totals.P50Ms || f.Totals.Kept == 0 || f.Totals.Duplicates == 0 || f.Totals.Pulls == 0 || f.Totals.Polls == 0 {
		t.Errorf("%+v", f.Totals)
	}
	if len(f.Series) < maxPoints && sum == 0 || sum > f.Totals.Through {
		t.Errorf("%d through in %d points, %d in all", sum, len(f.Series), f.Totals.Through)
	}
}

func testGuards(t *testing.T, p *program) {
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

func testProblems(t *testing.T, p *program) {
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
	p.call(413, "POST", "/api/events", strings.Repeat(" ", maxBody+1), nil)
	if answer, _ := p.request("POST", "/api/figures", "", "Content-Type", "application/json"); answer.Header.Get("Allow") != "GET" {
		t.Errorf("Allow %q", answer.Header.Get("Allow"))
	}
}

func testPage(t *testing.T, p *program) {
	for path, kind := range map[string]string{"/": "text/html", "/style.css": "text/css", "/app.js": "text/javascript"} {
		answer, _ := p.request("GET", path, "")
		if answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %s %v", path, answer.Status, answer.Header)
		}
	}
	if answer, _ := p.request("POST", "/", ""); answer.StatusCode != 405 {
		t.Errorf("POST /: %s", answer.Status)
	}
}

// With the environment of a user who has one.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/events.jsonl"
	p := launch(t, []string{"SINK=file:" + file, "CALLBACK_SIGN_KEY=first,second", "VOD_SUB_APP_IDS=1,1500000001", "LOG_LEVEL=debug"}, "-every", "200ms", "-headless", "-n", "2")
	if answer, _ := p.request("GET", "/", ""); answer.StatusCode != 404 {
		t.Errorf("-headless: %s", answer.Status)
	}
	var s settings
	p.call(200, "GET", "/api/config", "", &s)
	vars := map[string]string{}
	for _, v := range s.Variables {
		vars[v.Name] = v.Value
	}
	if !strings.HasPrefix(vars["SINK"], "stdout: file: http://127.0.0.1:") || vars["CALLBACK_SIGN_KEY"] != "(set)" || vars["LOG_LEVEL"] != "debug" || !s.Signed {
		t.Errorf("%+v", s)
	}
	for _, key := range []string{"first", "second"} {
		if answer, text := p.request("POST", "/callback", string(event.Sign([]byte(sample), key, time.Now().Add(time.Minute)))); answer.StatusCode != 200 {
			t.Errorf("%s: %s %s", key, answer.Status, text)
		}
	}
	d := p.event(p.send("/api/events?mode=reliable&kind=FileDeleted", "")[0])
	p.await(printed(d))
	<-p.exited // two came out, the second callback was a duplicate
	if status := p.stop(); status != 0 {
		t.Errorf("status %d", status)
	}
	got, err := os.ReadFile(file)
	if n := bytes.Count(got, []byte{'\n'}); err != nil || n != 2 || !bytes.Contains(got, []byte(`"source":"/tencentcloud/vod/1"`)) {
		t.Errorf("%v: %d lines in the user's sink:\n%s", err, n, got)
	}
}

// The real VOD is another program's stand-in here.
func TestReal(t *testing.T) {
	t.Parallel()
	real := vodfake.RunT(t)
	body := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1234567890123456789"]}}`)
	real.Queue(0, body)
	p := launch(t, []string{"VOD_ENDPOINT=" + real.URL, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey, "CALLBACK_SIGN_KEY=k3y"},
		"-real", "-every", "200ms")
	p.await(`  reliable  FileDeleted  .*  1234567890123456789  `)
	list := p.list("")
	if len(list) != 1 || list[0].ID[0] != 'r' || list[0].State != delivered || list[0].Mode != event.Reliable {
		t.Fatalf("%+v", list)
	}
	if d := p.event(list[0].ID); d.Body != string(body) {
		t.Errorf("body %s", d.Body)
	}
	again := p.untilState(p.send("/api/events/"+list[0].ID+"/resend?mode=normal", "")[0], "answered")
	if again.Status != 200 || again.ResendOf != list[0].ID {
		t.Errorf("resent: %+v", again.summary)
	}

	var s settings
	p.call(200, "GET", "/api/config", "", &s)
	if !s.Real || s.API != "" || s.EventConfig != nil || s.Clock != nil {
		t.Errorf("%+v", s)
	}
	p.call(409, "PUT", "/api/config", `{"Mode":"PUSH"}`, nil)
	p.call(409, "PUT", "/api/config", `{"signed":false}`, nil)
	p.call(200, "PUT", "/api/config", `{"every":"1h"}`, nil)
	p.call(409, "PUT", "/api/faults", noSink, nil)
	p.call(409, "POST", "/api/clock", `{"forward":"1s"}`, nil)
	p.call(409, "POST", "/api/events?mode=reliable&kind=FileDeleted", "", nil)
}

// What cannot work is said at once, with what to do about it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	addr := taken.Addr().String()
	for name, c := range map[string]struct {
		args   []string
		env    []string
		status int
		stderr []string
	}{
		"addr taken":     {args: []string{"-addr", addr}, status: 1, stderr: []string{addr + " is taken", "-addr 127.0.0.1:PORT"}},
		"api taken":      {args: []string{"-addr", "127.0.0.1:0", "-api", addr}, status: 1, stderr: []string{addr + " is taken", "-api 127.0.0.1:PORT"}},
		"bad address":    {args: []string{"-addr", "nonsense"}, status: 2, stderr: []string{"nonsense", "-addr"}},
		"open address":   {args: []string{"-api", "0.0.0.0:0"}, status: 2, stderr: []string{"0.0.0.0", "-api", "127.0.0.1:PORT"}},
		"no keys":        {args: []string{"-real"}, env: []string{"HOME=/nonexistent"}, status: 1, stderr: []string{"-real", "VOD_SECRET_ID"}},
		"bad variable":   {args: []string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"}, env: []string{"MAX_ATTEMPTS=many"}, status: 1, stderr: []string{"MAX_ATTEMPTS"}},
		"bad sink":       {args: []string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"}, env: []string{"SINK=gopher://h:s3cret@host/"}, status: 1, stderr: []string{"SINK", "gopher"}},
		"bad every":      {args: []string{"-every", "often"}, status: 2, stderr: []string{"-every"}},
		"short every":    {args: []string{"-every", "1ms"}, status: 2, stderr: []string{"100ms"}},
		"negative n":     {args: []string{"-n", "-1"}, status: 2, stderr: []string{"-n"}},
		"an argument":    {args: []string{"up"}, status: 2, stderr: []string{"up"}},
		"no such flag":   {args: []string{"-port", "1"}, status: 2, stderr: []string{"-addr"}},
		"asked for help": {args: []string{"-h"}, status: 0, stderr: []string{"go run ./scripts/dev", "-every"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			env := append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "VOD_") || strings.HasPrefix(v, "TENCENT") }), c.env...)
			if status := run(context.Background(), c.args, env, &stdout, &stderr); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, text := range c.stderr {
				if !strings.Contains(stderr.String(), text) {
					t.Errorf("stderr lacks %q:\n%s", text, &stderr)
				}
			}
			if strings.Contains(stderr.String(), "s3cret") || stdout.Len() > 0 {
				t.Errorf("stdout:\n%s\nstderr:\n%s", &stdout, &stderr)
			}
		})
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// An event put into the queue is pulled, shown and confirmed.
func TestQueuedEventIsConfirmed(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	before := time.Now().Truncate(time.Millisecond)
	id := p.send("/api/events?mode=reliable&kind=ProcedureStateChanged", `{"SessionContext":"it's mine"}`)[0]
	d := p.until(id, "confirmed and come out", func(d detail) bool { return d.State == vodfake.Confirmed && d.Outs == 1 })
	p.await(printed(d))
	if got := states(d); !slices.Equal(got, []string{"queued", "pulled", "handled", "delivered", "confirmed"}) {
		t.Errorf("history %q", got)
	}
	if d.Attempts != 1 || d.Mode != event.Reliable || d.Duplicate || !d.LeaseEnd.IsZero() || !strings.Contains(d.Body, `"SessionContext":"it's mine"`) {
		t.Errorf("%+v", d)
	}
	if pulled := d.History[1].LeaseEnd.Add(-vodfake.Lease); pulled.Before(before) || pulled.After(d.History[1].Time) {
		t.Errorf("sent after %v, its lease ends at %v: %+v", before, d.History[1].LeaseEnd, d.History[1])
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

// A sink that refuses an event for good has it parked, in both modes.
func TestRefusedEventIsParked(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	before := p.totals().Parked
	p.faults(`{"sink":{"probability":1,"status":400}}`)
	for _, mode := range []string{"reliable", "normal"} {
		id := p.send("/api/events?kind=NewFileUpload&mode="+mode, "")[0]
		d := p.until(id, "parked and through", func(d detail) bool { return d.State == journal.Parked && d.TookMs != nil })
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
func TestUnconfirmedEventComesAgain(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	before := p.totals().LeaseMisses
	p.faults(`{"sink":{"probability":1,"status":503}}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	d := p.until(id, "refused by the sink", func(d detail) bool { return strings.Contains(d.Error, "503") })
	if d.State == vodfake.Confirmed || d.LeaseEnd.IsZero() {
		t.Errorf("%+v", d.Summary)
	}
	var c clock
	p.call(200, "POST", "/api/clock", `{"forward":"30s"}`, &c)
	if c.OffsetMs != 30_000 {
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
	if c.OffsetMs < -patience.Milliseconds() || c.OffsetMs > 0 {
		t.Errorf("set to now, the clock is %d ms ahead", c.OffsetMs)
	}
	for _, bad := range []string{"", "{}", `{"forward":"-1s"}`, `{"forward":"soon"}`, `{"forward":"1s","time":"2026-11-25T08:00:00Z"}`, `{"forward":"2500000h"}`, `{"time":"9999-11-25T08:00:00Z"}`} {
		p.call(400, "POST", "/api/clock", bad, nil)
	}
}

// A fault of PullEvents is in the log, and pulling recovers from it.
func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	messages := p.stream(ctx)
	f := p.faults(`{"faults":[{"action":"PullEvents","probability":1,"kind":"fail","code":"InternalError"}]}`)
	if len(f.Faults) != 1 || f.Faults[0].Action != "PullEvents" || f.Sink.On() {
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

// The stand-in's API takes calls of others, and what they do is shown.
func TestCallsOfOthersAreShown(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	c, err := vod.New(vod.Options{Endpoint: p.api, Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
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

// The timer is switched off, and pull fired by hand.
func TestTimerCanBeFiredByHand(t *testing.T) {
	t.Parallel()
	p := launch(t, nil, "-every", "200ms")
	p.config(`{"every":"off"}`)
	id := p.send("/api/events?mode=reliable&kind=NewFileUpload", "")[0]
	f := p.fire()
	if f.Error != "" || f.Result.Stopped != "empty" || f.Result.Polls < 1 || f.TookMs <= 0 {
		t.Errorf("%+v", f)
	}
	p.untilState(id, "confirmed") // by this pull or by one that was under way
	p.config(`{"every":"200ms"}`)
}

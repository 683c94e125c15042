package vodfake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// must returns the answer of a call that has to succeed.
func (c client) must(action string, p members) *answer {
	c.t.Helper()
	a, err := c.send(context.Background(), action, p)
	if err != nil {
		c.t.Fatalf("%s %v: %v", action, p, err)
	}
	return a
}

// fails checks the error code of a call.
func (c client) fails(want, action string, p members) {
	c.t.Helper()
	if _, err := c.send(context.Background(), action, p); code(err) != want {
		c.t.Errorf("%s %v: %v, want %s", action, p, err, want)
	}
}

// next pulls and confirms until there is an event, and decodes it.
func next[P any](c client, app uint64) *P {
	c.t.Helper()
	var set []json.RawMessage
	for range 10 {
		if set = c.pull(app); set != nil {
			break
		}
	}
	if len(set) != 1 {
		c.t.Fatalf("%d events, want 1", len(set))
	}
	c.confirm(app, handles(set)...)
	return decode[P](c.t, set[0])
}

func decode[P any](t testing.TB, body []byte) *P {
	t.Helper()
	e, err := event.Parse(body, event.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := e.Decode()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := payload.(*P)
	if !ok {
		t.Fatalf("%s is a %T", e.Type, payload)
	}
	return p
}

var pulling = vodfake.EventConfig{Mode: vodfake.Pull, UploadMediaCompleteEventSwitch: "ON", DeleteMediaCompleteEventSwitch: "ON"}

func TestWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{EventConfig: pulling})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		const app = 1490012345
		start := time.Now()

		id := s.Upload(app, vodfake.Upload{Name: "holiday.mov", SourceContext: "user 7"})
		c.fails("InvalidParameterValue.FileId", "ProcessMedia", members{"SubAppId": app, "FileId": id, "MediaProcessTask": members{}})
		up := next[event.FileUploadTask](c, app)
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("an upload took %v", d)
		}
		info := up.MediaBasicInfo
		if up.FileId != id || info.Name != "holiday" || info.Type != "mov" || info.SourceInfo.SourceContext != "user 7" ||
			info.CreateTime != time.Now().UTC().Format("2006-01-02T15:04:05Z") || !strings.Contains(info.MediaUrl, id) {
			t.Errorf("%+v %+v", up, info)
		}
		if m := up.MetaData; m.Size != int64(float64(m.Bitrate)*m.Duration/8) {
			t.Errorf("the size does not fit: %+v", m)
		}

		a := c.must("ProcessMedia", members{
			"SubAppId": app, "FileId": id, "SessionContext": "my context", "SessionId": "once",
			"MediaProcessTask": members{
				"TranscodeTaskSet":       []members{{"Definition": 10}},
				"CoverBySnapshotTaskSet": []members{{"Definition": 10, "PositionType": "Percent", "PositionValue": 50.5}},
			},
		})
		c.fails("InvalidParameterValue.SessionId", "ProcessMedia", members{
			"SubAppId": app, "FileId": id, "SessionId": "once", "MediaProcessTask": members{"TranscodeTaskSet": []members{{"Definition": 10}}}})
		done := next[event.ProcedureTask](c, app)
		if done.TaskId != a.Response.TaskId || done.TaskId == "" || done.FileId != id || done.Status != "FINISH" ||
			done.SessionContext != "my context" || done.FileName != "holiday" || done.FileUrl != info.MediaUrl || !cmp.Equal(done.MetaData, up.MetaData) {
			t.Errorf("%+v", done)
		}
		if len(done.MediaProcessResultSet) != 2 {
			t.Fatalf("%d results", len(done.MediaProcessResultSet))
		}
		transcode, cover := done.MediaProcessResultSet[0].TranscodeTask, done.MediaProcessResultSet[1].CoverBySnapshotTask
		if transcode.Status != "SUCCESS" || transcode.Output.Definition != 10 || transcode.Output.Duration != up.MetaData.Duration || transcode.Output.Size >= up.MetaData.Size {
			t.Errorf("%+v %+v", transcode, transcode.Output)
		}
		if cover.Status != "SUCCESS" || cover.Input.PositionValue != 50.5 || !strings.HasSuffix(cover.Output.CoverUrl, ".jpg") {
			t.Errorf("%+v", cover)
		}

		c.must("PullUpload", members{"SubAppId": app, "MediaUrl": "https://example.com/a/talk.mp4?x=1", "Procedure": "any", "SessionContext": "pulled"})
		var kinds []string
		var procedure string
		for len(kinds) < 3 {
			set := c.pull(app)
			for _, b := range set {
				e, _ := event.Parse(b, event.Origin{})
				kinds = append(kinds, e.Type)
				switch e.Type {
				case "PullComplete":
					p := decode[event.PullUploadTask](t, b)
					procedure = p.ProcedureTaskId
					if p.MediaBasicInfo.Name != "talk" || p.SessionContext != "pulled" || p.Status != "FINISH" {
						t.Errorf("%+v", p)
					}
				case "ProcedureStateChanged":
					if p := decode[event.ProcedureTask](t, b); p.TaskId != procedure {
						t.Errorf("task flow %s was announced as %s", p.TaskId, procedure)
					}
				}
			}
			if set != nil {
				c.confirm(app, handles(set)...)
			}
		}
		if got := strings.Join(kinds, " "); got != "NewFileUpload PullComplete ProcedureStateChanged" {
			t.Error(got)
		}

		c.must("DeleteMedia", members{"SubAppId": app, "FileId": id})
		if gone := next[event.FileDeleteTask](c, app); !cmp.Equal(gone.FileIdSet, []string{id}) {
			t.Errorf("%+v", gone)
		}
		c.fails("InvalidParameterValue.FileId", "DeleteMedia", members{"SubAppId": app, "FileId": id})
	})
}

func TestTasksNotifyMode(t *testing.T) {
	for mode, want := range map[string][]string{
		"":       {"FINISH 3"},
		"Finish": {"FINISH 3"},
		"Change": {"PROCESSING 1", "PROCESSING 2", "FINISH 3"},
		"None":   nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{EventConfig: vodfake.EventConfig{Mode: vodfake.Pull}, TaskTime: -1})
			defer s.Close()
			c := newClient(t, s, rightKeys)
			id := s.Upload(0, vodfake.Upload{})
			c.must("ProcessMedia", members{"FileId": id, "TasksNotifyMode": mode, "MediaProcessTask": members{
				"TranscodeTaskSet": []members{{"Definition": 20}, {"Definition": 30}}, "CoverBySnapshotTaskSet": []members{{"Definition": 10}}}})
			var got []string
			for _, b := range c.pull(0) {
				p := decode[event.ProcedureTask](t, b)
				got = append(got, fmt.Sprintf("%s %d", p.Status, len(p.MediaProcessResultSet)))
			}
			if !cmp.Equal(got, want) {
				t.Errorf("mode %q: %q, want %q", mode, got, want)
			}
		})
	}
}

// receiver keeps the callbacks that it is sent.
type receiver struct{ bodies chan []byte }

func (r receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(q.Body)
	r.bodies <- b
	return &http.Response{StatusCode: 200, Body: http.NoBody}, err
}

func TestEventConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiver{make(chan []byte, 100)}
		s := vodfake.New(vodfake.Options{CallbackTransport: r, TaskTime: -1})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		describe := func() vodfake.EventConfig {
			t.Helper()
			return c.must("DescribeEventConfig", members{"SubAppId": 7}).Response.EventConfig
		}
		want := vodfake.EventConfig{Mode: "PUSH", UploadMediaCompleteEventSwitch: "OFF", DeleteMediaCompleteEventSwitch: "OFF", PersistenceCompleteEventSwitch: "OFF"}
		if got := describe(); got != want {
			t.Errorf("%+v at first", got)
		}

		// Three kinds are sent only if their switches are ON.
		told := func() (n int) {
			t.Helper()
			for _, k := range event.Kinds {
				body, err := s.Make(k.Type, nil)
				if err != nil {
					t.Fatal(err)
				}
				s.Notify(7, body)
			}
			synctest.Wait()
			n = len(r.bodies)
			for len(r.bodies) > 0 {
				<-r.bodies
			}
			return n + s.App(7).Waiting
		}
		all := len(event.Kinds)
		if n := told(); n != 0 {
			t.Errorf("%d events without a NotificationUrl", n)
		}
		modify := func(p members) { t.Helper(); p["SubAppId"] = 7; c.must("ModifyEventConfig", p) }
		modify(members{"NotificationUrl": "http://example.com/receive", "SignKey": "abc123"})
		if n := told(); n != all-3 {
			t.Errorf("%d of %d events with the switches OFF", n, all)
		}
		for i, name := range []string{"UploadMediaCompleteEventSwitch", "DeleteMediaCompleteEventSwitch", "PersistenceCompleteEventSwitch"} {
			modify(members{name: "ON"})
			if n := told(); n != all-2+i {
				t.Errorf("%d of %d events with %s ON", n, all, name)
			}
		}
		want = vodfake.EventConfig{Mode: "PUSH", NotificationUrl: "http://example.com/receive", UploadMediaCompleteEventSwitch: "ON", DeleteMediaCompleteEventSwitch: "ON", PersistenceCompleteEventSwitch: "ON"}
		if got := describe(); got != want {
			t.Errorf("%+v; SignKey is never told", got)
		}

		s.Notify(7, body(1))
		synctest.Wait()
		var m struct {
			Sign string
			T    json.Number
		}
		json.Unmarshal(<-r.bodies, &m)
		if err := event.Verify([]string{"abc123"}, m.Sign, m.T.String(), time.Now()); err != nil {
			t.Error(err)
		}

		modify(members{"NotificationUrl": ""})
		if got := describe(); got.NotificationUrl != "" || got.UploadMediaCompleteEventSwitch != "ON" {
			t.Errorf("%+v after clearing the address", got)
		}
		modify(members{"Mode": "PULL"})
		if n := told(); n != all || s.App(7).Waiting != all {
			t.Errorf("%d of %d events in the queue", n, all)
		}
		for _, bad := range []members{
			{"Mode": "BOTH"}, {"UploadMediaCompleteEventSwitch": "on"}, {"NotificationUrl": "example.com"},
			{"SignKey": "with-a-dash"}, {"SignKey": strings.Repeat("k", 33)},
		} {
			c.fails("InvalidParameterValue", "ModifyEventConfig", bad)
		}
	})
}

func TestConfigDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{ConfigDelay: 10 * time.Minute})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		c.must("ModifyEventConfig", members{"Mode": "PULL", "UploadMediaCompleteEventSwitch": "ON"})
		if got := c.must("DescribeEventConfig", nil).Response.EventConfig.Mode; got != "PULL" {
			t.Errorf("described as %s", got)
		}
		if s.Notify(0, body(1)) != "" {
			t.Error("had its effect at once")
		}
		s.FastForward(10 * time.Minute)
		if s.Notify(0, body(1)) == "" || s.Pending(0) != 1 {
			t.Error("had no effect")
		}
	})
}

// Since 2026-04 the count is about 3 min late.
func TestStateLag(t *testing.T) {
	for _, lag := range []time.Duration{3 * time.Minute, -1} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{StateLag: lag})
			defer s.Close()
			c := newClient(t, s, rightKeys)
			count := func() int { return c.must("DescribeEventsState", nil).Response.CountOfEventsToPull }
			fill(s, 0, 20)
			now := 20
			if lag > 0 {
				now = 0
			}
			if n := count(); n != now {
				t.Errorf("lag %v: %d at once, want %d", lag, n, now)
			}
			time.Sleep(3 * time.Minute)
			if n := count(); n != 20 {
				t.Errorf("lag %v: %d after 3 min", lag, n)
			}
			c.confirm(0, handles(c.pull(0))...)
			time.Sleep(3*time.Minute - time.Second)
			if n := count(); n != 20 && lag > 0 {
				t.Errorf("lag %v: %d too early", lag, n)
			}
			time.Sleep(time.Second)
			if n := count(); n != 4 {
				t.Errorf("lag %v: %d after the pull", lag, n)
			}
		})
	}
}

package reconcile_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/reconcile"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

const app = 1490012345

func newVerifier(t *testing.T, s *vodfake.Server, apps ...uint64) *reconcile.Verifier {
	t.Helper()
	c, err := vod.New(vod.Options{Endpoint: "vod.example.com", Transport: s.Transport(),
		Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
	if err != nil {
		t.Fatal(err)
	}
	return &reconcile.Verifier{Client: c, SubAppIds: apps}
}

func parse(t *testing.T, body []byte) *event.Event {
	t.Helper()
	e, err := event.Parse(body, event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// verify asks with 12 s to go, as a callback of 15 s has, and returns how long it
// took.
func verify(t *testing.T, v *reconcile.Verifier, body []byte) (deliver.Verdict, time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
	defer cancel()
	start := time.Now()
	verdict, err := v.Verify(ctx, parse(t, body))
	return verdict, time.Since(start), err
}

// Each kind that can be asked about is confirmed at once when VOD sent it, by
// whichever application, and refuted when VOD never did.
func TestVerifyEachKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		v := newVerifier(t, s, 7, app)
		for _, k := range event.Kinds {
			true1, err := s.Make(k.Type, nil)
			if err != nil {
				t.Fatal(err)
			}
			forged, err := s.Make(k.Type, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Queue(app, true1)
			sent, never := deliver.Confirmed, deliver.Refuted
			switch k.Type {
			case "MediaCastStatusChanged", "ProcessImageAsyncCompleteEvent":
				sent, never = deliver.NotAsked, deliver.NotAsked
			case "FileDeleted": // that a file which VOD does not have is gone is true
				never = deliver.Confirmed
			}
			if got, took, err := verify(t, v, true1); got != sent || took != 0 {
				t.Errorf("%s: %s after %v, %v", k.Type, got, took, err)
			}
			got, took, err := verify(t, v, forged)
			if got != never || never == deliver.Refuted && (took < 3*time.Second || took > 5*time.Second || err == nil) {
				t.Errorf("%s, forged: %s after %v, %v", k.Type, got, took, err)
			}
		}
	})
}

// A member that no kind has may be there: VOD adds some, and they make no second payload.
func TestVerifyMembersThatNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		sent, err := s.Make("NewFileUpload", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(app, sent)
		for _, member := range []string{`"Brand":{"New":1}`, `"":{"New":1}`} {
			body := fmt.Appendf(nil, "{%s,%s", member, sent[1:])
			if got, _, err := verify(t, newVerifier(t, s, app), body); got != deliver.Confirmed {
				t.Errorf("with %s: %s, %v", member, got, err)
			}
		}
	})
}

// What cannot be asked about is not refuted.
func TestVerifyNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		long := time.Now().Add(-73 * time.Hour).UTC().Format(time.RFC3339)
		for name, body := range map[string]string{
			"an unknown kind":               `{"EventType":"HologramComplete","HologramEvent":{"TaskId":"1"}}`,
			"the 2.0 format":                `{"version":"4.0","eventType":"TranscodeComplete","data":{"vodTaskId":"1"}}`,
			"an older task":                 `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1","FileId":"2","MediaProcessResultSet":[{"TranscodeTask":{"BeginProcessTime":"` + long + `"}}]}}`,
			"a part that VOD does not list": `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"],"FileDeleteResultInfo":[{"FileId":"1","DeleteParts":[{"Type":"WechatPublishFiles"}]}]}}`,
		} {
			if got, took, err := verify(t, newVerifier(t, s), []byte(body)); got != deliver.NotAsked || took != 0 {
				t.Errorf("%s: %s after %v, %v", name, got, took, err)
			}
		}
	})
}

// An event that names no task or file, or that can be read in two ways, is false, and
// there is nothing to wait for.
func TestVerifyNamesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		for _, body := range []string{
			`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"FileId":"2"}}`,
			`{"EventType":"NewFileUpload","FileUploadEvent":{}}`,
			`{"EventType":"FileDeleted","FileDeleteEvent":{}}`,
			`{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"1","taskid":"2"}}`,

			// VOD has no file 1, so the deletion of it is true; who reads the other finds a lie.
			`{"EventType":"FileDeleted","FileDeleteEvent":{"fileidset":["2"],"FileIdSet":["1"]}}`,
			`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]},"filedeleteevent":{"FileIdSet":["2"]}}`,
			`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]},"FileUploadEvent":{"FileId":"2"}}`,
			`{"EventType":"FileDeleted","eventtype":"NewFileUpload","FileDeleteEvent":{"FileIdSet":["1"]}}`,

			// An event of our own.
			`{"EventType":"MediaRead","FileId":"1","NotExist":true}`,
		} {
			if got, took, err := verify(t, newVerifier(t, s), []byte(body)); got != deliver.Refuted || took != 0 || err == nil {
				t.Errorf("%s: %s after %v, %v", body, got, took, err)
			}
		}
	})
}

// VOD's answer may be a little older than its event.
func TestVerifyWaitsForVOD(t *testing.T) {
	for delay, want := range map[time.Duration]deliver.Verdict{2 * time.Second: deliver.Confirmed, 6 * time.Second: deliver.Refuted} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{Asking: vodfake.Asking{DetailDelay: delay}})
			defer s.Close()
			body, err := s.Make("ProcedureStateChanged", nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Queue(app, body)
			if got, took, err := verify(t, newVerifier(t, s, app), body); got != want {
				t.Errorf("VOD is %v late: %s after %v, %v", delay, got, took, err)
			}
		})
	}
}

// While VOD cannot be asked, it is asked again until the time is over; an answer
// that comes meanwhile counts.
func TestVerifyNoAnswer(t *testing.T) {
	for _, fault := range []vodfake.Fault{{Kind: vodfake.Hang}, {Kind: vodfake.Drop}, {Kind: vodfake.Limit}, {Kind: vodfake.Fail, Code: "UnauthorizedOperation"}, {Kind: vodfake.Status}} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{})
			defer s.Close()
			body, err := s.Make("ProcedureStateChanged", nil)
			if err != nil {
				t.Fatal(err)
			}
			s.Queue(app, body)
			back := time.Now().Add(8 * time.Second)
			v := newVerifier(t, s, app)
			stop := s.Control("DescribeTaskDetail", func(*vodfake.Call) *vodfake.Fault {
				if time.Now().Before(back) {
					return &fault
				}
				return nil
			})
			if got, took, err := verify(t, v, body); got != deliver.Confirmed || took < 8*time.Second {
				t.Errorf("%s, back after 8 s: %s after %v, %v", fault.Kind, got, took, err)
			}
			stop()
			s.Control("DescribeTaskDetail", func(*vodfake.Call) *vodfake.Fault { return &fault })
			if got, took, err := verify(t, v, body); got != deliver.NoAnswer || took < 10*time.Second || err == nil {
				t.Errorf("%s for good: %s after %v, %v", fault.Kind, got, took, err)
			}
		})
	}
}

// If one application cannot be asked, an event that it may know is not refuted.
func TestVerifyOneApplicationSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		s.Control("", func(c *vodfake.Call) *vodfake.Fault {
			if bytes.Contains(c.Body, []byte(`"SubAppId":7,`)) {
				return &vodfake.Fault{Kind: vodfake.Fail}
			}
			return nil
		})
		v := newVerifier(t, s, 7, app)
		for _, kind := range []string{"ProcedureStateChanged", "NewFileUpload", "FileDeleted"} {
			body, err := s.Make(kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _, err := verify(t, v, body); got != deliver.NoAnswer {
				t.Errorf("%s: %s, %v", kind, got, err)
			}
		}
	})
}

// A deletion is true when the file, or the part, is gone.
func TestVerifyDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{TaskTime: -1})
		defer s.Close()
		v := newVerifier(t, s, 7, app)
		file := s.Upload(app, vodfake.Upload{})
		s.FastForward(0)
		if _, err := s.Process(app, file, vodfake.Process{Transcode: []uint64{10, 20}, Adaptive: []uint64{12}}); err != nil {
			t.Fatal(err)
		}
		s.FastForward(0)
		s.SetAsking(vodfake.Asking{MasterInTranscodeSet: true})
		expect := func(parts string, want deliver.Verdict) {
			t.Helper()
			body := fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q],"FileDeleteResultInfo":[{"FileId":%q,"DeleteParts":[%s]}]}}`, file, file, parts)
			if got, _, err := verify(t, v, []byte(body)); got != want {
				t.Errorf("%s: %s, %v", parts, got, err)
			}
		}
		const original, ten, transcodes, streams = `{"Type":"OriginalFiles"}`, `{"Type":"TranscodeFiles","Definition":10}`, `{"Type":"TranscodeFiles"}`, `{"Type":"AdaptiveDynamicStreamingFiles"}`
		const wechat = `{"Type":"WechatPublishFiles"}` // VOD lists no such parts
		for _, parts := range []string{"", original, ten, transcodes, streams, wechat + "," + ten} {
			expect(parts, deliver.Refuted)
		}
		other := fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q,"1"],"FileDeleteResultInfo":[{"FileId":"1","DeleteParts":[%s]}]}}`, file, wechat)
		if got, _, err := verify(t, v, other); got != deliver.Refuted {
			t.Errorf("beside a part that VOD does not list: %s, %v", got, err)
		}
		for _, step := range []struct {
			part  event.MediaDeleteItem
			claim string
		}{
			{event.MediaDeleteItem{Type: event.DeletedTranscodeFiles, Definition: 10}, ten},
			{event.MediaDeleteItem{Type: event.DeletedTranscodeFiles}, transcodes}, // VOD lists a playlist among them, which is not one
			{event.MediaDeleteItem{Type: event.DeletedAdaptiveDynamicStreamingFiles}, streams},
			{event.MediaDeleteItem{Type: event.DeletedOriginalFiles}, original},
		} {
			if err := s.Delete(app, file, &step.part); err != nil {
				t.Fatal(err)
			}
			expect(step.claim, deliver.Confirmed)
			expect(wechat+","+step.claim, deliver.NotAsked)
		}
		expect("", deliver.Refuted)
		if err := s.Delete(app, file); err != nil {
			t.Fatal(err)
		}
		expect("", deliver.Confirmed)
		expect(ten, deliver.Confirmed)
	})
}

// An upload with another URL, or another context, is not the one that VOD has.
func TestVerifyUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		v := newVerifier(t, s, app)
		body, err := s.Make("NewFileUpload", map[string]any{"MediaBasicInfo": map[string]any{"SourceInfo": map[string]any{"SourceContext": "user 7"}}})
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(app, body)
		for old, new := range map[string]string{"user 7": "user 8", "/original.mp4": "/other.mp4", `"FileId":"`: `"fileid":"1","FileId":"`} {
			if forged := strings.Replace(string(body), old, new, 1); forged == string(body) {
				t.Fatal(old)
			} else if got, _, err := verify(t, v, []byte(forged)); got != deliver.Refuted {
				t.Errorf("%s: %s, %v", new, got, err)
			}
		}
		renamed := strings.Replace(string(body), `"Name":"`, `"Name":"once `, 1)
		if got, _, err := verify(t, v, []byte(renamed)); got != deliver.Confirmed {
			t.Errorf("renamed since: %s, %v", got, err)
		}
	})
}

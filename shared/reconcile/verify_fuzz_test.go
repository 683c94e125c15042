package reconcile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// FuzzVerify gives the stand-in one event, and asks whether two events are true:
//
//   - the verdict comes in time, and nothing panics;
//   - what VOD sent is not refuted, unless it names nothing or can be read in two ways;
//   - another event of a task is confirmed only if whoever decodes it reads the ids,
//     states and error codes of the true one;
//   - of an event that VOD never sent only a deletion can be confirmed.
func FuzzVerify(f *testing.F) {
	const procedure = `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","Status":"FINISH","FileId":"1","ErrCode":0`
	f.Add([]byte(procedure+`}}`), []byte(procedure+`,"TaſKid":"u"}}`))
	f.Add([]byte(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","Status":"PROCESSING"}}`), []byte(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","Status":"PROCESSING","ſtatus":"FINISH"}}`))
	f.Add([]byte(procedure+`}}`), []byte(procedure+`,"TaſKid":"u","errcode":7}}`))
	f.Add([]byte(procedure+`,"MediaProcessResultSet":[{"TranscodeTask":{"Status":"FAIL"}}]}}`), []byte(procedure+`,"MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS"}}]}}`))
	f.Add([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","MediaBasicInfo":{"MediaUrl":"http://h/a"}}}`), []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","MediaBasicInfo":{"MediaUrl":"http://h/b?a"}}}`))
	f.Add([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1",null],"FileDeleteResultInfo":[null]}}`), []byte(`{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":7}}`))
	f.Add([]byte(`{"EventType":"RemoveWatermark","RemoveWatermarkEvent":null}`), []byte(`{"EventType":"TranscodeComplete","data":{}}`))
	f.Fuzz(func(t *testing.T, sent, other []byte) {
		one, err := event.Parse(sent, event.Origin{Mode: event.Normal})
		if err != nil || len(sent)+len(other) > 4000 {
			return
		}
		two, err := event.Parse(other, event.Origin{Mode: event.Normal})
		if err != nil {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{Rate: -1})
			defer s.Close()
			s.Queue(app, sent)
			v := newVerifier(t, s, app)
			if got, _, err := verify(t, v, sent); got == deliver.NoAnswer || got == deliver.Refuted && !namesNothing(err) && taskIn(one).TaskId != "" {
				t.Fatalf("%s: %s, %v", sent, got, err)
			}
			got, _, err := verify(t, v, other)
			if got == deliver.NoAnswer {
				t.Fatalf("%s: %v", other, err)
			}
			a, b := taskIn(one), taskIn(two)
			if got == deliver.Confirmed && one.Type == two.Type && a.TaskId != "" && b.TaskId != "" && (a.TaskId != b.TaskId || !b.agrees(a)) {
				t.Fatalf("%s is confirmed, and the truth is %s", other, sent)
			}
			nothing := vodfake.New(vodfake.Options{Rate: -1})
			defer nothing.Close()
			if got, _, err := verify(t, newVerifier(t, nothing, app), other); got == deliver.Confirmed && two.Type != "FileDeleted" || got == deliver.NoAnswer {
				t.Fatalf("%s, which VOD never sent: %s, %v", other, got, err)
			}
		})
	})
}

func namesNothing(err error) bool {
	return strings.Contains(err.Error(), "could make it true")
}

// reading is what whoever decodes a task's event reads.
type reading struct {
	TaskId, FileId, Status, ErrCode text
}

// text is a string, or a number's digits.
type text string

func (s *text) UnmarshalJSON(b []byte) error {
	var v string
	if json.Unmarshal(b, &v) != nil {
		v = string(b)
	}
	*s = text(v)
	return nil
}

func taskIn(e *event.Event) (r reading) {
	json.Unmarshal(e.Payload, &r) // what cannot be read says nothing
	return r
}

// agrees tells whether a claim is true: a state that is not final may be a later one.
func (r reading) agrees(truth reading) bool {
	return (r.FileId == "" || r.FileId == truth.FileId) && (r.Status != "FINISH" || truth.Status == "FINISH" || truth.Status == "") &&
		(r.Status != "FINISH" || r.ErrCode == "" || r.ErrCode == "0" || r.ErrCode == truth.ErrCode)
}

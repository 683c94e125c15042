package reconcile_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/reconcile"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// The event of each kind of task can be made again, with the payload's bytes. Its ID
// differs from the true event's.
func TestEventOfEachTask(t *testing.T) {
	for _, k := range event.Kinds {
		member := k.TaskMember()
		if member == "" {
			continue
		}
		body, err := vodfake.Make(7, noon, k.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := event.Parse(body, event.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		d := vod.TaskDetail{TaskType: "oddly spelled", Status: "FINISH", FinishTime: noon, Members: []vod.Member{{Name: "Other", Value: json.RawMessage("{}")}, {Name: member, Value: sent.Payload}}}
		e, err := reconcile.Event(1490012345, "the task", d)
		if k.Type == "ProcessImageAsyncCompleteEvent" {
			if !errors.Is(err, reconcile.ErrNoEvent) {
				t.Errorf("%s, whose detail has another shape: %v", k.Type, err)
			}
			continue
		}
		if err != nil || e.Type != k.Type || e.Field != k.Field || string(e.Payload) != string(sent.Payload) || e.ID == sent.ID || !e.StableID ||
			e.Mode != event.Reconciled || !e.Received.Equal(noon) || e.Source() != "/tencentcloud/vod/1490012345" || e.Subject != sent.Subject {
			t.Errorf("%s: %+v, %v", k.Type, e, err)
		}
		again, _ := reconcile.Event(1490012345, "the task", d)
		other, _ := reconcile.Event(1490012345, "another", d)
		d.Status = "ABORTED"
		aborted, _ := reconcile.Event(1490012345, "the task", d)
		if again.ID != e.ID || other.ID == e.ID || aborted.ID == e.ID {
			t.Errorf("%s: ids %s, %s, %s, %s", k.Type, e.ID, again.ID, other.ID, aborted.ID)
		}
	}
}

// No event is made up for a task for which VOD documents none.
func TestNoEventOfATask(t *testing.T) {
	for name, members := range map[string][]vod.Member{
		"a kind without an event": {{Name: "VideoDubbingAsyncTask", Value: json.RawMessage(`{"TaskId":"1"}`)}},
		"nothing":                 nil,
		"two tasks":               {{Name: "ProcedureTask", Value: json.RawMessage("{}")}, {Name: "ClipTask", Value: json.RawMessage("{}")}},
	} {
		if e, err := reconcile.Event(7, "1", vod.TaskDetail{Status: "FINISH", Members: members}); !errors.Is(err, reconcile.ErrNoEvent) {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
}

// An upload's event is made from the file, with VOD's spelling of numbers.
func TestUploadOfAFile(t *testing.T) {
	m := vod.Media{FileId: "5285890784273533300", Info: json.RawMessage(`{"FileId":5285890784273533300,"BasicInfo":{"CreateTime":"2026-11-20T12:00:00Z","Name":"<a>"},"MetaData":{"Duration":1.50},"TranscodeInfo":null}`)}
	e, err := reconcile.Upload(7, m)
	const want = `{"FileId":"5285890784273533300","MediaBasicInfo":{"CreateTime":"2026-11-20T12:00:00Z","Name":"<a>"},"MetaData":{"Duration":1.50}}`
	if err != nil || e.Type != "NewFileUpload" || string(e.Payload) != want || e.Subject != m.FileId || !e.Received.Equal(noon) {
		t.Errorf("%v, %v", e, err)
	}
	m.Info = json.RawMessage(`{"FileId":"1"}`)
	if _, err := reconcile.Upload(7, m); err == nil {
		t.Error("an upload without a time")
	}
}

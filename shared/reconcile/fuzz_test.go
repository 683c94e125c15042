package reconcile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/reconcile"
	"vodevents/shared/vod"
)

// FuzzEvent makes events from any answers. Each is a CloudEvent that is read as the same
// event. Its id depends only on the task and its status. Its payload has VOD's bytes.
func FuzzEvent(f *testing.F) {
	f.Add("ProcedureTask", []byte(`{"TaskId":"t","Status":"FINISH","FileId":"528"}`), "FINISH")
	f.Add("RemoveWatermarkTask", []byte(`{"FileId":5285485487985271487,"x":1e400}`), "ABORTED")
	f.Add("ProcessImageAsyncTask", []byte(`{}`), "FINISH")
	f.Add("EditMediaTask", []byte(`{"a":"\ud83d","b":[{"c":null}]}`), "")
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, member string, payload []byte, status string) {
		if !json.Valid(payload) || !bytes.HasPrefix(payload, []byte("{")) {
			return // the client passes on only objects
		}
		d := vod.TaskDetail{Status: status, FinishTime: at, Members: []vod.Member{{Name: member, Value: payload}}}
		e, err := reconcile.Event(7, "task-1", d)
		if err != nil {
			if !errors.Is(err, reconcile.ErrNoEvent) {
				t.Fatalf("%s %s: %v", member, payload, err)
			}
			return
		}
		if !bytes.Equal(bytes.TrimSpace(e.Payload), bytes.TrimSpace(payload)) || e.Mode != event.Reconciled || !e.StableID {
			t.Fatalf("%s %s became %+v", member, payload, e)
		}
		again, err := event.ParseCloudEvent(e.AppendCloudEvent(nil))
		if err != nil || again.ID != e.ID || again.Type != e.Type || !bytes.Equal(again.AppendCloudEvent(nil), e.AppendCloudEvent(nil)) {
			t.Fatalf("%s %s: %+v, %v", member, payload, again, err)
		}
		d.Members[0].Value = json.RawMessage(`{"TaskId":"task-1"}`)
		if other, err := reconcile.Event(7, "task-1", d); err != nil || other.ID != e.ID {
			t.Fatalf("its id hangs on its bytes: %v, %v", other, err)
		}
	})
}

// FuzzUpload makes the NewFileUpload of any file.
func FuzzUpload(f *testing.F) {
	f.Add(`528`, []byte(`{"FileId":"528","BasicInfo":{"CreateTime":"2026-11-20T08:00:00Z","Name":"a"},"MetaData":{"Size":1}}`))
	f.Add("\"\\\xff", []byte(`{"BasicInfo":{"CreateTime":"2026-11-20T08:00:00+08:00"},"metadata":null,"MetaData":[]}`))
	f.Fuzz(func(t *testing.T, fileId string, info []byte) {
		if !json.Valid(info) || fileId == "" {
			return
		}
		e, err := reconcile.Upload(7, vod.Media{FileId: fileId, Info: info})
		if err != nil {
			return
		}
		var p struct{ FileId string }
		if err := json.Unmarshal(e.Payload, &p); err != nil || !json.Valid(e.Payload) || p.FileId != string([]rune(fileId)) {
			t.Fatalf("%q %s became %s, %v", fileId, info, e.Payload, err)
		}
		again, err := event.ParseCloudEvent(e.AppendCloudEvent(nil))
		if err != nil || again.ID != e.ID || again.Type != "NewFileUpload" {
			t.Fatalf("%q %s: %+v, %v", fileId, info, again, err)
		}
	})
}

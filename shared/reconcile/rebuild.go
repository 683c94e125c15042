package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// ErrNoEvent means that a task has no event that could be made again: VOD documents
// none for its kind, or with another payload.
var ErrNoEvent = errors.New("reconcile: no event tells of this kind of task")

// taskOf returns the member of a detail that is the task, and the kind of its event.
// TaskType is spelled in too many ways to rely on it.
func taskOf(d vod.TaskDetail) (event.Kind, json.RawMessage, error) {
	var found []vod.Member
	var kind event.Kind
	for _, m := range d.Members {
		if k, ok := kindOfMember(m.Name); ok {
			kind, found = k, append(found, m)
		}
	}
	switch {
	case len(found) == 1 && kind.Type != "ProcessImageAsyncCompleteEvent":
		return kind, found[0].Value, nil
	case len(found) > 1:
		return kind, nil, fmt.Errorf("%w: VOD's answer has %s and %s", ErrNoEvent, found[0].Name, found[1].Name)
	}
	names := make([]string, 0, len(d.Members))
	for _, m := range d.Members {
		names = append(names, m.Name)
	}
	return kind, nil, fmt.Errorf("%w: %s %q", ErrNoEvent, d.TaskType, names)
}

func kindOfMember(member string) (event.Kind, bool) {
	for _, k := range event.Kinds {
		if k.TaskMember() == member {
			return k, true
		}
	}
	return event.Kind{}, false
}

// Event makes the event of a task that has ended, from VOD's answer about it
// (266/34129). The payload has VOD's bytes, but order and nulls may differ from those of
// the event that VOD sends. So the ID differs, too. The error is [ErrNoEvent], or says
// what is strange in the answer.
func Event(subAppId uint64, taskId string, d vod.TaskDetail) (*event.Event, error) {
	kind, payload, err := taskOf(d)
	if err != nil {
		return nil, err
	}
	return remake(kind, payload, subAppId, d.FinishTime, taskId, d.Status)
}

// Upload makes the NewFileUpload of a file, from what VOD says of it (266/31763). It
// lacks the ids of the tasks that the upload began.
func Upload(subAppId uint64, m vod.Media) (*event.Event, error) {
	var info struct {
		BasicInfo, MetaData json.RawMessage
	}
	if err := json.Unmarshal(m.Info, &info); err != nil {
		return nil, fmt.Errorf("reconcile: file %s: %w", m.FileId, err)
	}
	created, err := createTime(m)
	if err != nil {
		return nil, err
	}
	id, err := json.Marshal(m.FileId)
	if err != nil {
		return nil, fmt.Errorf("reconcile: file %s: %w", m.FileId, err)
	}
	payload := fmt.Appendf(nil, `{"FileId":%s,"MediaBasicInfo":%s,"MetaData":%s}`, id, orNull(info.BasicInfo), orNull(info.MetaData))
	return remake(event.Kind{Type: "NewFileUpload", Field: "FileUploadEvent"}, payload, subAppId, created, m.FileId, "")
}

func orNull(value json.RawMessage) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}

func createTime(m vod.Media) (time.Time, error) {
	var info struct {
		BasicInfo struct{ CreateTime string }
	}
	if err := json.Unmarshal(m.Info, &info); err != nil {
		return time.Time{}, fmt.Errorf("reconcile: file %s: %w", m.FileId, err)
	}
	t, err := vod.ParseTime(info.BasicInfo.CreateTime)
	if err != nil || t.IsZero() {
		return time.Time{}, fmt.Errorf("reconcile: file %s: CreateTime is %q", m.FileId, info.BasicInfo.CreateTime)
	}
	return t, nil
}

// remake makes an event. The true event may still come and must count as another one.
// So the ID is a hash of its name and the word reconciled, not of its bytes.
func remake(k event.Kind, payload []byte, subAppId uint64, at time.Time, id, status string) (*event.Event, error) {
	body := fmt.Appendf(nil, `{"EventType":%q,%q:%s}`, k.Type, k.Field, payload)
	e, err := event.Parse(body, event.Origin{Mode: event.Reconciled, SubAppId: subAppId, Received: at})
	if err != nil {
		return nil, fmt.Errorf("reconcile: %s of %s: %w", k.Type, id, err)
	}
	e.ID, e.StableID = reconciledID(k.Type, id, status), true
	return e, nil
}

// reconciledID names an event that was made from VOD's answer.
func reconciledID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p + "\n"))
	}
	h.Write([]byte(event.Reconciled))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

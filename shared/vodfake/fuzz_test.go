package vodfake_test

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// FuzzQueue puts any two bodies into the queue and asks for everything that the
// stand-in then knows, with the project's own client:
//
//   - every answer is one that the client reads, whatever the events say, and nothing
//     panics;
//   - an event comes out with a handle, and is otherwise the event that it was; its
//     handle confirms it, and then the queue is empty;
//   - a task that was listed is described, with the status that the list has, and so is
//     a file.
func FuzzQueue(f *testing.F) {
	for _, s := range []string{
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"a\u0007\u007f\ud800","Status":"\u0001","FileId":"\u00ad","MediaProcessResultSet":[null,{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS"}},{"Type":"Transcode","TranscodeTask":null}]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1","\u0000"],"FileDeleteResultInfo":[null,{"FileId":"1","DeleteParts":[null]}]}}`,
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","MediaBasicInfo":{"Name":"\u001b","MediaUrl":"x","CreateTime":"0000-01-01T00:00:00Z"},"MetaData":{"Size":-1,"VideoStreamSet":[null]}}}`,
		`{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":7,"ErrCode":0,"FileId":"1"}} `,
		`{"EventType":"EditMediaComplete","EditMediaCompleteEvent":{"TaskId":"e","Output":{"FileId":"2","FileType":"\u2028"}}}`,
		` { } `, `{"EventHandle":"x","EventType":"X"}`, `[]`, "\"\xff\"",
	} {
		f.Add([]byte(s), []byte(s), false)
		f.Add([]byte(s), []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`), true)
	}
	f.Fuzz(func(t *testing.T, one, two []byte, nulls bool) {
		if !json.Valid(one) || !json.Valid(two) {
			return // a body that is not JSON comes out as it is, and breaks the answer
		}
		s := vodfake.New(vodfake.Options{Rate: -1, Hold: 1, Alternatives: vodfake.Alternatives{NullMembers: nulls}})
		defer s.Close()
		c, err := vod.New(vod.Options{Endpoint: "vod.example.com", Transport: s.Transport(),
			Credentials: credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}})
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(1, one)
		s.Queue(1, two)
		pullBoth(t, c, one, two)
		askAll(t, c)
	})
}

// pullBoth pulls the two events and confirms those that can be.
func pullBoth(t *testing.T, c *vod.Client, bodies ...[]byte) {
	pulled, err := c.PullEvents(t.Context(), 1)
	if err != nil || len(pulled) != len(bodies) {
		t.Fatalf("%q: %d were pulled, %v", bodies, len(pulled), err)
	}
	var handles []string
	for i, body := range bodies {
		got, _ := event.ParseScanned(pulled[i], event.Origin{Mode: event.Reliable})
		want, _ := event.Parse(body, event.Origin{Mode: event.Reliable})
		var members map[string]json.RawMessage
		if json.Unmarshal(body, &members) != nil || members == nil || members["EventHandle"] != nil {
			continue // no object, or one with a handle already
		}
		if got.Handle == "" || want.StableID && (got.ID != want.ID || got.Type != want.Type || got.Subject != want.Subject) {
			t.Fatalf("%q came as %q: %s %s %q", body, pulled[i].Bytes, got.ID, got.Type, got.Subject)
		}
		handles = append(handles, got.Handle)
	}
	if err := c.ConfirmEvents(t.Context(), 1, handles); err != nil {
		t.Fatalf("%q: %v", bodies, err)
	}
	if left, err := c.PullEvents(t.Context(), 1); !errors.Is(err, vod.ErrEmpty) { // the others are leased
		t.Fatalf("%q: %d are left, %v", bodies, len(left), err)
	}
}

// askAll asks for all tasks and files.
func askAll(t *testing.T, c *vod.Client) {
	tasks, _, err := c.DescribeTasks(t.Context(), 1, vod.TasksRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		d, err := c.DescribeTaskDetail(t.Context(), 1, task.TaskId)
		if err != nil || d.Status != task.Status {
			t.Fatalf("%+v is %+v, %v", task, d, err)
		}
	}
	files, _, err := c.SearchMedia(t.Context(), 1, vod.SearchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		found, missing, err := c.DescribeMediaInfos(t.Context(), 1, []string{file.FileId})
		if err != nil || len(found) != 1 || len(missing) != 0 || found[0].FileId != file.FileId || !utf8.Valid(found[0].Info) {
			t.Fatalf("%q is %q and %q, %v", file.FileId, found, missing, err)
		}
	}
}

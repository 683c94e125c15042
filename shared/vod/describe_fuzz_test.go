package vod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// FuzzDescribe answers the four questions with anything. What is no answer is an
// error; of the others the ids and texts are those that encoding/json reads, and the
// bytes of what is passed on are VOD's.
func FuzzDescribe(f *testing.F) {
	for _, s := range []string{
		`{"TaskSet":[{"TaskId":"1-Procedure-2","Status":"FINISH","TaskType":"Procedure","FileId":5285485487985271487,"CreateTime":"0000-00-00T00:00:00Z","FinishTime":"2026-11-20T08:00:00Z"}],"ScrollToken":"x"}`,
		`{"TaskType":"Procedure","Status":"FINISH","FinishTime":"2026-11-20T08:00:00+08:00","ProcedureTask":{"TaskId":"t","FileId":"528"},"EditMediaTask":null}`,
		`{"MediaInfoSet":[{"FileId":"528","BasicInfo":{"Name":"\ud83d\ude00"}}],"NotExistFileIdSet":["529",530]}`,
		`{"MediaInfoSet":[{"FileId":"528","BasicInfo":null}],"TotalCount":5000}`,
		`{"TotalCount":1e3}`, `{"MediaInfoSet":[{}],"TaskSet":[null],"ScrollToken":null}`, `[]`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if bytes.Contains(bytes.ToLower(answer), []byte("err")) || bytes.ContainsAny(answer, "\\") && bytes.Contains(answer, []byte("\\u00")) {
			return // an error of the API may be tried again, after a while
		}
		whole := fmt.Appendf(nil, `{"Response":%s}`, answer)
		if json.Valid(whole) && !json.Valid(answer) {
			return // it has members behind Response
		}
		c := client(t, "https://vod.example.com", respond(whole))
		object := json.Valid(answer) && bytes.HasPrefix(bytes.TrimSpace(answer), []byte("{"))
		tasks, _, err := c.DescribeTasks(t.Context(), 1, TasksRequest{})
		var want struct {
			TaskSet []struct{ TaskId, Status json.RawMessage }
		}
		switch {
		case err == nil && !object:
			t.Fatalf("%q is taken", answer)
		case err == nil:
			if err := json.Unmarshal(answer, &want); err != nil || len(tasks) != len(want.TaskSet) {
				t.Fatalf("%q: %d tasks, want %d, %v", answer, len(tasks), len(want.TaskSet), err)
			}
			for i := range tasks {
				sameText(t, tasks[i].TaskId, want.TaskSet[i].TaskId)
				sameText(t, tasks[i].Status, want.TaskSet[i].Status)
			}
		}
		d, err := c.DescribeTaskDetail(t.Context(), 1, "t")
		if err == nil {
			members(t, answer, d.Members)
		}
		found, _, err := c.DescribeMediaInfos(t.Context(), 1, []string{"528"})
		media, total, errSearch := c.SearchMedia(t.Context(), 1, SearchRequest{CreatedAfter: time.Unix(0, 0)})
		if errSearch == nil && (total < 0 || total > MaxSearch) {
			t.Errorf("%q: %d files in all", answer, total)
		}
		if err == nil {
			media = append(media, found...)
		}
		for _, m := range media {
			if m.FileId == "" || !json.Valid(m.Info) || !bytes.Contains(answer, m.Info) {
				t.Errorf("%q: %q has %q", answer, m.FileId, m.Info)
			}
		}
	})
}

// sameText compares a text with a value that is a string, a number or null.
func sameText(t *testing.T, got string, value json.RawMessage) {
	t.Helper()
	var want string
	if err := json.Unmarshal(value, &want); err != nil && value != nil {
		want = string(value) // digits stay as they are
	}
	if got != want {
		t.Errorf("%s was read as %q", value, got)
	}
}

// members compares the members that are objects with encoding/json's.
func members(t *testing.T, answer []byte, got []Member) {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(answer, &all); err != nil {
		t.Fatalf("%q is taken: %v", answer, err)
	}
	last := map[string]json.RawMessage{}
	for _, m := range got {
		last[m.Name] = m.Value
	}
	for name, value := range all {
		object := len(value) > 0 && value[0] == '{'
		if object && !bytes.Equal(last[name], value) {
			t.Errorf("%q: %q is %s", answer, name, last[name])
		}
		delete(last, name)
	}
	for name, value := range last {
		t.Errorf("%q: a member %q, %s", answer, name, value)
	}
}

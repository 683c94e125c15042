package vod

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// respondTo serves one answer and returns what the call sent.
func respondTo(t *testing.T, answer string) (c *Client, sent func() string) {
	t.Helper()
	var body string
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = r.Header.Get("X-TC-Action") + " " + string(b)
		io.WriteString(w, answer)
	})
	return c, func() string { return body }
}

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// Ids may be numbers beyond 2^53, and times may be missing in three spellings.
func TestDescribeTasks(t *testing.T) {
	c, sent := respondTo(t, `{"Response":{"TaskSet":[
		{"TaskId":"1490012345-Procedure-0a1bt0","Status":"FINISH","FileId":7757825776755516799,"TaskType":"procedurev2",
		 "CreateTime":"2026-11-25T10:00:00Z","BeginProcessTime":"2026-11-25T10:00:01Z","FinishTime":"2026-11-25T10:02:00Z","SessionId":"s","SessionContext":"<c>"},
		{"TaskId":"2","Status":"WAITING","FileId":null,"CreateTime":"2026-11-25T10:00:00Z","BeginProcessTime":"0000-00-00T00:00:00Z","FinishTime":""}],
		"ScrollToken":"next"}}`)
	tasks, scroll, err := c.DescribeTasks(t.Context(), 1<<63+1, TasksRequest{
		Status: "FINISH", FinishedAfter: utc("2026-11-25T10:00:00Z"), FinishedBefore: utc("2026-11-25T19:00:00+08:00"), ScrollToken: "this"})
	want := []Task{
		{TaskId: "1490012345-Procedure-0a1bt0", Status: "FINISH", TaskType: "procedurev2", FileId: "7757825776755516799",
			CreateTime: utc("2026-11-25T10:00:00Z"), BeginProcessTime: utc("2026-11-25T10:00:01Z"), FinishTime: utc("2026-11-25T10:02:00Z"), SessionId: "s", SessionContext: "<c>"},
		{TaskId: "2", Status: "WAITING", CreateTime: utc("2026-11-25T10:00:00Z")},
	}
	if err != nil || scroll != "next" || !cmp.Equal(tasks, want) {
		t.Errorf("%v, %q: %s", err, scroll, cmp.Diff(want, tasks))
	}
	const request = `DescribeTasks {"SubAppId":9223372036854775809,"Status":"FINISH","FinishTime":{"After":"2026-11-25T10:00:00Z","Before":"2026-11-25T11:00:00Z"},"Sort":{"Field":"FinishTime","Order":"Asc"},"Limit":100,"ScrollToken":"this"}`
	if sent() != request {
		t.Errorf("sent %s", sent())
	}
}

// The task's member keeps every byte, so that an event can be made of it.
func TestDescribeTaskDetailKeepsBytes(t *testing.T) {
	const payload = `{"TaskId":"a", "FileId":9007199254740993,"Duration":1.50,"New":[null] ,"Name":"\u00fc"}`
	c, sent := respondTo(t, `{"Response":{"TaskType":"PullUpload","Status":"FINISH","CreateTime":"2026-11-25T10:00:00Z","BeginProcessTime":"","FinishTime":"2026-11-25T10:02:00Z",
		"ProcedureTask":null,"PullUploadTask": `+payload+` ,"RequestId":"r"}}`)
	d, err := c.DescribeTaskDetail(t.Context(), 7, "a")
	want := TaskDetail{Status: "FINISH", TaskType: "PullUpload", CreateTime: utc("2026-11-25T10:00:00Z"), FinishTime: utc("2026-11-25T10:02:00Z"),
		Members: []Member{{"PullUploadTask", json.RawMessage(payload)}}}
	if err != nil || !cmp.Equal(d, want) {
		t.Errorf("%v: %s", err, cmp.Diff(want, d))
	}
	if sent() != `DescribeTaskDetail {"SubAppId":7,"TaskId":"a"}` {
		t.Errorf("sent %s", sent())
	}
}

func TestDescribeMediaInfosKeepsBytes(t *testing.T) {
	const info = `{"FileId":7757825776755516799,"BasicInfo":{"Name":"\u00fc"} ,"MetaData":null}`
	c, sent := respondTo(t, `{"Response":{"MediaInfoSet":[`+info+`],"NotExistFileIdSet":[12345678901234567890,"b"]}}`)
	found, missing, err := c.DescribeMediaInfos(t.Context(), 7, []string{"7757825776755516799", "b"}, BasicInfo, MetaData)
	if want := []Media{{"7757825776755516799", json.RawMessage(info)}}; err != nil || !cmp.Equal(found, want) || !cmp.Equal(missing, []string{"12345678901234567890", "b"}) {
		t.Errorf("%v, missing %q: %s", err, missing, cmp.Diff(want, found))
	}
	if sent() != `DescribeMediaInfos {"SubAppId":7,"FileIds":["7757825776755516799","b"],"Filters":["basicInfo","metaData"]}` {
		t.Errorf("sent %s", sent())
	}
	if _, _, err := c.DescribeMediaInfos(t.Context(), 7, make([]string, 21)); err == nil {
		t.Error("took 21 files")
	}
}

// The last page ends where SearchMedia does.
func TestSearchMedia(t *testing.T) {
	c, sent := respondTo(t, `{"Response":{"TotalCount":"7000","MediaInfoSet":[{"FileId":"1"}]}}`)
	found, total, err := c.SearchMedia(t.Context(), 7, SearchRequest{
		CreatedAfter: utc("2026-11-25T10:00:00Z"), CreatedBefore: utc("2026-11-25T11:00:00Z"), Categories: []string{"Video"}, Offset: 4950})
	if err != nil || total != MaxSearch || len(found) != 1 || found[0].FileId != "1" {
		t.Errorf("%v, %d, %v", found, total, err)
	}
	const request = `SearchMedia {"SubAppId":7,"CreateTime":{"After":"2026-11-25T10:00:00Z","Before":"2026-11-25T11:00:00Z"},"Categories":["Video"],"Sort":{"Field":"CreateTime","Order":"Asc"},"Offset":4950,"Limit":50,"Filters":["basicInfo","metaData"]}`
	if sent() != request {
		t.Errorf("sent %s", sent())
	}
}

// An answer that is not as documented is an error, and never an empty list.
func TestStrangeDescriptions(t *testing.T) {
	for name, answer := range map[string]string{
		"a time":            `{"Response":{"Status":"FINISH","FinishTime":"yesterday"}}`,
		"a status":          `{"Response":{"Status":{"of":"task"}}}`,
		"a list of tasks":   `{"Response":{"TaskSet":{},"MediaInfoSet":{},"TotalCount":1,"Status":[]}}`,
		"a file without id": `{"Response":{"MediaInfoSet":[{}],"TotalCount":1,"TaskSet":[3],"Status":[]}}`,
	} {
		c, _ := respondTo(t, answer)
		_, detail := c.DescribeTaskDetail(t.Context(), 7, "a")
		if !errors.Is(detail, ErrStrange) {
			t.Errorf("%s: DescribeTaskDetail: %v", name, detail)
		}
		if name == "a time" || name == "a status" {
			continue
		}
		_, _, tasks := c.DescribeTasks(t.Context(), 7, TasksRequest{})
		_, _, infos := c.DescribeMediaInfos(t.Context(), 7, []string{"1"})
		_, _, search := c.SearchMedia(t.Context(), 7, SearchRequest{})
		for _, err := range []error{tasks, infos, search} {
			if !errors.Is(err, ErrStrange) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestUnknownTask(t *testing.T) {
	for code, want := range map[string]bool{"ResourceNotFound": true, "InvalidParameterValue.TaskId": true, "InvalidParameterValue.SubAppId": false, "InternalError": false} {
		c, _ := respondTo(t, `{"Response":{"Error":{"Code":"`+code+`","Message":"no"}}}`)
		if _, err := c.DescribeTaskDetail(t.Context(), 7, "a"); errors.Is(err, ErrUnknown) != want {
			t.Errorf("%s: %v", code, err)
		}
		if _, _, err := c.DescribeTasks(t.Context(), 7, TasksRequest{}); errors.Is(err, ErrUnknown) {
			t.Errorf("%s of DescribeTasks: %v", code, err)
		}
	}
}

// Each action has a limiter of its own; a call that would come too late is not made.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		transport := tripper(func(r *http.Request) (*http.Response, error) {
			calls++
			return respond([]byte(`{"Response":{"TaskSet":[],"Status":"FINISH"}}`))(r)
		})
		c, err := New(Options{Endpoint: "http://127.0.0.1:1", Credentials: testKeys, Transport: transport, Pace: NewPace(100)})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range 99 {
			if _, _, err := c.DescribeTasks(t.Context(), 7, TasksRequest{}); err != nil {
				t.Fatal(err)
			}
			if _, err := c.DescribeTaskDetail(t.Context(), 7, "a"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start).Round(time.Millisecond); took != time.Second {
			t.Errorf("99 calls of each took %v, want 1 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		before := calls
		if _, _, err := c.DescribeTasks(ctx, 7, TasksRequest{}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrRetry) || calls != before {
			t.Errorf("%v after %d calls", err, calls-before)
		}
	})
}

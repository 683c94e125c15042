package main

import (
	"fmt"
	"strings"
	"testing"

	"vodevents/shared/event"
)

// Of all events that come, those of the demonstration are picked. What went wrong in
// VOD is reported.
func TestDemonstrationSorts(t *testing.T) {
	t.Parallel()
	parse := func(body string) pulled {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable})
		if err != nil {
			t.Fatal(err)
		}
		return pulled{Event: e}
	}
	upload := parse(`{"EventHandle":"1","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"f"}}`)
	stored := parse(`{"EventHandle":"2","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"u","FileId":"f"}}`)
	procedure := func(handle, task string, errCode, subErrCode int) pulled {
		return parse(fmt.Sprintf(`{"EventHandle":%q,"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"FileId":"f","Status":"FINISH","ErrCode":%d,
			"MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"ErrCode":%d,"Message":"source file broken"}}]}}`, handle, task, errCode, subErrCode))
	}
	for _, test := range []struct {
		name   string
		pulls  [][]pulled
		want   string // handles of its own
		others int
		fails  string
	}{
		{"in the order of the tutorial", [][]pulled{{stored}, {upload}, {procedure("3", "p", 0, 0)}}, "2 1 3", 0, ""},
		{"upload first", [][]pulled{{upload, stored}, {procedure("3", "p", 0, 0)}}, "2 1 3", 0, ""},
		{"others", [][]pulled{{
			parse(`{"EventHandle":"7","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"g"}}`),
			parse(`{"EventHandle":"8","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"v","FileId":"g"}}`),
			parse(`{"EventHandle":"9","EventType":"SomethingNew"}`),
			parse(`{"EventHandle":"10","EventType":"NewFileUpload","FileUploadEvent":{"FileId":1}}`),
			procedure("11", "q", 0, 70000),
		}, {stored, procedure("3", "p", 0, 0)}}, "2 3", 5, ""},
		{"the deprecated ErrCode", [][]pulled{{procedure("3", "p", 40000, 0)}}, "3", 0, ""},
		{"a sub-task fails", [][]pulled{{procedure("3", "p", 0, 60000)}}, "3", 0, "Transcode: 60000 source file broken"},
		{"the upload fails", [][]pulled{{parse(`{"EventHandle":"2","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"u","ErrCode":40000,"Message":"no such file"}}`)}},
			"2", 0, "PullUpload: 40000 no such file"},
	} {
		d := demonstration{upload: "u", process: "p", others: map[string]bool{}}
		var handles []string
		for _, events := range test.pulls {
			for _, e := range d.sort(events) {
				handles = append(handles, e.Handle)
			}
		}
		if got := strings.Join(handles, " "); got != test.want || len(d.others) != test.others || d.failure != test.fails {
			t.Errorf("%s: own %q, others %d, failure %q", test.name, got, len(d.others), d.failure)
		}
	}
}

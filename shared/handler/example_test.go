package handler_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/handler"
)

// onEvent is what Event in handler.go may look like.
func onEvent(ctx context.Context, e *event.Event) error {
	payload, err := e.Decode()
	if err != nil {
		return handler.Permanent(err) // a field of an unexpected kind stays so
	}
	switch p := payload.(type) {
	case *event.FileUploadTask:
		fmt.Println("uploaded", p.FileId, p.MediaBasicInfo.Name)
	case *event.ProcedureTask:
		if p.Status != "FINISH" {
			return nil // TasksNotifyMode is Change: the last notice will come
		}
		// ErrCode of the procedure itself is deprecated: ask each sub-task.
		for _, r := range p.MediaProcessResultSet {
			if t := r.TranscodeTask; t != nil {
				if t.ErrCode != 0 {
					return handler.Permanent(fmt.Errorf("transcoding %s: %d %s", p.FileId, t.ErrCode, t.Message))
				}
				fmt.Println("transcoded", p.FileId, t.Output.Url)
			}
		}
	case event.Unknown:
		fmt.Println("a kind this release does not know:", p.Type)
	}
	return nil
}

func Example() {
	for _, body := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5145403721233902989","MediaBasicInfo":{"Name":"harbour at dawn"}}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"FileId":"5145403721233902989","Status":"FINISH","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"ErrCode":0,"Output":{"Url":"https://media.example.com/v.100010.mp4"}}}]}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"FileId":"5145403721233902990","Status":"FINISH","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"ErrCode":60000,"Message":"source file broken"}}]}}`,
		`{"EventType":"SomethingNew","SomethingNewEvent":{"TaskId":"t"}}`,
	} {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: time.Now()})
		if err != nil {
			panic(err)
		}
		if err := onEvent(context.Background(), e); err != nil {
			fmt.Println("parked:", err)
		}
	}
	// Output:
	// uploaded 5145403721233902989 harbour at dawn
	// transcoded 5145403721233902989 https://media.example.com/v.100010.mp4
	// parked: transcoding 5145403721233902990: 60000 source file broken
	// a kind this release does not know: SomethingNew
}

func ExamplePermanent() {
	broken := errors.New("no such tenant")
	err := handler.Permanent(fmt.Errorf("billing: %w", broken))
	fmt.Println(err, errors.Is(err, broken))
	// Output: billing: no such tenant true
}

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
		// One member does not have its documented type. The event is fine: its
		// other members are in payload, and all of its bytes are in e.Payload.
		fmt.Println("read in part:", err)
	}
	switch p := payload.(type) {
	case *event.FileUploadTask:
		name := "a file"
		if p.MediaBasicInfo != nil { // any object can be nil
			name = p.MediaBasicInfo.Name
		}
		fmt.Println("uploaded", p.FileId, name)
	case *event.ProcedureTask:
		if p.Status != event.TaskFinish {
			return nil // TasksNotifyMode is Change: the last notice will come
		}
		// ErrCode of the procedure itself is deprecated: ask each sub-task.
		for _, r := range p.MediaProcessResultSet {
			t := r.TranscodeTask
			if t == nil {
				continue
			}
			if t.Status == event.SubTaskFail {
				return handler.Permanent(fmt.Errorf("transcoding %s: %s %s", p.FileId, t.ErrCodeExt, t.Message))
			}
			if t.Output != nil {
				fmt.Println("transcoded", p.FileId, t.Output.Url)
			}
		}
	case event.Unknown:
		fmt.Printf("%s, which this release does not know: %s\n", p.Type, p.Payload)
	}
	return nil
}

func Example() {
	for _, body := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5145403721233902989","MediaBasicInfo":{"Name":"harbor at dawn"}}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"FileId":"5145403721233902989","Status":"FINISH","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"https://media.example.com/v.100010.mp4"}}}]}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"FileId":"5145403721233902990","Status":"FINISH","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"SourceFileError","Message":"source file broken","Output":null}}]}}`,
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":5145403721233902991,"MetaData":{"Size":"unknown"}}}`,
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
	// uploaded 5145403721233902989 harbor at dawn
	// transcoded 5145403721233902989 https://media.example.com/v.100010.mp4
	// parked: transcoding 5145403721233902990: SourceFileError source file broken
	// read in part: event: payload of NewFileUpload read in part, what is missing is still in Event.Payload: json: cannot unmarshal string into Go struct field MediaMetaData.MetaData.Size of type int64
	// uploaded 5145403721233902991 a file
	// SomethingNew, which this release does not know: {"TaskId":"t"}
}

func ExamplePermanent() {
	broken := errors.New("no such tenant")
	err := handler.Permanent(fmt.Errorf("billing: %w", broken))
	fmt.Println(err, errors.Is(err, broken))
	// Output: billing: no such tenant true
}

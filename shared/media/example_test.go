package media_test

import (
	"fmt"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// A player page asks: can I show 5285890784273533167, and with which URL?
func Example() {
	received := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	bodies := []string{
		// In any order: the procedure's event is here before that of the upload.
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1500012345-Procedure-9f","Status":"FINISH","FileId":"5285890784273533167","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"SourceFileError","Message":"no video stream","Input":{"Definition":100030},"Output":null}},
			{"Type":"AdaptiveDynamicStreaming","AdaptiveDynamicStreamingTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Package":"HLS","Url":"https://media.example.com/5285890784273533167/adp.10.m3u8"}}}]}}`,
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533167","MediaBasicInfo":{"Name":"Harbour","MediaUrl":"https://media.example.com/5285890784273533167/original.mp4"},"ProcedureTaskId":"1500012345-Procedure-9f"}}`,
	}
	m := media.Media{Source: "/tencentcloud/vod", FileId: "5285890784273533167"}
	for i, body := range bodies {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: received.Add(time.Duration(i) * time.Second)})
		if err != nil {
			fmt.Println(err)
			return
		}
		m = media.Apply(m, e)
	}
	row := m.Row()
	fmt.Println(row.Name, "is", row.State)
	fmt.Println("play", row.PlayUrl)
	fmt.Println("but", row.Error)
	// Output:
	// Harbour is ready
	// play https://media.example.com/5285890784273533167/adp.10.m3u8
	// but SourceFileError: no video stream
}

package event_test

import (
	"fmt"

	"vodevents/shared/event"
)

func ExampleEvent_Decode() {
	bodies := []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{
			"FileId":"5145403691847260531",
			"MediaBasicInfo":{"Name":"harbor","MediaUrl":"https://vod.example.com/harbor.mp4"}}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{
			"TaskId":"1304811257-procedurev2-b3c9","Status":"FINISH","FileId":"5145403691847260531",
			"MediaProcessResultSet":[
				{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCode":0,
					"Output":{"Url":"https://vod.example.com/harbor.f100830.mp4"}}},
				{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"FAIL","ErrCodeExt":"SourceFileError","Message":"no frame"}}]}}`,
		`{"EventType":"HologramComplete","HologramCompleteEvent":{"TaskId":"1"}}`,
	}
	for _, body := range bodies {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal})
		if err != nil {
			fmt.Println(err)
			continue
		}
		payload, err := e.Decode()
		if err != nil {
			fmt.Println(err) // one member is odd; payload holds the others
		}
		switch p := payload.(type) {
		case *event.FileUploadTask:
			if p.MediaBasicInfo != nil {
				fmt.Println(p.FileId, "is at", p.MediaBasicInfo.MediaUrl)
			}
		case *event.ProcedureTask:
			// The task's own ErrCode is deprecated: each sub-task has a Status.
			for _, r := range p.MediaProcessResultSet {
				switch t, c := r.TranscodeTask, r.CoverBySnapshotTask; {
				case t != nil && t.Status == event.SubTaskSuccess:
					fmt.Println(r.Type, "is at", t.Output.Url)
				case c != nil && c.Status == event.SubTaskFail:
					fmt.Println(r.Type, "failed:", c.ErrCodeExt, c.Message)
				}
			}
		case event.Unknown:
			fmt.Println(p.Type, "is new:", string(p.Payload))
		}
	}
	// Output:
	// 5145403691847260531 is at https://vod.example.com/harbor.mp4
	// Transcode is at https://vod.example.com/harbor.f100830.mp4
	// CoverBySnapshot failed: SourceFileError no frame
	// HologramComplete is new: {"TaskId":"1"}
}

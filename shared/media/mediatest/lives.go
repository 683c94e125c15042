// Package mediatest has test data: events of media, and the rows that must come of
// them, written by hand.
package mediatest

import (
	"fmt"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// Source is that of every event of a life.
const Source = "/tencentcloud/vod/1500066000"

// Start is when the first event of a life is received. Each next one comes a minute
// later.
var Start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// Life is what happens to one media.
type Life struct {
	Name   string
	Bodies []string // of the events, in the order in which they happened
	Row    media.Row
}

// Events are the life's events as they are received.
func (l *Life) Events() []*event.Event {
	var all []*event.Event
	for i, body := range l.Bodies {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, SubAppId: 1500066000, Received: Start.Add(time.Duration(i) * time.Minute)})
		if err != nil {
			panic(err) // the bodies are written by hand
		}
		all = append(all, e)
	}
	return all
}

// at is a time so many minutes after [Start].
func at(minutes int) time.Time { return Start.Add(time.Duration(minutes) * time.Minute) }

func url(fileID, name string) string { return "https://cdn.example.com/" + fileID + "/" + name }

func upload(fileID, task string) string {
	return fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":%q,"MediaBasicInfo":{"Name":"ferry","Category":"Video","Type":"mp4","MediaUrl":%q,"CoverUrl":%q,"CreateTime":"2026-11-20T08:59:00Z","ExpireTime":"9999-12-31T23:59:59Z","StorageClass":"STANDARD","SourceInfo":{"SourceType":"Upload","SourceContext":"album-7"}},"MetaData":{"Size":9007199254740993,"Duration":61.5,"Width":1920,"Height":1080},"ProcedureTaskId":%q}}`,
		fileID, url(fileID, "original.mp4"), url(fileID, "cover.jpg"), task)
}

func procedure(fileID, task string, results ...string) string {
	return fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"Status":"FINISH","FileId":%q,"FileName":"ferry as it was","FileUrl":%q,"MetaData":{"Size":1},"SessionContext":"order-12","MediaProcessResultSet":[%s]}}`,
		task, fileID, url(fileID, "original.mp4"), strings.Join(results, ","))
}

func transcode(fileID string, definition, height int, name, finish string) string {
	return fmt.Sprintf(`{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Definition":%[1]d,"Url":%q,"Width":1280,"Height":%d,"Size":4000000000,"Bitrate":900000,"Duration":61.4,"Container":"mp4"},"FinishTime":%q}}`,
		definition, url(fileID, name), height, finish)
}

func failedTranscode(definition int, finish string) string {
	return fmt.Sprintf(`{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"SourceFileError.Codec","ErrCode":60000,"Message":"codec unknown","Input":{"Definition":%d},"Output":null,"FinishTime":%q}}`, definition, finish)
}

func deletion(fileID, parts string) string {
	return fmt.Sprintf(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":[%q],"FileDeleteResultInfo":[{"FileId":%[1]q,"DeleteParts":[%s]}]}}`, fileID, parts)
}

// uploaded is the row of upload, last told of by that event of the life.
func uploaded(fileID string) media.Row {
	return media.Row{
		Source: Source, FileId: fileID, State: media.Ready, Name: "ferry", Category: "Video", Type: "mp4",
		MediaUrl: url(fileID, "original.mp4"), PlayUrl: url(fileID, "original.mp4"), CoverUrl: url(fileID, "cover.jpg"),
		Size: 9007199254740993, Duration: 61.5, Width: 1920, Height: 1080,
		SourceContext: "album-7", StorageClass: "STANDARD",
		CreatedAt: time.Date(2026, 11, 20, 8, 59, 0, 0, time.UTC), ExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
}

func transcoded(fileID string, definition, height int64, name, task string, finished time.Time) media.Output {
	return media.Output{
		Kind: event.ProcessTranscode, Definition: definition, Status: event.SubTaskSuccess, Url: url(fileID, name),
		Width: 1280, Height: height, Size: 4000000000, Bitrate: 900000, Duration: 61.4, Container: "mp4", TaskId: task, FinishedAt: finished,
	}
}

// row changes a row.
func row(r media.Row, change func(*media.Row)) media.Row {
	change(&r)
	return r
}

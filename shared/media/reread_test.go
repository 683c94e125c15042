package media_test

import (
	"fmt"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/media"
)

// A MediaRead is an event of our own. A callback that calls itself one tells nothing, for
// anybody could have sent it: it would be no event of VOD's.
func TestACallbackIsNoReread(t *testing.T) {
	for _, body := range []string{
		`{"EventType":"MediaRead","FileId":"5285890784363439011","NotExist":true}`,
		`{"EventType":"MediaRead","MediaReadEvent":{},"FileId":"5285890784363439011","BasicInfo":{"MediaUrl":"https://evil.example.com"}}`,
	} {
		for _, mode := range []event.Mode{event.Normal, event.Reliable} {
			e, err := event.Parse([]byte(body), event.Origin{Mode: mode, Received: time.Now()})
			if err != nil {
				t.Fatal(err)
			}
			if got := media.Of(e); len(got) != 0 {
				t.Errorf("%s, %s: %+v", mode, body, got[0].Row())
			}
		}
	}
}

// A transcode and an adaptive stream can have one Definition, such as 10 of the presets.
// TranscodeSet then has that Definition for either: nothing says that the transcode is
// gone (266/31763). It is gone if TranscodeSet does not have it.
func TestRereadKeepsATranscodeBesideAStreamOfItsDefinition(t *testing.T) {
	const id = "5285890784363439010"
	made := told(t, []string{`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p","Status":"FINISH","FileId":"` + id + `","MediaProcessResultSet":[
{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Url":"https://v.example.com/v.f10.mp4"}}},
{"Type":"AdaptiveDynamicStreaming","AdaptiveDynamicStreamingTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Url":"https://v.example.com/adp.10.m3u8"}}}]}}`})[0]
	for _, c := range []struct {
		set    string
		status event.SubTaskStatus
		url    string
	}{
		{`{"Definition":0,"Url":"https://v.example.com/o.mp4"},{"Definition":10,"Url":"https://v.example.com/v.f10.mp4"},{"Definition":10,"Url":"https://v.example.com/adp.10.m3u8"}`, event.SubTaskSuccess, "https://v.example.com/v.f10.mp4"},
		{`{"Definition":0,"Url":"https://v.example.com/o.mp4"}`, media.StatusDeleted, ""},
	} {
		read, err := event.ParseCloudEvent(fmt.Appendf(nil, `{"specversion":"1.0","id":"%032x","source":%q,"type":"com.tencent.cloud.vod.MediaRead","time":%q,"vodmode":"reconciled","data":{"FileId":%q,"TranscodeInfo":{"TranscodeSet":[%s]},"AdaptiveDynamicStreamingInfo":{"AdaptiveDynamicStreamingSet":[{"Definition":10,"Url":"https://v.example.com/adp.10.m3u8"}]}}}`,
			1, made.Source(), made.Received.Add(time.Hour).Format(time.RFC3339), id, c.set))
		if err != nil {
			t.Fatal(err)
		}
		m := fold(t, []*event.Event{read, made}, true)[id]
		row := m.Row()
		if len(row.Outputs) != 2 || row.Outputs[0].Url != "https://v.example.com/adp.10.m3u8" || row.Outputs[1].Status != c.status || row.Outputs[1].Url != c.url {
			t.Errorf("%s: %+v", c.set, row.Outputs)
		}
	}
}

package sqltable

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// BenchmarkFold is what the state of media costs of one procedure with twelve
// transcodes, without the database.
func BenchmarkFold(b *testing.B) {
	var results []string
	for i := range 12 {
		results = append(results, fmt.Sprintf(`{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Url":"https://media.example.com/out/1/v.f%[1]d.mp4","Size":31000000,"Container":"mov,mp4,m4a,3gp,3g2,mj2","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"%032[1]x","Duration":60.6,"Definition":%[1]d}}}`, 100010+i))
	}
	body := fmt.Appendf(nil, `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","Status":"FINISH","FileId":"5145403700000000001","FileName":"harbor at dawn","FileUrl":"https://media.example.com/in/1.mp4","MediaProcessResultSet":[%s]}}`, strings.Join(results, ","))
	e, err := event.Parse(body, event.Origin{Mode: event.Reliable, Received: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		telling := Tell([]*event.Event{e})
		if _, err := telling.Fold(map[string]time.Time{e.ID: e.Received}, map[MediaKey][]byte{}, nil); err != nil {
			b.Fatal(err)
		}
		telling.Release()
	}
}

package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// BenchmarkSendWithMedia writes batches of 16 procedures with twelve transcodes,
// each of a media of its own.
func BenchmarkSendWithMedia(b *testing.B) {
	for _, with := range []string{"", "&media=vod_media"} {
		b.Run("media"+with, func(b *testing.B) {
			u, table := newTable(b)
			u.RawQuery += strings.ReplaceAll(with, "vod_media", table+"_media")
			s := openSink(b, u)
			n := 0
			for b.Loop() {
				var batch []*event.Event
				for range 16 {
					n++
					batch = append(batch, transcodedTwelve(b, n))
				}
				taken(b, s.Send(b.Context(), batch))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/event")
		})
	}
}

func transcodedTwelve(t testing.TB, n int) *event.Event {
	var results []string
	for i := range 12 {
		results = append(results, fmt.Sprintf(`{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Url":"https://media.example.com/out/%d/v.f%[1]d.mp4","Size":31000000,"Container":"mov,mp4,m4a,3gp,3g2,mj2","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"%032[1]x","Duration":60.6,"Definition":%[1]d}}}`, 100010+i, n))
	}
	body := fmt.Appendf(nil, `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t%d","Status":"FINISH","FileId":"51454037%011[1]d","FileName":"harbor at dawn","FileUrl":"https://media.example.com/in/1.mp4","MediaProcessResultSet":[%[2]s]}}`, n, strings.Join(results, ","))
	e, err := event.Parse(body, event.Origin{Mode: event.Reliable, Received: time.Now()})
	must(t, err)
	return e
}

package media_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"vodevents/shared/event"
)

// FuzzFold holds the fold to its promise for any events: two of them give the same
// state in both orders, and again when they come twice, also through the column doc.
func FuzzFold(f *testing.F) {
	for _, seed := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","MediaBasicInfo":{"Name":"a","ExpireTime":"2027-01-01T00:00:00Z"},"ProcedureTaskId":"p"}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"p","Status":"FINISH","FileId":"1","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"u","Definition":10}}}]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1","2"]}}`,
		`{"EventType":"PullComplete","PullCompleteEvent":{"TaskId":"t","ErrCode":1,"FileId":"1"}}`,
	} {
		f.Add([]byte(seed), []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`))
	}
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, one, other []byte) {
		a, _ := event.Parse(one, event.Origin{Mode: event.Normal, SubAppId: 1, Received: at})
		b, _ := event.Parse(other, event.Origin{Mode: event.Reliable, SubAppId: 1, Received: at.Add(time.Second)})
		want := fold(t, []*event.Event{a, b}, false)
		for n, order := range [][]*event.Event{{b, a}, {a, b, a}, {b, a, b, a}} {
			if got := fold(t, order, false); !reflect.DeepEqual(got, want) {
				t.Fatalf("order %d:\n%+v\n%+v", n, got, want)
			}
			got := fold(t, slices.Clone(order), true)
			if len(got) != len(want) {
				t.Fatalf("order %d: %d media, want %d", n, len(got), len(want))
			}
			for id, m := range got {
				w := want[id]
				if x, y := asJSON(t, m.Row()), asJSON(t, w.Row()); x != y {
					t.Fatalf("order %d, through doc:\n%s\n%s", n, x, y)
				}
			}
		}
	})
}

package sqltable

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/stored"
)

// rowOf is the row of the n-th event, whose payload is a procedure's.
func rowOf(t testing.TB, n int, payload string) stored.Row {
	t.Helper()
	body := `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":` + payload + `}`
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: time.Unix(1e9+int64(n), 0)})
	if err != nil {
		t.Fatal(err)
	}
	return stored.Row{ID: fmt.Sprintf("%032x", n), Type: e.CloudEventType(), Source: e.Source(), Mode: string(e.Mode), Received: e.Received, Data: []byte(body)}
}

// Memory for each event that was ever read would fill the memory of whoever
// rebuilds the tables.
func TestRefoldHoldsMediaAndNotTheirEvents(t *testing.T) {
	row := rowOf(t, 0, `{"TaskId":"t","Status":"PROCESSING","FileId":"5285890784273530001","MediaProcessResultSet":[{"TranscodeTask":{"Status":"PROCESSING","Input":{"Definition":20}}}]}`)
	key := MediaKey{Source: row.Source, FileId: "5285890784273530001"}
	r := NewRefold(map[MediaKey][]byte{key: nil})
	before := live()
	for range 10_000 {
		r.Add(row)
	}
	if grown := live() - before; grown > 4<<20 {
		t.Errorf("10,000 events of one media hold %d bytes", grown)
	}
	if rows := r.Rows(); len(rows.Media) != 1 || len(rows.Outputs) != 1 {
		t.Errorf("got %+v", rows)
	}
}

// live is how many bytes are in use.
func live() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What an event told stays when the memory in which it was read is used again.
func TestRefoldOfManyMediaIsThatOfEach(t *testing.T) {
	t.Parallel()
	const media, events = 40, 3
	var rows []stored.Row
	docs := map[MediaKey][]byte{}
	for i := range media * events {
		file := fmt.Sprintf("52858907842735%05d", i%media)
		rows = append(rows, rowOf(t, i, fmt.Sprintf(`{"TaskId":"t%d","Status":"FINISH","FileId":"%s","FileName":"quay %[1]d","MediaProcessResultSet":[`+
			`{"TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"https://media.example.com/%[1]d.mp4","Definition":%[1]d,"Height":%[1]d}}},`+
			`{"TranscodeTask":{"Status":"FAIL","ErrCode":%[1]d,"Message":"m","Input":{"Definition":200}}}]}`, i, file)))
		docs[MediaKey{Source: rows[i].Source, FileId: file}] = nil
	}
	together := NewRefold(docs)
	for _, row := range rows {
		together.Add(row)
	}
	got := together.Rows()
	var want MediaRows
	for first := range media {
		alone := NewRefold(docs)
		for i := first; i < len(rows); i += media {
			alone.Add(rows[i])
		}
		one := alone.Rows()
		want.Media, want.Outputs = append(want.Media, one.Media...), append(want.Outputs, one.Outputs...)
	}
	if len(got.Outputs) != media*(events+1) {
		t.Errorf("%d outputs", len(got.Outputs))
	}
	got.Powers = want.Powers
	if got, want := asJSON(t, got), asJSON(t, want); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

package mediatest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// TestFates proves which rows of events count: those that the table took as a SINK,
// whichever way they came.
func TestFates(t *testing.T, open func(*testing.T) Tables) {
	rowOf := func(l Life) map[string]string {
		events := l.Events()
		l.Row.LastEvent = events[len(events)-1].ID
		return map[string]string{l.Row.FileId: Text(t, l.Row)}
	}
	life := Lives(true)[2]
	t.Run("parked after it was delivered", func(t *testing.T) {
		tables := open(t)
		s := tables.Open(t)
		sendAll(t, s, life.Events()...)
		for _, e := range life.Events() { // another sink refused it; the table is DEAD_LETTER, too
			sendAll(t, s, parked(e))
		}
		tables.check(t, rowOf(life))
		tables.Rebuild(t)
		tables.check(t, rowOf(life))
	})
	t.Run("parked and not delivered", func(t *testing.T) {
		tables := open(t)
		s := tables.Open(t)
		events := life.Events()
		sendAll(t, s, events[0], parked(events[1]))
		before := tables.Rows(t)
		tables.Rebuild(t)
		if after := tables.Rows(t); len(before) != 1 || len(after) != 1 || Text(t, before[0]) != Text(t, after[0]) || after[0].LastEvent != events[0].ID {
			t.Errorf("before %+v, after %+v", before, after)
		}
		sendAll(t, s, events[1]) // a replay
		tables.check(t, rowOf(life))
	})
	t.Run("a table of an earlier version", func(t *testing.T) {
		tables := open(t)
		events := life.Events()
		sendAll(t, tables.Open(t), append(slices.Clone(events), parked(Lives(true)[0].Events()[0]))...)
		tables.Earlier(t)
		tables.Rebuild(t)
		tables.check(t, rowOf(life))
		sendAll(t, tables.Open(t), events...)
		tables.check(t, rowOf(life))
	})
	t.Run("two applications", func(t *testing.T) {
		tables := open(t)
		events := life.Events()
		other := *events[1]
		other.SubAppId = 7
		sendAll(t, tables.Open(t), events[0], &other)
		rows := tables.Rows(t)
		if len(rows) != 2 || rows[0].Source != Source || rows[1].Source != "/tencentcloud/vod/7" || rows[0].FileId != rows[1].FileId ||
			rows[0].Name == "" || len(rows[0].Outputs) != 0 || len(rows[1].Outputs) == 0 {
			t.Errorf("got %+v", rows)
		}
	})
}

// TestLateEvent proves that an output has the data of the run that it shows, also
// where an event that comes last, and was received first, makes an older run the
// latest.
func TestLateEvent(t *testing.T, open func(*testing.T) Tables) {
	run := func(task, session, url string, minute int) *event.Event {
		body := fmt.Sprintf(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"Status":"FINISH","FileId":"5","SessionContext":%q,"MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Url":%q,"Definition":10}}}]}}`, task, session, url)
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, SubAppId: 1500066000, Received: at(minute)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first, second, again := run("A", "1", "https://v.example.com/a", 1), run("B", "1", "https://v.example.com/b", 2), run("A", "2", "https://v.example.com/a", 3)
	for _, order := range [][]*event.Event{{first, second, again}, {again, second, first}, {second, again, first}} {
		tables := open(t)
		s := tables.Open(t)
		for _, e := range order {
			sendAll(t, s, e)
		}
		rows := tables.Rows(t)
		var data struct{ Url string }
		if len(rows) != 1 || len(rows[0].Outputs) != 1 || json.Unmarshal(rows[0].Outputs[0].Data, &data) != nil ||
			data.Url != "https://v.example.com/b" || rows[0].Outputs[0].Url != data.Url {
			t.Errorf("got %+v with data %+v", rows, data)
		}
	}
}

func parked(e *event.Event) *event.Event {
	p := *e
	p.Parking = &event.Parking{Reason: "permanent", Attempts: 1}
	return &p
}

// sendAll sends events that the sink must take.
func sendAll(t *testing.T, s deliver.Sink, events ...*event.Event) {
	t.Helper()
	for _, err := range s.Send(context.Background(), events) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

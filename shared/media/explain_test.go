package media_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
	"vodevents/shared/media"
	"vodevents/shared/media/mediatest"
)

// tellings are what each event tells of one media.
func tellings(events []*event.Event) map[string][]media.Media {
	all := map[string][]media.Media{}
	for _, e := range events {
		for _, m := range media.Of(e) {
			all[m.FileId] = append(all[m.FileId], m)
		}
	}
	return all
}

// shown is the text of a register's value that stands; empty where none is shown.
func shown(registers []media.Explained, name string) string {
	for _, r := range registers {
		if r.Name == name && !r.Hidden {
			return r.Values[0].Text
		}
	}
	return ""
}

// The value that stands is the one in the row, for events by chance in any order.
func TestExplainAgreesWithTheRow(t *testing.T) {
	for seed := range longtest.Scale(40, 200) {
		c := rand.New(rand.NewPCG(seed, 5))
		events := mediatest.Random(seed, 2+c.IntN(14))
		c.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for id, told := range tellings(events) {
			m := fold(t, events, false)[id]
			row, got := m.Row(), media.Explain(told)
			if again := media.Explain(append(told, told...)); !reflect.DeepEqual(again, got) {
				t.Fatalf("seed %d: %s: told twice %v, told once %v", seed, id, again, got)
			}
			want := map[string]string{"name": row.Name, "session_context": row.SessionContext, "media_url": row.MediaUrl, "procedure_task_id": row.ProcedureTaskId}
			if row.ProcedureTaskId != "" {
				want["procedure_status of "+row.ProcedureTaskId] = row.ProcedureStatus
			}
			want["review"] = strings.TrimSpace(string(row.Review) + " " + row.ReviewLabel)
			for _, o := range row.Outputs {
				name := fmt.Sprintf("%s %d ", o.Kind, o.Definition)
				want[name+"url"] = o.Url
				if o.Status != media.StatusDeleted {
					want[name+"status"] = strings.TrimSuffix(string(o.Status)+": "+o.Error, ": ")
				}
			}
			if m.Deleted.IsZero() == (shown(got, "deleted") != "") {
				t.Fatalf("seed %d: %s: deleted is %q", seed, id, shown(got, "deleted"))
			}
			for name, text := range want {
				if shown(got, name) != text {
					t.Fatalf("seed %d: %s: %s is explained as %q, the row has %q\n%+v", seed, id, name, shown(got, name), text, got)
				}
			}
		}
	}
}

// Each register that a Media has is explained.
func TestExplainLeavesNoRegisterOut(t *testing.T) {
	m, n := reflect.New(reflect.TypeFor[media.Media]()), 0
	for i := range m.Elem().NumField() {
		f := m.Elem().Field(i)
		if !strings.HasPrefix(f.Type().Name(), "Register[") {
			continue
		}
		f.FieldByName("Version").Set(reflect.ValueOf(media.Version{Rank: 2, Event: strconv.Itoa(i), At: time.Unix(int64(i), 0).UTC()}))
		n++
	}
	events := map[string]bool{}
	for _, r := range media.Explain([]media.Media{*m.Interface().(*media.Media)}) {
		events[r.Values[0].Event] = true
	}
	if n < 20 || len(events) != n {
		t.Errorf("%d of %d registers are explained", len(events), n)
	}
}

// A value names those that it beat, the latest first: a copy loses whenever it came.
func TestExplainNamesWhatWasBeaten(t *testing.T) {
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	var events []*event.Event
	for i, body := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533999","MediaBasicInfo":{"Name":"first"}}}`,
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784273533999","MediaBasicInfo":{"Name":"second"}}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1500012345-Procedure-a","Status":"FINISH","FileId":"5285890784273533999","FileName":"copy","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Url":"https://media.example.com/v.f10.mp4"},"FinishTime":"2026-11-27T09:02:00Z"}}]}}`,
		`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1500012345-Procedure-b","Status":"FINISH","FileId":"5285890784273533999","MediaProcessResultSet":[
			{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"SourceFileError","Input":{"Definition":10},"FinishTime":"2026-11-27T09:03:00Z"}}]}}`,
		`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5285890784273533999"],"FileDeleteResultInfo":[{"FileId":"5285890784273533999","DeleteParts":[{"Type":"TranscodeFiles","Definition":10}]}]}}`,
	} {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: at.Add(time.Duration(i) * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	texts := map[string][]string{}
	hidden := map[string]bool{}
	for _, r := range media.Explain(tellings(events)["5285890784273533999"]) {
		for _, v := range r.Values {
			texts[r.Name] = append(texts[r.Name], v.Text)
		}
		hidden[r.Name] = r.Hidden
	}
	for name, want := range map[string][]string{
		"name":                      {"second", "first", "copy"},
		"procedure_task_id":         {"1500012345-Procedure-b", "1500012345-Procedure-a"},
		"Transcode 10 status":       {"FAIL: SourceFileError", "SUCCESS"},
		"Transcode 10 url":          {"https://media.example.com/v.f10.mp4"},
		"deleted TranscodeFiles 10": {"TranscodeFiles"},
	} {
		if !reflect.DeepEqual(texts[name], want) {
			t.Errorf("%s: %q, want %q", name, texts[name], want)
		}
		if hidden[name] != (name == "Transcode 10 url") {
			t.Errorf("%s hidden: %t", name, hidden[name])
		}
	}
}

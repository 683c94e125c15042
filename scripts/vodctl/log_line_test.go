package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// ceID is the id of cloudEvent, otherID that of otherEvent.
const (
	ceID       = "0123456789abcdef0123456789abcdef"
	cloudEvent = `{"specversion":"1.0","id":"` + ceID + `","source":"/tencentcloud/vod/7","type":"com.tencent.cloud.vod.FileDeleted","subject":"1","time":"2026-11-20T08:00:00Z","datacontenttype":"application/json","vodmode":"normal","data":{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}}`
	otherID    = "fedcba9876543210fedcba9876543210"
	otherEvent = `{"specversion":"1.0","id":"` + otherID + `","source":"/tencentcloud/vod/7","type":"com.tencent.cloud.vod.NewFileUpload","subject":"2","time":"2026-11-20T08:00:01Z","datacontenttype":"application/json","vodmode":"reliable","parkreason":"permanent","parkattempts":2,"parkfirsterror":"422 <no>","parklasterror":"422","data":{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"2","Size":12345678901234567890,"Name":"a & b < c"}}}`
)

// quoted is s as a JSON string.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// in is a record of a log in the member SCF_Message, as CLS has it.
func in(line string) string {
	return `{"SCF_FunctionName":"pull","SCF_Namespace":"default","SCF_LogTime":1795161600000,"SCF_RequestId":"7b1d","SCF_Level":"INFO","SCF_Type":"Custom","SCF_StatusCode":202,"SCF_Message":` + quoted(line) + `}`
}

// tell shows what was found: ids, "part" and "broken".
func tell(all []found) string {
	var words []string
	for _, f := range all {
		switch {
		case f.err != nil:
			words = append(words, "broken")
		case f.part != nil:
			words = append(words, "part")
		default:
			words = append(words, f.event.ID)
		}
	}
	return strings.Join(words, " ")
}

func TestFindEvents(t *testing.T) {
	t.Parallel()
	inLog := `{"time":"2026-11-20T08:00:00Z","level":"ERROR","msg":"event parked","error":"422","event":` + cloudEvent + `}`
	for _, test := range []struct{ name, line, want string }{
		{"alone", cloudEvent, ceID},
		{"carriage return", cloudEvent + "\r", ceID},
		{"prefix", "2026-11-20 [pod {7}] stdout F " + cloudEvent, ceID},
		{"second object", `{"request":{"id":1}} ` + cloudEvent, ceID},
		{"two of them", cloudEvent + otherEvent, ceID + " " + otherID},
		{"log", inLog, ceID},
		{"log, cut off behind it", `{"level":"ERROR","msg":"parked","event":` + cloudEvent + `,"er`, ceID},
		{"log, lower case", `x {"level":"error","event":` + cloudEvent + `} y`, ceID},
		{"log, not an error", `{"level":"INFO","event":` + cloudEvent + `}`, ""},
		{"log, no event", `{"level":"ERROR","event":"started"}`, ""},
		{"log, the error quotes it", `{"level":"ERROR","error":` + quoted("422: "+cloudEvent[:120]) + `,"event":` + cloudEvent + `}`, ceID},
		{"log of something else", `{"level":50,"event":{"a":1}}`, ""},
		{"another's event", strings.Replace(cloudEvent, "com.tencent", "com.example", 1), ""},
		{"no JSON", "START RequestId: 1b2c3d", ""},
		{"empty", "", ""},

		{"torn", cloudEvent[:100], "broken"},
		{"torn in a log", `{"level":"ERROR","event":` + cloudEvent[:100], "broken"},
		{"no data", strings.Replace(cloudEvent, `"data"`, `"date"`, 1), "broken"},
		{"a form that is not known", `"` + strings.ReplaceAll(cloudEvent, `"`, `""`) + `"`, "broken"},
		{"quoted without JSON around it", strings.ReplaceAll(cloudEvent, `"`, `\"`), "broken"},

		{"SCF_Message", in(inLog), ceID},
		{"SCF_Message of stdout:", in(cloudEvent), ceID},
		{"SCF_Message that was cut", in(inLog[:200]), "broken"},
		{"SCF_Message of something else", in("START RequestId: 1b2c3d"), ""},
		{"SCF_Message, not an error", in(strings.Replace(inLog, "ERROR", "INFO", 1)), ""},
		{"SCF_Message, printed in many lines", `    "SCF_Message": ` + quoted(inLog) + `,`, ceID},
		{"answer of SearchLog", `{"Response":{"Results":[{"Time":1,"LogJson":` + quoted(in(inLog)) + `},{"Time":2,"LogJson":` + quoted(in(otherEvent)) + `}]}}`, ceID + " " + otherID},
		{"fields of a log record", `{"SCF_FunctionName":"pull","level":"ERROR","msg":"event parked","event":` + quoted(cloudEvent) + `}`, ceID},
		{"fields, not an error", `{"SCF_FunctionName":"pull","level":"DEBUG","event":` + quoted(cloudEvent) + `}`, ""},
		{"fields of an event", `{"SCF_FunctionName":"pull",` + strings.Replace(cloudEvent[1:len(cloudEvent)-1], `"data":`, `"data":`, 1) + `}`, ceID},
		{"fields without the object", `{"SCF_RequestId":"7b1d",` + cloudEvent[1:strings.Index(cloudEvent, `,"data"`)] + `}`, "broken"},

		{"id that makes a second member", strings.Replace(cloudEvent, ceID, `0\",\"type\":\"com.tencent.cloud.vod.NewFileUpload`, 1), "broken"},
		{"id in capitals", strings.Replace(cloudEvent, ceID, strings.ToUpper(ceID), 1), "broken"},
		{"id that is too short", strings.Replace(cloudEvent, ceID, ceID[1:], 1), "broken"},
		{"mode that makes a second member", strings.Replace(cloudEvent, `"normal"`, `"normal\",\"type\":\"y"`, 1), "broken"},
		{"mode that is missing", strings.Replace(cloudEvent, `"vodmode":"normal",`, ``, 1), "broken"},
		{"mode of a repair", strings.Replace(cloudEvent, `"normal"`, `"reconciled"`, 1), ceID},
	} {
		if got := tell(findEvents([]byte(test.line))); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// CLS turns numbers and objects into text. The event comes out of it unchanged.
func TestFindEventInFields(t *testing.T) {
	t.Parallel()
	line := strings.NewReplacer(
		`"parkattempts":2`, `"parkattempts":"2"`,
		otherEvent[strings.Index(otherEvent, `{"EventType"`):], quoted(otherEvent[strings.Index(otherEvent, `{"EventType"`):len(otherEvent)-1])+`,"SCF_Level":"INFO","__TAG__":"x"}`,
	).Replace(otherEvent)
	all := findEvents([]byte(line))
	if len(all) != 1 || all[0].err != nil {
		t.Fatalf("%+v in %s", all, line)
	}
	if got := string(all[0].event.AppendCloudEvent(nil)); got != otherEvent {
		t.Errorf("%s\nwant %s", got, otherEvent)
	}
}

// The exact bytes of an event that is not UTF-8 are in its rawdata. A replay
// restores them, whatever the form.
func TestFindEventRestoresBytes(t *testing.T) {
	t.Parallel()
	body := []byte("{\"EventType\":\"FileDeleted\",\"FileDeleteEvent\":{\"FileIdSet\":[\"1\"],\"Name\":\"caf\xe9\"}}")
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1795161600, 0)})
	if err != nil {
		t.Fatal(err)
	}
	whole := e.AppendCloudEvent(nil)
	data := whole[bytes.Index(whole, []byte(`"data":`))+len(`"data":`) : len(whole)-1]
	fields := slices.Concat([]byte(`{"SCF_Level":"INFO",`), whole[1:len(whole)-len(data)-1], []byte(quoted(string(data))), []byte("}"))
	for _, line := range [][]byte{whole, []byte(in(string(whole))), fields} {
		all := findEvents(line)
		if len(all) != 1 || all[0].err != nil {
			t.Fatalf("%+v in %s", all, line)
		}
		if got := all[0].event; got.ID != e.ID || !bytes.Equal(got.RawData(), body) || !bytes.Equal(got.AppendCloudEvent(nil), whole) {
			t.Errorf("%s, raw %q", got.AppendCloudEvent(nil), got.RawData())
		}
	}
}

// Whoever uploads a media chooses its SourceContext. An event that is written there
// does not count, even if the line around it is torn.
func TestFindEventsMadeByStrangers(t *testing.T) {
	t.Parallel()
	data := `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"2","SourceInfo":{"SourceContext":` + quoted(cloudEvent) + `},"Rest":"` + strings.Repeat("x", 100) + `"}}`
	whole := otherEvent[:strings.Index(otherEvent, `"data":`)] + `"data":` + data + `}`
	inLog := `{"level":"ERROR","event":` + whole + `}`
	for name, line := range map[string]string{
		"whole":                  whole,
		"as VOD sent it":         data,
		"printed by a handler":   in("got " + data),
		"torn":                   whole[:len(whole)-20],
		"torn in a log":          inLog[:len(inLog)-20],
		"torn in SCF_Message":    in(whole[:len(whole)-20]),
		"a line of printed JSON": `    "SourceContext": ` + quoted(cloudEvent) + `,`,
		"a list of events":       `{"Response":{"EventSet":[` + data + `]}}`,
	} {
		if got := tell(findEvents([]byte(line))); strings.Contains(got, ceID) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for cut := range len(whole) {
		if got := tell(findEvents([]byte(whole[:cut]))); strings.Contains(got, ceID) {
			t.Fatalf("torn behind %q: %s", whole[max(0, cut-20):cut], got)
		}
	}
}

// Wherever a line was torn, the whole line after it is found.
func TestFindEventBehindTorn(t *testing.T) {
	t.Parallel()
	long := strings.Replace(otherEvent, `"Size"`, `"Tags":[{"a":{"b":[{},{"c":"{\"d\":1}"}]}}],"X":"}{","Size"`, 1)
	step := 1 // every place for the plain line, some for the others
	for _, whole := range []string{
		cloudEvent,
		`{"time":"2026-11-20T08:00:00Z","level":"ERROR","msg":"event parked","event":` + cloudEvent + `}`,
		"2026-11-20T08:00:00Z " + cloudEvent,
		in(cloudEvent),
	} {
		for _, torn := range []string{long, `{"level":"ERROR","msg":"event parked","event":` + long + `}`} {
			at, end := strings.Index(torn, otherID), strings.Index(torn, long)+len(long)
			for cut := 0; cut < len(torn); cut += step {
				got, want := tell(findEvents([]byte(torn[:cut]+whole))), ceID
				switch {
				case cut >= end: // only the record around it is torn
					want = otherID + " " + ceID
				case cut >= at:
					want = "broken " + ceID
				case got != want: // some of specversion is there, or all of it
					want = "broken " + ceID
				}
				if got != want {
					t.Errorf("torn behind %q: %q, want %q\n%s", torn[max(0, cut-20):cut], got, want, torn[:cut]+whole)
				}
			}
		}
		step = 3
	}
	two := cloudEvent[:200] + long[:400] + cloudEvent
	if got := tell(findEvents([]byte(two))); got != "broken broken "+ceID {
		t.Errorf("behind two: %s", got)
	}
}

// No line takes more than a walk or two: this one has a brace in every second
// byte, and ends.
func TestFindEventsInBraces(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{`{`, `{"`, `{"a":`, `{"a":[`, `{}`, `"{`, `\{"`} {
		line := append(bytes.Repeat([]byte(unit), 1<<18/len(unit)), `"specversion"`...)
		findEvents(line)
	}
}

// FuzzFindEvents holds:
//   - nothing panics;
//   - a CloudEvent of ours is found behind any prefix without an opening brace,
//     alone, in a record of the log, or in SCF_Message, with its id and its data
//     as they were.
func FuzzFindEvents(f *testing.F) {
	f.Add("2026-11-20T08:00:00Z ", `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)
	f.Add("", `{"EventType":"{","x":{"n":12345678901234567890,"s":"}\u2028"}}`)
	f.Add(`{"specversion":"1.0","a":`, "{")
	f.Fuzz(func(t *testing.T, prefix, body string) {
		findEvents([]byte(prefix + body))
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Normal, Received: time.Unix(1795161600, 0)})
		if err != nil || strings.ContainsAny(prefix, "{") {
			return
		}
		whole := e.AppendCloudEvent(nil)
		forms := [][]byte{
			append([]byte(prefix), whole...),
			fmt.Appendf([]byte(prefix), `{"level":"ERROR","event":%s} RequestId: 7`, whole),
		}
		if json.Valid(whole) && bytes.Equal(whole, bytes.ToValidUTF8(whole, nil)) {
			forms = append(forms, []byte(in(string(whole))))
		}
		for _, line := range forms {
			all := findEvents(line)
			if len(all) == 0 || all[len(all)-1].err != nil {
				t.Fatalf("not found in %q: %+v", line, all)
			}
			got := all[len(all)-1].event
			if got.ID != e.ID || got.Type != e.Type || !bytes.Equal(got.AppendData(nil), e.AppendData(nil)) {
				t.Fatalf("found %s %s %s, want %s %s %s", got.ID, got.Type, got.AppendData(nil), e.ID, e.Type, e.AppendData(nil))
			}
		}
	})
}

package media

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
)

// byDecode is what an event tells when Decode reads it.
func byDecode(e *event.Event) []Media {
	other := *e
	r := &reader{memory: new(Memory), event: &other, at: inMillis(e.Received)}
	payload, _ := e.Decode()
	r.payload(payload)
	return r.all()
}

func procedureOf(t testing.TB, payload string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(`{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":`+payload+`}`),
		event.Origin{Mode: event.Reliable, Received: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Payloads that are read without Decode, and such that Decode has to read.
var quickPayloads = map[string]string{
	"all kinds": `{"TaskId":"t","Status":"FINISH","ErrCode":0,"Message":"","FileId":"5285","FileName":"quay \u00e9 \"x\"","FileUrl":"u","MetaData":{"Size":9007199254740993,"Width":1920,"Height":1080,"Duration":12.5,"Md5":"m","Rotate":0,"VideoStreamSet":[{"Size":3}]},"MediaProcessResultSet":[
		{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Progress":100,"Input":{"Definition":100010,"WatermarkSet":[{"Definition":3}]},"Output":{"Url":"v.mp4","Size":31,"Container":"mov,mp4","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"x","Duration":60.6,"Definition":100010,"VideoStreamSet":[{"Bitrate":1}]},"FinishTime":"2026-11-20T10:00:00+08:00"},"AnimatedGraphicTask":null},
		{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"E","ErrCode":7,"Message":"m","Input":{"Definition":100020},"Output":null,"FinishTime":"0000-00-00T00:00:00Z"}},
		{"Type":"Transcode","TranscodeTask":{"Status":"PROCESSING","Input":{"Definition":100030},"Output":{"Definition":0}}},
		{"Type":"AdaptiveDynamicStreaming","AdaptiveDynamicStreamingTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"Definition":10,"Package":"HLS","DrmType":"","Url":"a.m3u8","Size":5,"SubStreamSet":[{"Type":"video","Width":640,"Height":360,"Size":1},null,{"Type":"video","Width":1280,"Height":720,"Size":3},{"Type":"audio"}]}}},
		{"Type":"CoverBySnapshot","CoverBySnapshotTask":{"Status":"SUCCESS","Input":{"Definition":10},"Output":{"CoverUrl":"c.jpg"}}},
		{"Type":"AnimatedGraphics","AnimatedGraphicTask":{"Status":"SUCCESS","Output":{"Definition":20000,"Url":"g.gif","Width":3,"Height":2,"Size":1,"Bitrate":9,"Container":"gif"}}},
		{"Type":"SnapshotByTimeOffset","SnapshotByTimeOffsetTask":{"Status":"SUCCESS","Output":{"Definition":10,"PicInfoSet":[{"TimeOffset":1,"Url":"1.jpg"}]}}},
		{"Type":"SampleSnapshot","SampleSnapshotTask":{"Status":"SUCCESS","Output":{"Definition":10,"ImageUrlSet":["s.jpg"]}}},
		{"Type":"ImageSprites","ImageSpriteTask":{"Status":"SUCCESS","Output":{"Definition":10,"WebVttUrl":"s.vtt","ImageUrlSet":["0.jpg"]}}}, null],
		"AiContentReviewResultSet":[{"Type":"Porn","PornTask":{"Status":"SUCCESS","Output":{"Suggestion":"block","Label":"l"}}}],"AiAnalysisResultSet":null,"SessionContext":"s","TasksPriority":0}`,
	"all sub-tasks":        `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"b"}},"AnimatedGraphicTask":null,"SnapshotByTimeOffsetTask":null,"SampleSnapshotTask":null,"ImageSpriteTask":null,"CoverBySnapshotTask":null,"AdaptiveDynamicStreamingTask":null}]}`,
	"nothing":              `{"FileId":"1","MediaProcessResultSet":null,"AiContentReviewResultSet":[],"MetaData":null,"TaskId":null}`,
	"an empty list":        `{"FileId":"1","MediaProcessResultSet":[ ] }`,
	"white space":          " {\n \"FileId\" : \"1\" , \"TaskId\":\"t\",\"Status\":\"FINISH\", \"MediaProcessResultSet\" : [ { \"TranscodeTask\" : { \"Status\" : \"SUCCESS\" , \"Output\" : { \"Url\" : \"u\" , \"Definition\" : 3 } } } , { } ] }",
	"half a pair":          `{"FileId":"1","FileName":"\ud83d\u0000x","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"\ud83d"}}}]}`,
	"large numbers":        `{"FileId":"1","TaskId":"t","MetaData":{"Size":999999999999999999,"Width":1000000000000000000,"Height":9223372036854775807},"MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","ErrCode":-0,"Output":{"Definition":-9223372036854775808,"Size":-1,"Url":"b"}}}]}`,
	"nearly what was said": `{"FileId":"1","TaskId":"t","Status":"FINISH","MediaProcessResultSet":[` + failures(`"a"`, `"ab"`, `"a"`, `"a\"b"`, `"\u0061"`, `"a"`, `null`, `""`, `"a"`, `"\u0061"`) + `]}`,
	"twice one definition": `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Url":"b"}}},{"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Url":"b"}}},{"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Url":"a"}}}]}`,
}

var oddPayloads = map[string]string{
	"FileId is a number":         `{"FileId":5285890784273533167,"Status":"FINISH","TaskId":"t"}`,
	"small letters":              `{"fileid":"1","taskId":"t","Status":"FINISH"}`,
	"a name with an escape":      `{"FileId":"1","\u0046ileName":"n"}`,
	"a name twice":               `{"FileId":"1","FileId":"2","MetaData":{"Size":1},"MetaData":{"Width":2}}`,
	"one of many names twice":    `{"Status":"PROCESSING","TaskId":"t","FileName":"n","SessionContext":"s","FileId":"1","FileUrl":"u","Status":"FINISH"}`,
	"Type twice":                 `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"Type":1,"Type":{},"TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"b"}}}]}`,
	"a number that is too large": `{"FileId":"1","TaskId":"t","MetaData":{"Size":9223372036854775808,"Width":3}}`,
	"a sub-task without a name":  `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"":{}}]}`,
	"digits in quotes":           `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","ErrCode":"0","Output":{"Definition":"7","Url":"b"}}}]}`,
	"a fraction":                 `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Size":1e3,"Url":"b"}}}]}`,
	"half a number":              `{"FileId":"1","TaskId":"t","MetaData":{"Size":"half","Width":3}}`,
	"Definition below zero":      `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","Input":{"Definition":-7},"Output":{"Url":"b"}}}]}`,
	"a list of one":              `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":[{"Status":"SUCCESS","Output":{"Definition":7,"Url":"b"}}]}]}`,
	"one that is no list":        `{"FileId":"1","TaskId":"t","MediaProcessResultSet":{"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Url":"b"}}}}`,
	"two sub-tasks":              `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"CoverBySnapshotTask":{"Status":"SUCCESS","Output":{"CoverUrl":"c"}},"TranscodeTask":{"Status":"SUCCESS","Output":{"Definition":7,"Url":"b"}}}]}`,
	"a kind that nobody knows":   `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"Type":"Remaster","RemasterTask":{"Status":"SUCCESS","Output":{"Url":"b"}}}]}`,
	"Output twice":               `{"FileId":"1","TaskId":"t","MediaProcessResultSet":[{"TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"b"},"Output":null}}]}`,
	"a review in a word":         `{"FileId":"1","TaskId":"t","AiContentReviewResultSet":"none","Status":"FINISH"}`,
	"a long name":                `{"FileId":"1","TaskId":"t","` + strings.Repeat("n", 90) + `":1}`,
	"many names":                 `{"FileId":"1","TaskId":"t"` + manyNames(50) + `}`,
	"a name of Kelvin's letter":  "{\"FileId\":\"1\",\"Tas\u212aId\":\"t\",\"Status\":\"FINISH\"}",
}

// failures are results whose messages are these.
func failures(messages ...string) (results string) {
	for i, message := range messages {
		results += fmt.Sprintf(`,{"TranscodeTask":{"Status":"FAIL","ErrCodeExt":"E","Message":%s,"Input":{"Definition":%d}}}`, message, 1+i)
	}
	return results[1:]
}

func manyNames(n int) (members string) {
	for i := range n {
		members += fmt.Sprintf(`,"n%d":%[1]d`, i)
	}
	return members
}

func TestQuickReadsWhatDecodeReads(t *testing.T) {
	for name, payload := range quickPayloads {
		t.Run(name, func(t *testing.T) { sameAsDecode(t, payload, true) })
	}
	for name, payload := range oddPayloads {
		t.Run(name, func(t *testing.T) { sameAsDecode(t, payload, false) })
	}
}

// Whatever a Memory read before, it reads the same.
func TestAMemoryReadsEachPayloadAsIfItWereTheFirst(t *testing.T) {
	t.Parallel()
	all := slices.Concat(slices.Sorted(maps.Values(quickPayloads)), slices.Sorted(maps.Values(oddPayloads)))
	var memory Memory
	for _, before := range all {
		for _, payload := range all {
			memory.Of(procedureOf(t, before))
			memory.Reset()
			e := procedureOf(t, payload)
			if got, want := memory.Of(e), byDecode(e); !reflect.DeepEqual(got, want) {
				t.Errorf("after %s\n%s\ngot %+v\nwant %+v", before, payload, got, want)
			}
		}
	}
}

func sameAsDecode(t *testing.T, payload string, quickly bool) {
	t.Helper()
	e := procedureOf(t, payload)
	if ok := quickProcedure(e, new(Memory)); ok != quickly {
		t.Errorf("read quickly: %v", ok)
	}
	if got, want := Of(e), byDecode(e); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// What is done to a payload by chance leaves both readers of one mind.
func TestQuickReadsWhatDecodeReadsOfOddPayloads(t *testing.T) {
	c := rand.New(rand.NewPCG(5, 6))
	all := slices.Concat(slices.Sorted(maps.Values(quickPayloads)), slices.Sorted(maps.Values(oddPayloads)))
	var memory Memory
	quickly, rounds := 0, longtest.Scale(2000, 20_000)
	for range rounds {
		payload := all[c.IntN(len(all))]
		for range 1 + c.IntN(2) {
			payload = change(c, payload)
		}
		body := `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":` + payload + `}`
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: time.Unix(1e9, 0)})
		if err != nil || e.Type != "ProcedureStateChanged" {
			continue
		}
		if ok := quickProcedure(e, new(Memory)); ok {
			quickly++
		}
		if got, want := memory.Of(e), byDecode(e); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot %+v\nwant %+v", payload, got, want)
		}
		memory.Reset()
	}
	if quickly < int(rounds/20) {
		t.Errorf("only %d payloads were read without Decode", quickly)
	}
}

// change changes a value, or a name.
func change(c *rand.Rand, payload string) string {
	marks := []string{`"`, `:`, `{`, `[`, `,`}
	mark := marks[c.IntN(len(marks))]
	at := strings.Split(payload, mark)
	i := c.IntN(len(at))
	switch c.IntN(4) {
	case 0: // a value of another type
		values := []string{`null`, `1`, `-1`, `2.5`, `"7"`, `{}`, `[]`, `true`, `""`, `[{"Definition":1}]`, `{"Output":{"Url":"z"}}`}
		parts := strings.SplitAfterN(payload, ":", 2+c.IntN(40))
		last := parts[len(parts)-1]
		end := strings.IndexAny(last, ",}]")
		if end < 0 {
			return payload
		}
		parts[len(parts)-1] = values[c.IntN(len(values))] + last[end:]
		return strings.Join(parts, "")
	case 1: // a name in small letters
		return strings.Join(at[:i], mark) + strings.ToLower(fmt.Sprint(mark, strings.Join(at[i:min(i+1, len(at))], mark))) + strings.Join(at[min(i+1, len(at)):], mark)
	case 2: // a name of another member
		names := []string{"Url", "Definition", "Output", "Input", "Status", "MetaData", "TranscodeTask", "FileId"}
		return strings.Replace(payload, `"`+names[c.IntN(len(names))]+`"`, `"`+names[c.IntN(len(names))]+`"`, 1+c.IntN(3))
	default: // something is gone
		return strings.Join(append(at[:i:i], at[min(i+1, len(at)):]...), mark)
	}
}

func FuzzQuickReadsWhatDecodeReads(f *testing.F) {
	for _, m := range []map[string]string{quickPayloads, oddPayloads} {
		for _, payload := range m {
			f.Add(payload)
		}
	}
	f.Fuzz(func(t *testing.T, payload string) {
		body := `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":` + payload + `}`
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: time.Unix(1e9, 0)})
		if err != nil || e.Type != "ProcedureStateChanged" {
			return
		}
		want := byDecode(e)
		var memory Memory
		memory.Of(procedureOf(t, quickPayloads["all kinds"]))
		for range 2 {
			memory.Reset()
			if got := memory.Of(e); !reflect.DeepEqual(got, want) {
				t.Fatalf("got %+v\nwant %+v", got, want)
			}
		}
	})
}

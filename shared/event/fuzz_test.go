package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"vodevents/shared/internal/jsonscan"
)

// FuzzParse holds Parse to this, for any bytes:
//
//   - it never panics and never returns a nil Event;
//   - what it takes, encoding/json takes; what it refuses as no JSON,
//     encoding/json refuses, or it is too deep or has too many members;
//   - Payload is a part of the bytes, untouched, and so is every member of
//     RawData or, where there is none, of data;
//   - the CloudEvent, of a callback or pulled, is valid JSON and valid UTF-8 and
//     reads back as the same CloudEvent, byte by byte;
//   - white space between tokens changes neither type nor id;
//   - a handle in front of it (the pulled form) changes neither type nor id.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","n":[1.0e+5,-0.1,true,false,null,"\u00e9\\\""]}}`,
		`{"EventHandle":"h","EventType":"X","P":{},"Q":null}`,
		`{"version":"4.0","eventType":"X","data":{"fileId":"1"}}`,
		`{"PullCompleteEvent":{"TaskId":"t"}}`,
		` { "EventType" : "X" , "P" : [ ] } `,
		`{"EventType":"X","Sign":"a","T":1}`,
		`{"EventType":"X","EventType":"Y"}`,
		"{\"EventType\":\"X\",\"P\":{\"FileId\":\"\xff\xc3\"}}", "{\"EventType\":\"\xff\"}", "{\"EventHandle\":\"h\",\"P\":\"\t\"}",
		"{\"\":\"\xf2\",\"\":\"\",\"\":{\"\":\"\"}}",
		`[]`, `0`, `{"EventType":`, "\xff", `{"a":01}`, `{"EventType":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Parse(raw, Origin{Mode: Normal, Received: received})
		if e == nil {
			t.Fatal("nil event")
		}
		readsBack(t, e)
		pulled, _ := Parse(raw, Origin{Mode: Reliable, Received: received})
		readsBack(t, pulled)
		if err != nil {
			if !errors.Is(err, ErrNotEvent) || e.Type != TypeUnparsed {
				t.Fatalf("error %v, type %s", err, e.Type)
			}
			bounded := bytes.Count(raw, []byte("["))+bytes.Count(raw, []byte("{")) < jsonscan.MaxDepth && bytes.Count(raw, []byte(",")) < jsonscan.MaxMembers
			if bounded && !e.text.Valid && json.Valid(raw) {
				t.Fatal("refused what encoding/json takes")
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatal("took what is no JSON")
		}
		if !bytes.Contains(raw, e.Payload) {
			t.Fatal("payload is no part of the bytes")
		}
		var was, is map[string]json.RawMessage
		if json.Unmarshal(raw, &was) != nil || json.Unmarshal(exact(e), &is) != nil {
			t.Fatal("no object")
		}
		for name, value := range is {
			if !bytes.Equal(was[name], value) {
				t.Fatalf("member %q: %s became %s", name, was[name], value)
			}
		}
		if !e.StableID {
			return
		}
		var spaced bytes.Buffer
		if json.Indent(&spaced, raw, " ", "\t") == nil {
			same(t, e, spaced.Bytes())
		}
		if open := bytes.IndexByte(raw, '{'); e.Handle == "" && e.Payload != nil && !repeatable(e) {
			same(t, e, append([]byte(`{"EventHandle":"9",`), raw[open+1:]...))
		}
	})
}

func readsBack(t *testing.T, e *Event) {
	t.Helper()
	out := e.AppendCloudEvent(nil)
	if !json.Valid(out) || !utf8.Valid(out) {
		t.Fatalf("no valid JSON: %s", out)
	}
	back, err := ParseCloudEvent(out)
	if err != nil || back.ID != e.ID || back.Type != e.Type {
		t.Fatalf("read back %+v, %v", back, err)
	}
	if again := back.AppendCloudEvent(nil); !bytes.Equal(again, out) {
		t.Fatalf("read back\n got %s\nwant %s", again, out)
	}
}

func same(t *testing.T, e *Event, raw []byte) {
	t.Helper()
	other, err := Parse(raw, Origin{Mode: Reliable, Received: received})
	if err != nil || other.Type != e.Type || other.ID != e.ID {
		t.Fatalf("%s is another event: %s %s, %v", raw, other.Type, other.ID, err)
	}
}

// exact is data as it was received.
func exact(e *Event) []byte {
	if raw := e.RawData(); raw != nil {
		return raw
	}
	return e.AppendData(nil)
}

// repeatable tells whether the handle is a part of the id.
func repeatable(e *Event) bool {
	m := findMember(e.keep, e.Field)
	return repeats(e.Type, m.Ids, e.text.Bytes)
}

func BenchmarkParse(b *testing.B) {
	filler := bytes.Repeat([]byte(`{"Type":"Transcode","Url":"https://media.example.com/a/b/c.mp4","Bitrate":1203044},`), 60)
	raw := []byte(`{"EventHandle":"1","EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"t","List":[` + string(filler) + `0]}}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		e, err := Parse(raw, Origin{Mode: Reliable, Received: received})
		if err != nil {
			b.Fatal(err)
		}
		out = e.AppendCloudEvent(out[:0])
	}
}

// FuzzRespell holds respell to this, for any payload: what comes out is JSON
// where what went in was, and a payload that json.Unmarshal takes means the same
// afterwards.
func FuzzRespell(f *testing.F) {
	for _, seed := range []string{
		`{"MediaProcessResultSet":[{"SnapshotByTimeOffsetTask":{"Input":{"Definition":10,"Definition":[3,"6"]}}}]}`,
		`{"TaskId":7,"ErrCode":"7","MetaData":[{"Size":2e3,"Duration":"1.5"}],"Novelty":[[[]],{"a":null}]}`,
		`{"taskid":"\ud800<&>","MetaData":[],"MediaProcessResultSet":{"Type":true}}`, `{"":[{}]}`, `[]`, `{"a":`, `5`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		respelled := respell(payload, reflect.TypeFor[ProcedureTask]())
		if !json.Valid(payload) {
			return
		}
		if !json.Valid(respelled) {
			t.Fatalf("no JSON: %s", respelled)
		}
		var was, is ProcedureTask
		if json.Unmarshal(payload, &was) != nil {
			return
		}
		if err := json.Unmarshal(respelled, &is); err != nil || !reflect.DeepEqual(was, is) {
			t.Fatalf("%s became %s: %v", payload, respelled, err)
		}
	})
}

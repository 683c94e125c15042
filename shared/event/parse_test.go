package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"vodevents/shared/internal/jsonscan"
)

var received = time.Date(2026, 11, 25, 8, 30, 0, 123_000_000, time.UTC)

func TestParse(t *testing.T) {
	const upload = `{"FileId":"5145403721233902989","MediaBasicInfo":{"Name":"a"}}`
	tests := map[string]struct {
		raw                                  string
		typ, field, payload, subject, handle string
		data                                 string // "" means raw
		signed, unstable                     bool
	}{
		"callback": {
			raw: `{"EventType":"NewFileUpload","FileUploadEvent":` + upload + `}`,
			typ: "NewFileUpload", field: "FileUploadEvent", payload: upload, subject: "5145403721233902989",
		},
		"pulled, the other payloads null": {
			raw: `{"EventHandle":"h1","EventType":"NewFileUpload","FileUploadEvent":` + upload + `,"ProcedureStateChangeEvent":null,"PullCompleteEvent": null}`,
			typ: "NewFileUpload", field: "FileUploadEvent", payload: upload, subject: "5145403721233902989", handle: "h1",
			data: `{"EventType":"NewFileUpload","FileUploadEvent":` + upload + `}`,
		},
		"signed": {
			raw: `{"Sign":"AB","T":1790000000,"EventType":"NewFileUpload","FileUploadEvent":` + upload + `}`,
			typ: "NewFileUpload", field: "FileUploadEvent", payload: upload, subject: "5145403721233902989", signed: true,
			data: `{"EventType":"NewFileUpload","FileUploadEvent":` + upload + `}`,
		},
		"a type nobody knows": {
			raw: `{"EventType":"AigcHunyuan3DTaskComplete","AigcHunyuan3DCompleteEvent":{"TaskId":"15-Aigc-7"}}`,
			typ: "AigcHunyuan3DTaskComplete", field: "AigcHunyuan3DCompleteEvent", payload: `{"TaskId":"15-Aigc-7"}`, subject: "15-Aigc-7",
		},
		"a known type in a misspelled member": {
			raw: `{"EventType":"FileDeleted","FileDeletedEvent":{"FileIdSet":["77","78"]}}`,
			typ: "FileDeleted", field: "FileDeletedEvent", payload: `{"FileIdSet":["77","78"]}`, subject: "77",
		},
		"no type, one known payload": {
			raw: `{"PullCompleteEvent":{"TaskId":"t","FileId":""},"Extra":{"a":1}}`,
			typ: "PullComplete", field: "PullCompleteEvent", payload: `{"TaskId":"t","FileId":""}`, subject: "t",
		},
		"type null counts as none": {
			raw: `{"EventType":null,"PullCompleteEvent":{"TaskId":"t"}}`,
			typ: "PullComplete", field: "PullCompleteEvent", payload: `{"TaskId":"t"}`, subject: "t",
			data: `{"PullCompleteEvent":{"TaskId":"t"}}`,
		},
		"the known member among several objects": {
			raw: `{"EventType":"PullComplete","A":{"x":1},"PullCompleteEvent":{"TaskId":"t"}}`,
			typ: "PullComplete", field: "PullCompleteEvent", payload: `{"TaskId":"t"}`, subject: "t",
		},
		"a known member that is no object counts for nothing": {
			raw: `{"EventType":"PullComplete","PullCompleteEvent":["t"],"B":{"TaskId":"b"}}`,
			typ: "PullComplete", field: "B", payload: `{"TaskId":"b"}`, subject: "b",
		},
		"no type, of two known ones one is no object": {
			raw: `{"FileUploadEvent":"x","PullCompleteEvent":{"TaskId":"t"}}`,
			typ: "PullComplete", field: "PullCompleteEvent", payload: `{"TaskId":"t"}`, subject: "t",
		},
		"FileId before TaskId before FileIdSet": {
			raw: `{"EventType":"X","P":{"FileIdSet":["s"],"TaskId":"t","FileId":"f"}}`,
			typ: "X", field: "P", payload: `{"FileIdSet":["s"],"TaskId":"t","FileId":"f"}`, subject: "f",
		},
		"TaskId before FileIdSet": {
			raw: `{"EventType":"X","P":{"FileIdSet":["s"],"TaskId":"t","FileId":null}}`,
			typ: "X", field: "P", payload: `{"FileIdSet":["s"],"TaskId":"t","FileId":null}`, subject: "t",
		},
		"no payload at all": {
			raw: `{"EventType":"Odd"}`, typ: "Odd", unstable: true,
		},
		"two objects, neither known": {
			raw: `{"EventType":"Odd","A":{},"B":{}}`, typ: "Odd", unstable: true,
		},
		"no object payload, but a handle": {
			raw: `{"EventHandle":"h","EventType":"Odd","Text":"x"}`, typ: "Odd", handle: "h",
			data: `{"EventType":"Odd","Text":"x"}`,
		},
		"2.0 format": {
			raw: `{"version":"4.0","eventType":"NewFileUpload","data":{"status":0,"fileId":"9031868222807626000"},"more":null}`,
			typ: "NewFileUpload", field: "data", payload: `{"status":0,"fileId":"9031868222807626000"}`, subject: "9031868222807626000",
		},
		"2.0 format, signed and pulled": {
			raw: `{"version":4,"EventHandle":"h","eventType":"TranscodeComplete","data":{"vodTaskId":"v"},"Sign":"a","T":1}`,
			typ: "TranscodeComplete", field: "data", payload: `{"vodTaskId":"v"}`, subject: "v", handle: "h", signed: true,
			data: `{"version":4,"eventType":"TranscodeComplete","data":{"vodTaskId":"v"}}`,
		},
		"the last of two members counts": {
			raw: `{"EventType":"A","EventType":"B","P":{"FileId":"1"},"P":{"FileId":"2"}}`,
			typ: "B", field: "P", payload: `{"FileId":"2"}`, subject: "2",
			data: `{"EventType":"B","P":{"FileId":"2"}}`,
		},
		"names and values with escapes": {
			raw: `{"Event\u0054ype":"New\u0046ileUpload","FileUploadEvent":{"\u0046ileId":"a\u002fb"}}`,
			typ: "NewFileUpload", field: "FileUploadEvent", payload: `{"\u0046ileId":"a\u002fb"}`, subject: "a/b",
		},
		"a number as FileId keeps its digits": {
			raw: `{"EventType":"X","P":{"FileId":5145403721233902989}}`,
			typ: "X", field: "P", payload: `{"FileId":5145403721233902989}`, subject: "5145403721233902989",
		},
		"a FileId deeper down is no subject": {
			raw: `{"EventType":"X","P":{"Output":{"FileId":"1"},"List":[{"FileId":"2"}]}}`,
			typ: "X", field: "P", payload: `{"Output":{"FileId":"1"},"List":[{"FileId":"2"}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), Origin{Mode: Normal, Received: received})
			if err != nil {
				t.Fatal(err)
			}
			if e.Type != tt.typ || e.Field != tt.field || string(e.Payload) != tt.payload || e.Subject != tt.subject || e.Handle != tt.handle {
				t.Errorf("got type %q, field %q, payload %s, subject %q, handle %q", e.Type, e.Field, e.Payload, e.Subject, e.Handle)
			}
			if (e.Sign != "") != tt.signed || e.StableID == tt.unstable {
				t.Errorf("Sign %q, StableID %v", e.Sign, e.StableID)
			}
			want := tt.data
			if want == "" {
				want = tt.raw
			}
			if got := string(e.AppendData(nil)); got != want {
				t.Errorf("data\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestParseNotEvent(t *testing.T) {
	tests := map[string]struct{ raw, data, handle string }{
		"empty":             {``, `""`, ""},
		"cut":               {`{"EventHandle":"h","EventType":"X","P":{`, `"{\"EventHandle\":\"h\",\"EventType\":\"X\",\"P\":{"`, "h"},
		"null":              {`null`, `null`, ""},
		"list":              {`[{"EventType":"X"}]`, `[{"EventType":"X"}]`, ""},
		"number":            {`17`, `17`, ""},
		"object":            {`{}`, `{}`, ""},
		"no type":           {`{"EventHandle":"h","a":{"b":1}}`, `{"a":{"b":1}}`, "h"},
		"type no string":    {`{"EventType":7,"a":{}}`, `{"EventType":7,"a":{}}`, ""},
		"type empty":        {`{"EventType":"","a":{}}`, `{"EventType":"","a":{}}`, ""},
		"two known":         {`{"PullCompleteEvent":{},"FileUploadEvent":{}}`, `{"PullCompleteEvent":{},"FileUploadEvent":{}}`, ""},
		"trailing":          {`{"EventType":"X"} x`, `"{\"EventType\":\"X\"} x"`, ""},
		"a raw tab":         {"{\"EventType\":\"X\",\"P\":{\"a\":\"\t\"},\"EventHandle\":\"h\"}", `"{\"EventType\":\"X\",\"P\":{\"a\":\"\t\"},\"EventHandle\":\"h\"}"`, "h"},
		"NaN":               {`{"P":{"EventHandle":"p"},"T":NaN,"EventHandle":"h"}`, `"{\"P\":{\"EventHandle\":\"p\"},\"T\":NaN,\"EventHandle\":\"h\"}"`, "h"},
		"no JSON, no UTF-8": {"{\"EventHandle\":\"h\",\"EventType\":\"\xff}", `"{\"EventHandle\":\"h\",\"EventType\":\"\ufffd}"`, "h"},
		"2.0 without data":  {`{"eventType":"X","data":null}`, `{"eventType":"X"}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), Origin{Mode: Reliable, Received: received})
			if !errors.Is(err, ErrNotEvent) {
				t.Fatalf("got error %v", err)
			}
			if e.Type != TypeUnparsed || e.Handle != tt.handle || string(e.AppendData(nil)) != tt.data {
				t.Errorf("got type %q, handle %q, data %s; want data %s", e.Type, e.Handle, e.AppendData(nil), tt.data)
			}
			if !json.Valid(e.AppendCloudEvent(nil)) {
				t.Errorf("no valid JSON: %s", e.AppendCloudEvent(nil))
			}
		})
	}
	for depth, ok := range map[int]bool{jsonscan.MaxDepth: true, jsonscan.MaxDepth + 1: false} {
		nested := `{"EventType":"X","P":` + strings.Repeat("[", depth-1) + "1" + strings.Repeat("]", depth-1) + "}"
		if _, err := Parse([]byte(nested), Origin{}); (err == nil) != ok {
			t.Errorf("%d levels: error %v", depth, err)
		}
	}
	deep := strings.Repeat("[", 200_000)
	if _, err := Parse([]byte(deep), Origin{}); !errors.Is(err, ErrNotEvent) {
		t.Errorf("200 kB of [: error %v", err)
	}
}

// A body of a stranger's making must not cost a function its time or memory,
// and members that are null are members.
func TestParseManyMembers(t *testing.T) {
	body := func(n int, value string) []byte {
		raw := []byte(`{"EventHandle":"h","EventType":"X","Twice":{"FileId":"1"},"Gone":1`)
		for i := range n {
			raw = fmt.Appendf(raw, `,"%d":%s`, i, value)
		}
		return append(raw, `,"Gone":null,"Twice":0,"T\u0077ice":{"FileId":"2"}}`...)
	}
	const most = jsonscan.MaxMembers - 7 // of the members above
	for value, kept := range map[string]int{"1": most + 2, "null": 2} {
		e, err := Parse(body(most, value), Origin{})
		if err != nil || e.Type != "X" || e.Handle != "h" || e.Subject != "2" || len(e.keep) != kept {
			t.Errorf("error %v, type %q, handle %q, subject %q, %d kept", err, e.Type, e.Handle, e.Subject, len(e.keep))
		}
		for _, n := range []int{most + 1, 50_000} {
			if e, err := Parse(body(n, value), Origin{}); !errors.Is(err, ErrNotEvent) || e.Handle != "h" {
				t.Errorf("%d members: error %v, handle %q", n, err, e.Handle)
			}
		}
	}
}

// Bytes that are no UTF-8 cost an event nothing: its type, id and subject are
// read, and the exact bytes are kept beside what JSON can show.
func TestRawData(t *testing.T) {
	for name, tt := range map[string]struct{ raw, data, exact, typ, subject string }{
		"in the payload": {
			raw:  "{\"EventHandle\":\"h\",\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"77\",\"Name\":\"caf\xe9 \xff\xfe\"},\"Q\":null}",
			data: `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"77","Name":"caf� ��"}}`, exact: "{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"77\",\"Name\":\"caf\xe9 \xff\xfe\"}}",
			typ: "NewFileUpload", subject: "77",
		},
		"in type and subject": {
			raw:  "{\"EventType\":\"Od\xff\",\"P\":{\"FileId\":\"7\xe9\"}}",
			data: `{"EventType":"Od�","P":{"FileId":"7�"}}`, exact: "{\"EventType\":\"Od\xff\",\"P\":{\"FileId\":\"7\xe9\"}}",
			typ: "Od�", subject: "7�",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), Origin{Mode: Reliable, Received: received})
			if err != nil || e.Type != tt.typ || e.Subject != tt.subject {
				t.Fatalf("error %v, type %q, subject %q", err, e.Type, e.Subject)
			}
			if data := string(e.AppendData([]byte("x"))); data != "x"+tt.data {
				t.Errorf("data %s", data)
			}
			if raw := string(e.RawData()); raw != tt.exact {
				t.Errorf("rawdata %q", raw)
			}
			line := e.AppendCloudEvent(nil)
			if want := `,"rawdata":"` + base64.StdEncoding.EncodeToString([]byte(tt.exact)) + `","data":`; !strings.Contains(string(line), want) {
				t.Errorf("%s has no %s", line, want)
			}
			back, err := ParseCloudEvent(line)
			if err != nil || string(back.RawData()) != tt.exact || back.ID != e.ID {
				t.Errorf("read back: %v, %q", err, back.RawData())
			}
			other, err := Parse([]byte(strings.Replace(tt.raw, "\xe9", "\xe8", 1)), Origin{Mode: Reliable, Received: received})
			if err != nil || other.ID == e.ID {
				t.Errorf("another byte, same id; error %v", err)
			}
		})
	}
	for name, tt := range map[string]struct {
		raw, exact string
		mode       Mode
	}{
		"an event in UTF-8":      {`{"EventType":"X","P":{"FileId":"�"}}`, "", Normal},
		"no event, pulled":       {`{"EventHandle":"h","a":1}`, "", Reliable},
		"no event, a callback":   {`{"Sign":"s","T":1,"a":1}`, `{"a":1}`, Normal},
		"no object, a callback":  {` [1]`, `[1]`, Normal},
		"no JSON, pulled":        {"{\"a\":\"\t\"}", "{\"a\":\"\t\"}", Reliable},
		"no JSON, a callback":    {"\x1f\x8b\xff", "\x1f\x8b\xff", Normal},
		"no JSON at all, pulled": {"", "", Reliable},
	} {
		e, _ := Parse([]byte(tt.raw), Origin{Mode: tt.mode, Received: received})
		if raw := string(e.RawData()); raw != tt.exact {
			t.Errorf("%s: rawdata %q", name, raw)
		}
	}
}

// Bytes that are no UTF-8 in a member that data does not have change nothing about
// data, so there is no rawdata, and what is read back is the same CloudEvent. It once
// had a rawdata that the reader did not write again.
func TestNoRawDataForWhatDataLeavesOut(t *testing.T) {
	for name, tt := range map[string]struct{ raw, data string }{
		"no event, a name that comes again": {"{\"EventHandle\":\"h\",\"k\":\"\xe2\x82\",\"k\":[7]}", `{"k":[7]}`},
		"no event, an empty name":           {"{\"\":\"\xf2\",\"\":\"\",\"\":{\"\":\"\"}}", `{"":{"":""}}`},
		"no event, the handle":              {"{\"EventHandle\":\"\xc0\",\"a\":3}", `{"a":3}`},
		"an event, a name that comes again": {"{\"EventType\":\"W\",\"P\":\"\x80\",\"P\":{\"TaskId\":\"t3\"}}", `{"EventType":"W","P":{"TaskId":"t3"}}`},
		"an event, the signature":           {"{\"Sign\":\"\xfe\",\"T\":\"\xfd\",\"EventType\":\"W\",\"P\":{}}", `{"EventType":"W","P":{}}`},
		"an event, a name of a null":        {"{\"EventType\":\"W\",\"\xff\":null,\"P\":{}}", `{"EventType":"W","P":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Parse([]byte(tt.raw), Origin{Mode: Reliable, Received: received})
			if err != nil && e.Type != TypeUnparsed {
				t.Fatal(err)
			}
			if raw, data := e.RawData(), e.AppendData(nil); raw != nil || string(data) != tt.data {
				t.Errorf("rawdata %q, data %s", raw, data)
			}
			line := e.AppendCloudEvent(nil)
			back, err := ParseCloudEvent(line)
			if err != nil {
				t.Fatal(err)
			}
			if again := back.AppendCloudEvent(nil); !bytes.Equal(again, line) {
				t.Errorf("read back\n got %s\nwant %s", again, line)
			}
		})
	}
}

func TestID(t *testing.T) {
	parse := func(raw string, o Origin) *Event {
		t.Helper()
		e, err := Parse([]byte(raw), o)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	// SHA-256 of "NewFileUpload\n{\"FileId\":\"1\",\"a\":[1,2]}", by sha256sum.
	const want = "18c8e4bed80b750813164986a314bfa2"
	for _, raw := range []string{
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","a":[1,2]}}`,
		`{"EventHandle":"h","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","a":[1,2]},"X":null}`,
		`{"Sign":"a","T":5,"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","a":[1,2]}}`,
		" {\n\"EventType\" : \"NewFileUpload\",\t\"FileUploadEvent\":{ \"FileId\" : \"1\",\r\n\"a\":[ 1, 2 ] } } ",
		`{"FileUploadEvent":{"FileId":"1","a":[1,2]}}`,
	} {
		if e := parse(raw, Origin{}); e.ID != want || !e.StableID {
			t.Errorf("%s: id %s, stable %v", raw, e.ID, e.StableID)
		}
	}
	if e := parse(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","a":[1 ,2.0]}}`, Origin{}); e.ID == want {
		t.Error("another number spelling, same id")
	}

}

// What can truthfully come twice with the same bytes is told apart by the
// handle, or by a signed callback's T; by nothing but the time it bypasses
// dedup.
func TestIDOfRepetitions(t *testing.T) {
	for raw, repeats := range map[string]bool{
		`"EventType":"RestoreMediaComplete","RestoreMediaCompleteEvent":{"FileId":"1"}}`:                                                                                  true,
		`"EventType":"MediaCastStatusChanged","MediaCastStatusChangedEvent":{"CastId":"1"}}`:                                                                              true,
		`"EventType":"PersistenceComplete","PersistenceCompleteEvent":{"FileId":"1"}}`:                                                                                    true,
		`"EventType":"ProcessImageAsyncCompleteEvent","ProcessImageAsyncCompleteEvent":{"SessionId":"1"}}`:                                                                true,
		`"version":"4.0","eventType":"RestoreMediaComplete","data":{"fileId":"1"}}`:                                                                                       true,
		`"EventType":"X","Text":"no payload"}`:                                                                                                                            true,
		`"EventType":"X","A":{},"B":{}}`:                                                                                                                                  true,
		`"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`:                                                                                                false,
		`"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"],"FileDeleteResultInfo":[{"FileId":"1","DeleteParts":[ ]},{"FileId":"2","DeleteParts":null}]}}`:    false,
		`"EventType":"FileDeleted","FileDeleteEvent":{"FileDeleteResultInfo":[{"FileId":"2"},{"FileId":"1","DeleteParts":[{"Type":"TranscodeFiles","Definition":30}]}]}}`: true,
		`"FileDeleteEvent":{"FileIdSet":["1"],"FileDeleteResultInfo":[{"DeleteParts":[{"Type":"OriginalFiles"}]}]}}`:                                                      true,
		`"RestoreMediaCompleteEvent":{"FileId":"1"}}`:                                                                                                                     true,
	} {
		parse := func(extra string, o Origin) *Event {
			t.Helper()
			e, err := Parse([]byte("{"+extra+raw), o)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		sign := func(t string) Origin { return Origin{Sign: "s", T: t, Received: received} }
		later := Origin{Received: received.Add(1)}
		for name, tt := range map[string]struct {
			a, b         *Event
			same, stable bool
		}{
			"handles":           {parse(`"EventHandle":"1",`, later), parse(`"EventHandle":"2",`, later), false, true},
			"one handle":        {parse(`"EventHandle":"1",`, sign("1")), parse(`"EventHandle":"1",`, later), true, true},
			"times of Sign":     {parse(`"Sign":"s","T":1,`, later), parse(``, sign("2")), false, true},
			"one time of Sign":  {parse(`"Sign":"s","T":1,`, later), parse(``, sign("1")), true, true},
			"times of receipt":  {parse(``, sign("")), parse(``, later), false, false},
			"times, T unsigned": {parse(``, Origin{T: "1", Received: received}), parse(``, Origin{T: "1", Received: later.Received}), false, false},
		} {
			if same := tt.a.ID == tt.b.ID; same != (tt.same || !repeats) {
				t.Errorf("%s, %s: same id %v", raw, name, same)
			}
			if want := tt.stable || !repeats; tt.a.StableID != want || tt.b.StableID != want {
				t.Errorf("%s, %s: StableID %v and %v", raw, name, tt.a.StableID, tt.b.StableID)
			}
		}
	}
}

func TestQuerySignature(t *testing.T) {
	e, err := Parse([]byte(`{"EventType":"X","P":{},"Sign":"body"}`), Origin{Sign: "query", T: "1"})
	if err != nil || e.Sign != "query" || e.T != "1" {
		t.Errorf("half a signature in the body: Sign %q, T %q, error %v", e.Sign, e.T, err)
	}
	e, err = Parse([]byte(`{"EventType":"X","P":{},"Sign":"body","T":"2"}`), Origin{Sign: "query", T: "1"})
	if err != nil || e.Sign != "body" || e.T != "2" {
		t.Errorf("the body must win: Sign %q, T %q, error %v", e.Sign, e.T, err)
	}
}

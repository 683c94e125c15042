package event_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

// What comes back from Decode and json.Marshal must be what VOD sent. Members
// that are null, zero or empty may go (omitempty), everything else must be
// there: prune drops the former on both sides, diff finds the rest.

func TestFixturesRoundTrip(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			if e.Type != name {
				t.Fatalf("the fixture is of type %s", e.Type)
			}
			if d := diff(e.Field, tree(t, e.Payload), tree(t, roundTrip(t, e))); d != nil {
				t.Errorf("lost or changed: %s", d)
			}
		})
	}
}

// TestRoundTripNotices proves that TestFixturesRoundTrip would fail for a
// member that the types lack, wherever it stands: it adds one to each object.
func TestRoundTripNotices(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			payload := tree(t, e.Payload)
			var objects int
			visit(e.Field, payload, func(path string, v any) {
				object, ok := v.(map[string]any)
				if !ok {
					return
				}
				objects++
				object["Novelty"] = "x"
				defer delete(object, "Novelty")

				e.Payload = encode(t, payload)
				got := diff(e.Field, payload, tree(t, roundTrip(t, e)))
				if want := []string{path + ".Novelty"}; !slices.Equal(got, want) {
					t.Errorf("noticed %s, want %s", got, want)
				}
			})
			if objects == 0 {
				t.Error("no object visited")
			}
		})
	}
}

// TestDecodeOddMember gives each value of each fixture another kind, one at a
// time: Decode must say so and return all others.
func TestDecodeOddMember(t *testing.T) {
	for name, body := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			e := parse(t, body)
			payload := tree(t, e.Payload)
			visit(e.Field, payload, func(path string, v any) {
				for _, p := range places(v) {
					if p.value == nil {
						continue // null fits every kind
					}
					p.set(nil)
					e.Payload = encode(t, payload)
					want := tree(t, roundTrip(t, e))

					var refused int
					for _, odd := range oddFor(p.value) {
						p.set(odd)
						e.Payload = encode(t, payload)
						got, err := e.Decode()
						p.set(p.value)
						if err == nil {
							continue
						}
						refused++
						var typeError *json.UnmarshalTypeError
						if !errors.As(err, &typeError) {
							t.Errorf("%s%s: error %v", path, p.name, err)
						}
						if d := diff(e.Field, want, tree(t, encode(t, got))); d != nil {
							t.Errorf("%s%s: lost or changed as well: %s", path, p.name, d)
						}
					}
					if refused == 0 {
						t.Errorf("%s%s: no odd value was noticed", path, p.name)
					}
				}
			})
		})
	}
}

// oddFor returns values one of which cannot be read as what stands there: an
// empty list does not tell of what it is one.
func oddFor(v any) []any {
	object := map[string]any{"odd": true}
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return []any{"odd", object}
		}
		v = list[0]
	}
	if _, ok := v.(map[string]any); ok {
		return []any{"odd"}
	}
	return []any{object}
}

// TestGeneratedRoundTrip fills every field of every kind's payload, each with a
// value of its own, integers beyond 2^53.
func TestGeneratedRoundTrip(t *testing.T) {
	for _, k := range event.Kinds {
		t.Run(k.Type, func(t *testing.T) {
			t.Parallel()
			want := k.New()
			var n filler
			n.fill(reflect.ValueOf(want).Elem(), 0)
			payload := encode(t, want)

			e := parse(t, fmt.Appendf(nil, `{"EventType":%q,%q:%s}`, k.Type, k.Field, payload))
			got, err := e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Error("another value came back")
			}
			if d := diff(k.Field, tree(t, payload), tree(t, encode(t, got))); d != nil {
				t.Errorf("lost or changed: %s", d)
			}
		})
	}
}

// TestPayloadTypes holds the generated types to their rules: every field has
// the name that VOD gives it, scalars are values, objects pointers.
func TestPayloadTypes(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if tag, want := f.Tag.Get("json"), f.Name+",omitempty"; tag != want {
				t.Errorf("%s.%s: tag %q, want %q", typ.Name(), f.Name, tag, want)
			}
			value := f.Type
			if value.Kind() == reflect.Slice {
				value = value.Elem()
			}
			switch value.Kind() {
			case reflect.String, reflect.Int64, reflect.Uint64, reflect.Float64, reflect.Bool:
			case reflect.Pointer:
				walk(value.Elem())
			default:
				t.Errorf("%s.%s is a %s", typ.Name(), f.Name, f.Type)
			}
		}
	}
	for _, k := range event.Kinds {
		walk(reflect.TypeOf(k.New()).Elem())
	}
	if len(event.Kinds) != 37 || len(seen) != 318 {
		t.Errorf("%d kinds with %d object types; the API description has 37 with 318", len(event.Kinds), len(seen))
	}
}

func TestKindNames(t *testing.T) {
	irregular := map[string]string{
		"NewFileUpload":                      "FileUploadEvent",
		"FileDeleted":                        "FileDeleteEvent",
		"ProcedureStateChanged":              "ProcedureStateChangeEvent",
		"CreateSnapshotByTimeOffsetComplete": "SnapshotByTimeOffsetCompleteEvent",
		"RemoveWatermark":                    "RemoveWatermarkCompleteEvent",
		"AigcImageTaskComplete":              "AigcImageCompleteEvent",
		"AigcVideoTaskComplete":              "AigcVideoCompleteEvent",
		"AigcHunyuan3DTaskComplete":          "AigcHunyuan3DCompleteEvent",

		"ExtractBlindWatermarkComplete":                "ExtractBlindWatermarkComplete",
		"SceneAigcImageCompleteEvent":                  "SceneAigcImageCompleteEvent",
		"ProcessImageAsyncCompleteEvent":               "ProcessImageAsyncCompleteEvent",
		"CreateAigcAdvancedCustomElementCompleteEvent": "CreateAigcAdvancedCustomElementCompleteEvent",
		"CreateAigcCustomVoiceCompleteEvent":           "CreateAigcCustomVoiceCompleteEvent",
	}
	for _, k := range event.Kinds {
		want, ok := irregular[k.Type]
		if !ok {
			want = k.Type + "Event"
		}
		if k.Field != want {
			t.Errorf("%s has the field %s, want %s", k.Type, k.Field, want)
		}
		delete(irregular, k.Type)
	}
	for typ := range irregular {
		t.Errorf("%s is missing", typ)
	}
}

func TestDecode(t *testing.T) {
	upload := &event.FileUploadTask{FileId: "7"}
	tests := map[string]struct {
		e    event.Event
		want any
	}{
		"known": {
			event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`{"FileId":"7"}`)},
			upload,
		},
		"known, in a misspelt member": {
			event.Event{Type: "NewFileUpload", Field: "NewFileUploadEvent", Payload: json.RawMessage(" {\"FileId\":\"7\"}")},
			upload,
		},
		"known, without the last word": {
			event.Event{Type: "EditMediaComplete", Field: "EditMediaComplete", Payload: json.RawMessage(`{"TaskId":"7"}`)},
			&event.EditMediaTask{TaskId: "7"},
		},
		"known, with members that are not": {
			event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`{"A":[1],"FileId":"7","B":{}}`)},
			upload,
		},
		"known, empty": {
			event.Event{Type: "FileDeleted", Field: "FileDeleteEvent", Payload: json.RawMessage(`{}`)},
			&event.FileDeleteTask{},
		},
		"integers beyond 2^53": {
			event.Event{Type: "ProcessMediaByMPSComplete", Field: "ProcessMediaByMPSCompleteEvent", Payload: json.RawMessage(`{"ErrCode":-9007199254740993}`)},
			&event.ProcessMediaByMPS{ErrCode: -9007199254740993},
		},
		"unknown type": {
			event.Event{Type: "Tomorrow", Field: "TomorrowEvent", Payload: json.RawMessage(`{"FileId":"7"}`)},
			event.Unknown{Type: "Tomorrow", Payload: json.RawMessage(`{"FileId":"7"}`)},
		},
		"unknown type with the field of a known one": {
			event.Event{Type: "Tomorrow", Field: "FileUploadEvent", Payload: json.RawMessage(`{"FileId":"7"}`)},
			event.Unknown{Type: "Tomorrow", Payload: json.RawMessage(`{"FileId":"7"}`)},
		},
		"2.0 format": {
			event.Event{Type: "NewFileUpload", Field: "data", Payload: json.RawMessage(`{"fileId":"7"}`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`{"fileId":"7"}`)},
		},
		"the payload of another kind": {
			event.Event{Type: "NewFileUpload", Field: "FileDeleteEvent", Payload: json.RawMessage(`{"FileIdSet":["7"]}`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`{"FileIdSet":["7"]}`)},
		},
		"the payload of another kind, misspelt": {
			event.Event{Type: "NewFileUpload", Field: "EditMediaComplete", Payload: json.RawMessage(`{"TaskId":"7"}`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`{"TaskId":"7"}`)},
		},
		"no payload":     {event.Event{Type: "NewFileUpload"}, event.Unknown{Type: "NewFileUpload"}},
		"nothing at all": {event.Event{}, event.Unknown{}},
		"payload null": {
			event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`null`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`null`)},
		},
		"payload a list": {
			event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`[{}]`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`[{}]`)},
		},
		"payload a string": {
			event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`"{"`)},
			event.Unknown{Type: "NewFileUpload", Payload: json.RawMessage(`"{"`)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

// A member of another kind than VOD documents, as published and real events
// have them, is read for what it says.
func TestDecodeTakesOtherKindsThatSayTheSame(t *testing.T) {
	tests := map[string]struct {
		eventType, payload string
		want               any
	}{
		"a number for a string": {
			"ComposeMediaComplete", `{"TaskId":"t","Output":{"FileType":"mp4","FileId":5145403691847262211},"SessionId":7}`,
			&event.ComposeMediaTask{TaskId: "t", Output: &event.ComposeMediaTaskOutput{FileType: "mp4", FileId: "5145403691847262211"}, SessionId: "7"},
		},
		"a number keeps its spelling in a string": {
			"NewFileUpload", `{"FileId":1.50e3}`,
			&event.FileUploadTask{FileId: "1.50e3"},
		},
		"true for a string": {
			"NewFileUpload", `{"ProcedureTaskId":true}`,
			&event.FileUploadTask{ProcedureTaskId: "true"},
		},
		"digits in quotes for numbers": {
			"NewFileUpload", `{"MetaData":{"Size":"9007199254740993","Bitrate":"-3","Duration":"12.5","Height":"2e2"}}`,
			&event.FileUploadTask{MetaData: &event.MediaMetaData{Size: 9007199254740993, Bitrate: -3, Duration: 12.5, Height: 200}},
		},
		"nothing in quotes for a number": {
			"NewFileUpload", `{"MetaData":{"Size":"","Width":5}}`,
			&event.FileUploadTask{MetaData: &event.MediaMetaData{Width: 5}},
		},
		"an integer with a point or an exponent": {
			"NewFileUpload", `{"MetaData":{"Size":23.0,"Width":2e3}}`,
			&event.FileUploadTask{MetaData: &event.MediaMetaData{Size: 23, Width: 2000}},
		},
		"a bool in quotes or as a number": {
			"ExtractBlindWatermarkComplete", `{"IsDetected":"true","TaskId":1}`,
			&event.ExtractBlindWatermarkTask{IsDetected: true, TaskId: "1"},
		},
		"a list of one for one value": {
			"NewFileUpload", `{"FileId":["8"],"MetaData":[{"Size":[3]}]}`,
			&event.FileUploadTask{FileId: "8", MetaData: &event.MediaMetaData{Size: 3}},
		},
		"an empty list for an object": {
			"NewFileUpload", `{"FileId":"8","MediaBasicInfo":[],"MetaData":[ ]}`,
			&event.FileUploadTask{FileId: "8"},
		},
		"one value for a list": {
			"FileDeleted", `{"FileIdSet":81,"FileDeleteResultInfo":{"FileId":"81"}}`,
			&event.FileDeleteTask{FileIdSet: []string{"81"}, FileDeleteResultInfo: []*event.FileDeleteResultItem{{FileId: "81"}}},
		},
		"no value for a list": {
			"FileDeleted", `{"FileIdSet":[81],"FileDeleteResultInfo":[]}`,
			&event.FileDeleteTask{FileIdSet: []string{"81"}, FileDeleteResultInfo: []*event.FileDeleteResultItem{}},
		},
		"null in and for a list": {
			"FileDeleted", `{"FileIdSet":[null,82],"FileDeleteResultInfo":null}`,
			&event.FileDeleteTask{FileIdSet: []string{"", "82"}},
		},
		"a list of time offsets under the name of a template, beside the template": {
			"ProcedureStateChanged", `{"MediaProcessResultSet":[{"SnapshotByTimeOffsetTask":{"Input":{"Definition":20,"Definition":[2,"4.5"]}}}]}`,
			snapshots(&event.SnapshotByTimeOffsetTaskInput{Definition: 20, TimeOffsetSet: []float64{2, 4.5}}),
		},
		"names in another case": {
			"NewFileUpload", `{"fileid":7}`,
			&event.FileUploadTask{FileId: "7"},
		},
		"an unknown member of any form beside an odd one": {
			"NewFileUpload", `{"Novelty":[[1],{"FileId":2},"<&>"],"FileId":7}`,
			&event.FileUploadTask{FileId: "7"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := parse(t, fmt.Appendf(nil, `{"EventType":%q,"X":%s}`, tt.eventType, tt.payload))
			got, err := e.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %s\nwant %s", encode(t, got), encode(t, tt.want))
			}
			if string(e.Payload) != tt.payload {
				t.Errorf("the payload became %s", e.Payload)
			}
		})
	}
}

func snapshots(in *event.SnapshotByTimeOffsetTaskInput) *event.ProcedureTask {
	return &event.ProcedureTask{MediaProcessResultSet: []*event.MediaProcessTaskResult{
		{SnapshotByTimeOffsetTask: &event.MediaProcessTaskSnapshotByTimeOffsetResult{Input: in}},
	}}
}

// Members that VOD does not document and that events have been seen with are in
// the types.
func TestDecodeKeepsObservedMembers(t *testing.T) {
	for name, body := range map[string]string{
		"progress of a review":         `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"AiContentReviewResultSet":[{"Type":"Porn","Progress":40}]}}`,
		"faces under an older name":    `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"AiRecognitionResultSet":[{"FaceRecognitionTask":{"Output":{"ResultSet":[{"Id":"9"}]}}}]}}`,
		"pictures with their offsets":  `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"MediaProcessResultSet":[{"SampleSnapshotTask":{"Output":{"PicInfoSet":[{"TimeOffset":5,"Url":"u"}]}}}]}}`,
		"a watermark's B stream":       `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"MediaProcessResultSet":[{"TranscodeTask":{"Input":{"TraceWatermark":{"DefinitionForBStream":3}}}}]}}`,
		"a track item's source":        `{"EventType":"ComposeMediaComplete","ComposeMediaCompleteEvent":{"Input":{"Tracks":[{"TrackItems":[{"SourceMedia":"8","AudioOperations":[{"Type":"Volume"}]}]}]}}}`,
		"basic info within basic info": `{"EventType":"PullComplete","PullCompleteEvent":{"MediaBasicInfo":{"FileId":"8","MediaBasicInfo":{"Name":"n"}}}}`,
		"a mini program's event":       `{"WechatMiniProgramPublishEvent":{"TaskId":"t","PublishResult":"Pass"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			e := parse(t, []byte(body))
			if d := diff(e.Field, tree(t, e.Payload), tree(t, roundTrip(t, e))); d != nil {
				t.Errorf("lost or changed: %s", d)
			}
		})
	}
}

// The observed name of a payload's member goes before that of another object.
func TestObservedNameOfThePayload(t *testing.T) {
	e := parse(t, []byte(`{"EventType":"WechatMiniProgramPublishComplete","Extra":{"TaskId":"no"},"WechatMiniProgramPublishEvent":{"TaskId":"t"}}`))
	got, err := e.Decode()
	if want := (&event.WechatMiniProgramPublishTask{TaskId: "t"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
}

// What says something else than the types is an error that costs its own member
// alone.
func TestDecodeError(t *testing.T) {
	e := parse(t, []byte(`{"EventType":"ComposeMediaComplete","ComposeMediaCompleteEvent":
		{"TaskId":"t","Progress":"half","Output":{"FileType":"mp4","FileId":5145403691847262211,"FileUrl":"u"},"SessionId":"s"}}`))
	got, err := e.Decode()
	want := &event.ComposeMediaTask{
		TaskId:    "t",
		Output:    &event.ComposeMediaTaskOutput{FileType: "mp4", FileId: "5145403691847262211", FileUrl: "u"},
		SessionId: "s",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", encode(t, got))
	}
	const text = "event: payload of ComposeMediaComplete read in part, what is missing is still in Event.Payload: " +
		"json: cannot unmarshal string into Go struct field ComposeMediaTask.Progress of type int64"
	if err == nil || err.Error() != text {
		t.Errorf("error %v\nwant  %s", err, text)
	}

	for _, odd := range []string{`1.5`, `"1.5"`, `"0x10"`, `"+5"`, `" 5"`, `"NaN"`, `9e999`, `1e19`, `"1e19"`, `[1,2]`, `{}`, `true`} {
		e := parse(t, []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":7,"MetaData":{"Size":`+odd+`,"Width":4}}}`))
		got, err := e.Decode()
		want := &event.FileUploadTask{FileId: "7", MetaData: &event.MediaMetaData{Width: 4}}
		if err == nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Size %s: got %s, %v", odd, encode(t, got), err)
		}
	}

	// Parse lets nothing through that is no JSON, but an Event can be made by hand.
	broken := event.Event{Type: "NewFileUpload", Field: "FileUploadEvent", Payload: json.RawMessage(`{"FileId":"7"`)}
	got, err = broken.Decode()
	if _, ok := got.(*event.FileUploadTask); !ok || err == nil {
		t.Errorf("cut payload: got %#v, %v", got, err)
	}
}

// fixtures returns the bodies in testdata by their file names: events with
// values of our own, as callbacks send them and as PullEvents returns them.
func fixtures(t *testing.T) map[string][]byte {
	t.Helper()
	want := []string{
		"AigcVideoTaskComplete", "ComposeMediaComplete", "EditMediaComplete", "FileDeleted",
		"NewFileUpload", "ProcedureStateChanged", "PullComplete", "RestoreMediaComplete",
		"ReviewAudioVideoComplete", "WechatMiniProgramPublishComplete",
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	if got := slices.Sorted(maps.Keys(bodies)); !slices.Equal(got, want) {
		t.Fatalf("fixtures %s, want %s", got, want)
	}
	return bodies
}

func parse(t *testing.T, body []byte) *event.Event {
	t.Helper()
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1_790_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// roundTrip decodes e's payload to its type and encodes it again.
func roundTrip(t *testing.T, e *event.Event) []byte {
	t.Helper()
	payload, err := e.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := payload.(event.Unknown); ok {
		t.Fatalf("%s is unknown", u.Type)
	}
	return encode(t, payload)
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tree decodes JSON without a loss: its numbers keep their digits.
func tree(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// diff returns the paths at which two trees differ, both pruned.
func diff(path string, a, b any) []string {
	a, b = prune(a), prune(b)
	if a == nil {
		a, b = b, a
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok || b == nil {
			names := map[string]bool{}
			for name := range x {
				names[name] = true
			}
			for name := range y {
				names[name] = true
			}
			var paths []string
			for _, name := range slices.Sorted(maps.Keys(names)) {
				paths = append(paths, diff(path+"."+name, x[name], y[name])...)
			}
			return paths
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			var paths []string
			for i := range x {
				paths = append(paths, diff(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])...)
			}
			return paths
		}
	case json.Number:
		if y, ok := b.(json.Number); ok && rat(x).Cmp(rat(y)) == 0 {
			return nil
		}
	default:
		if a == b {
			return nil
		}
	}
	return []string{path}
}

// prune returns nil for what is null, zero or empty, also for an object that
// holds nothing else. An element of a list keeps its place.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if prune(member) != nil {
				return v
			}
		}
		return nil
	case []any:
		if len(v) == 0 {
			return nil
		}
	case json.Number:
		if rat(v).Sign() == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic("no number: " + n.String())
	}
	return r
}

// visit calls f for v and everything in it.
func visit(path string, v any, f func(path string, v any)) {
	f(path, v)
	for _, p := range places(v) {
		visit(path+p.name, p.value, f)
	}
}

// place is a member of an object or an element of a list.
type place struct {
	name  string // as it is added to a path
	value any
	set   func(any)
}

func places(v any) []place {
	var all []place
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			all = append(all, place{"." + name, value, func(to any) { v[name] = to }})
		}
	case []any:
		for i, value := range v {
			all = append(all, place{fmt.Sprintf("[%d]", i), value, func(to any) { v[i] = to }})
		}
	}
	return all
}

// filler counts the values that it has given out, so that no two are the same.
type filler int64

// fill sets everything in v. Objects deeper than any that VOD has stay nil, in
// case one comes that holds itself.
func (n *filler) fill(v reflect.Value, depth int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("<%d> & \"ü\"\n", *n))
	case reflect.Int64:
		v.SetInt(-1<<53 - int64(*n))
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			n.fill(v.Index(i), depth)
		}
	case reflect.Pointer:
		if depth < 10 {
			v.Set(reflect.New(v.Type().Elem()))
			n.fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			n.fill(v.Field(i), depth)
		}
	default:
		panic("no value for a " + v.Type().String())
	}
}

package event_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"testing"

	"vodevents/shared/event"
)

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
	var described struct {
		Events []json.RawMessage
		Types  map[string]json.RawMessage
	}
	schema, err := os.ReadFile("internal/genpayload/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(schema, &described); err != nil {
		t.Fatal(err)
	}
	if len(event.Kinds) != len(described.Events) || len(seen) != len(described.Types) {
		t.Errorf("%d kinds with %d object types; the API description has %d with %d", len(event.Kinds), len(seen), len(described.Events), len(described.Types))
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
		"an integer with a point beyond 2^53": {
			"NewFileUpload", `{"MetaData":{"Size":9007199254740993.0,"Width":"0.64e3"}}`,
			&event.FileUploadTask{MetaData: &event.MediaMetaData{Size: 9007199254740993, Width: 640}},
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

	for _, odd := range []string{`1.5`, `"1.5"`, `0.99999999999999999999`, `"3.00000000000000000001"`, `"0x10"`, `"+5"`, `" 5"`, `"NaN"`, `9e999`, `1e19`, `"1e19"`, `[1,2]`, `{}`, `true`} {
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

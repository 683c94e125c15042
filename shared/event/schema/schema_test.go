package schema_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"vodevents/shared/event"
	"vodevents/shared/event/schema"
	"vodevents/shared/longtest"
	"vodevents/shared/vodfake"
)

var at = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// The samples of package event are what their schemas say.
func TestSamplesValidate(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := parse(t, body)
		if err := compile(t, e.Type).Validate(tree(t, e.AppendData(nil))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What the stand-in makes of each kind is what its schema says, and the
// CloudEvent is what the OpenAPI document says. Each value of another kind is
// refused, wherever it stands: so the schemas reach every member.
func TestMadeEventsValidate(t *testing.T) {
	for _, k := range event.Kinds {
		t.Run(k.Type, func(t *testing.T) {
			t.Parallel()
			data, whole := compile(t, k.Type), compileOpenAPI(t, k.Type)
			for seed := range longtest.Scale(2, 5) {
				body, err := vodfake.Make(seed, at, k.Type, nil)
				if err != nil {
					t.Fatal(err)
				}
				e := parse(t, body)
				if err := whole.Validate(tree(t, e.AppendCloudEvent(nil))); err != nil {
					t.Errorf("OpenAPI: %v", err)
				}
				made := tree(t, e.AppendData(nil))
				if err := data.Validate(made); err != nil {
					t.Errorf("%v\n%s", err, body)
				}
				spoil(made, k.Type, func(path string) {
					if data.Validate(made) == nil {
						t.Errorf("%s may be anything", path)
					}
				})
			}
		})
	}
}

// So is what the stand-in makes in other forms, as real events have them.
func TestMakingsValidate(t *testing.T) {
	for _, making := range vodfake.Makings {
		bodies, err := vodfake.MakeAll(1, at, making.Kind, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			e := parse(t, body)
			if err := compile(t, e.Type).Validate(tree(t, e.AppendData(nil))); err != nil {
				t.Errorf("%s: %v", making.Kind, err)
			}
		}
	}
}

// spoil gives every value in v another kind, one at a time.
func spoil(v any, path string, spoiled func(path string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			spoil(value, path+"."+name, spoiled)
			v[name] = other(value)
			spoiled(path + "." + name)
			v[name] = value
		}
	case []any:
		for i, value := range v {
			spoil(value, path+"[]", spoiled)
			v[i] = other(value)
			spoiled(path + "[]")
			v[i] = value
		}
	}
}

func other(v any) any {
	if _, object := v.(map[string]any); object {
		return "odd"
	}
	return map[string]any{"odd": true}
}

// The schemas know the same fields as the Go types.
func TestSchemasMatchTheTypes(t *testing.T) {
	for _, k := range event.Kinds {
		content, ok := schema.JSON(k.Type)
		if !ok {
			t.Errorf("%s has no schema", k.Type)
			continue
		}
		var s struct {
			Defs map[string]struct {
				Properties map[string]json.RawMessage
			} `json:"$defs"`
		}
		if err := json.Unmarshal(content, &s); err != nil {
			t.Fatal(err)
		}
		types := map[string]reflect.Type{}
		collect(reflect.TypeOf(k.New()).Elem(), types)
		if len(types) != len(s.Defs) {
			t.Errorf("%s: %d types, %d in its schema", k.Type, len(types), len(s.Defs))
		}
		for name, typ := range types {
			if n := len(s.Defs[name].Properties); n != typ.NumField() {
				t.Errorf("%s: %s has %d fields, %d in the schema", k.Type, name, typ.NumField(), n)
			}
			for i := range typ.NumField() {
				if _, ok := s.Defs[name].Properties[typ.Field(i).Name]; !ok {
					t.Errorf("%s: %s.%s is not in the schema", k.Type, name, typ.Field(i).Name)
				}
			}
		}
	}
	for _, name := range []string{"NoSuchKind", "openapi", "../x", ""} {
		if _, ok := schema.JSON(name); ok {
			t.Errorf("%q has a schema", name)
		}
	}
}

func collect(t reflect.Type, into map[string]reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || into[t.Name()] != nil {
		return
	}
	into[t.Name()] = t
	for i := range t.NumField() {
		collect(t.Field(i).Type, into)
	}
}

// Values as real events have them, and the members that a schema cannot know.
func TestWhatSchemasTakeAndRefuse(t *testing.T) {
	tests := map[string]struct {
		kind, data string
		refused    bool
	}{
		"a member beyond the schema": {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5","New":1},"More":[]}`, false},
		"an integer beyond 2^53":     {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":{"MetaData":{"Size":9223372036854775807}}}`, false},
		"a fraction for an integer":  {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":{"MetaData":{"Size":1.5}}}`, true},
		"null for an object":         {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":{"MediaBasicInfo":null,"MetaData":null}}`, false},
		"null for a list":            {"FileDeleted", `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":null}}`, false},
		"null for the payload":       {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":null}`, true},
		"no payload":                 {"NewFileUpload", `{"EventType":"NewFileUpload"}`, true},
		"another kind":               {"NewFileUpload", `{"EventType":"PullComplete","FileUploadEvent":{}}`, true},
		"a number for a FileId":      {"NewFileUpload", `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":5}}`, true},
		"where it was seen":          {"ComposeMediaComplete", `{"EventType":"ComposeMediaComplete","ComposeMediaCompleteEvent":{"Output":{"FileId":5145403721233902989}}}`, false},
		"a list where it was seen":   {"ProcedureStateChanged", `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"MediaProcessResultSet":[{"SnapshotByTimeOffsetTask":{"Input":{"Definition":[3,6]}}}]}}`, false},
		"a status that is new":       {"ProcedureStateChanged", `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"Status":"PAUSED"}}`, false},
		"the observed name":          {"WechatMiniProgramPublishComplete", `{"EventType":"WechatMiniProgramPublishComplete","WechatMiniProgramPublishEvent":{"TaskId":"t"}}`, false},
		"neither name":               {"WechatMiniProgramPublishComplete", `{"EventType":"WechatMiniProgramPublishComplete"}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := compile(t, tt.kind).Validate(tree(t, []byte(tt.data))); (err != nil) != tt.refused {
				t.Errorf("error %v, want one: %v", err, tt.refused)
			}
		})
	}
}

// What is deprecated, and the values of a field, are in the schema.
func TestSchemaCarriesMeanings(t *testing.T) {
	content, _ := schema.JSON("ProcedureStateChanged")
	var s struct {
		Defs map[string]struct {
			Description string
			Properties  map[string]struct {
				Description string
				Deprecated  bool
				Examples    []string
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	task := s.Defs["ProcedureTask"]
	if p := task.Properties["ErrCode"]; !p.Deprecated || !strings.Contains(p.Description, "sub-task") {
		t.Errorf("ErrCode: %+v", p)
	}
	if p := task.Properties["Status"]; p.Deprecated || strings.Join(p.Examples, " ") != "WAITING PROCESSING FINISH" {
		t.Errorf("Status: %+v", p)
	}
	if p := task.Properties["MetaData"]; !strings.Contains(p.Description, "null") || strings.Contains(p.Description, "Nil") {
		t.Errorf("MetaData: %+v", p)
	}
	if !strings.Contains(task.Description, "266/33953") {
		t.Errorf("no page in %q", task.Description)
	}
}

func TestOpenAPI(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(schema.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !document.IsOpenAPI31OrLater() {
		t.Errorf("version %s", document.OpenAPI)
	}
	for _, k := range event.Kinds {
		hook := document.Webhooks[k.Type]
		if hook == nil || hook.Post == nil || hook.Post.RequestBody.Value.Content["application/cloudevents+json"].Schema.Value == nil || len(hook.Post.Parameters) != 3 {
			t.Errorf("%s: webhook %+v", k.Type, hook)
		}
	}
	if len(document.Webhooks) != len(event.Kinds)+1 {
		t.Errorf("%d webhooks for %d kinds and the unknown ones", len(document.Webhooks), len(event.Kinds))
	}
}

func compile(t testing.TB, kind string) *jsonschema.Schema {
	t.Helper()
	content, ok := schema.JSON(kind)
	if !ok {
		t.Fatalf("%s has no schema", kind)
	}
	return compileAt(t, content, "")
}

func compileOpenAPI(t *testing.T, component string) *jsonschema.Schema {
	t.Helper()
	return compileAt(t, schema.OpenAPI(), "#/components/schemas/"+component)
}

func compileAt(t testing.TB, document []byte, place string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("https://example.com/s.json", tree(t, document)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://example.com/s.json" + place)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t testing.TB, body []byte) *event.Event {
	t.Helper()
	e, err := event.Parse(body, event.Origin{Mode: event.Normal, SubAppId: 1500012345, Received: at})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func tree(t testing.TB, b []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

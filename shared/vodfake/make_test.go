package vodfake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

var (
	at         = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	fileIDForm = regexp.MustCompile(`^[5-8]\d{18}$`)
	taskIDForm = regexp.MustCompile(`^1500012345-[A-Za-z0-9]+-[0-9a-f]{32}t0$`)
	timeForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	urlForm    = regexp.MustCompile(`^https://[a-z0-9.]+\.example\.com/\S+\.(mp4|jpg|vtt|json)$`)
)

// Events of all kinds are what VOD would send: the right type and field, ids,
// times and addresses of the right form, and no member that the kind lacks.
func TestMakeAllKinds(t *testing.T) {
	t.Parallel()
	for _, k := range event.Kinds {
		t.Run(k.Type, func(t *testing.T) {
			for seed := range uint64(20) {
				body, err := vodfake.Make(seed, at, k.Type, nil)
				if err != nil {
					t.Fatal(err)
				}
				if again, _ := vodfake.Make(seed, at, k.Type, nil); !bytes.Equal(body, again) {
					t.Error("the same seed gives another event")
				}
				if other, _ := vodfake.Make(seed+1, at, k.Type, nil); bytes.Equal(body, other) {
					t.Error("another seed gives the same event")
				}
				e, err := event.Parse(body, event.Origin{Mode: event.Normal})
				if err != nil || e.Type != k.Type || e.Field != k.Field {
					t.Fatalf("parsed as %+v, %v\n%s", e, err, body)
				}
				payload := k.New()
				d := json.NewDecoder(bytes.NewReader(e.Payload))
				d.DisallowUnknownFields()
				if err := d.Decode(payload); err != nil {
					t.Fatalf("%v\n%s", err, body)
				}
				var tree any
				if err := json.Unmarshal(body, &tree); err != nil {
					t.Fatal(err)
				}
				checkForms(t, "", tree)
			}
		})
	}
	if _, err := vodfake.Make(1, at, "NoSuchEvent", nil); err == nil {
		t.Error("an unknown kind is an error")
	}
}

func checkForms(t *testing.T, name string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for n, m := range v {
			checkForms(t, n, m)
		}
	case []any:
		for _, m := range v {
			checkForms(t, strings.TrimSuffix(name, "Set"), m)
		}
	case string:
		var form *regexp.Regexp
		switch {
		case v == "":
			return
		case strings.HasSuffix(name, "FileId"):
			form = fileIDForm
		case name == "TaskId":
			form = taskIDForm
		case strings.HasSuffix(name, "Url"):
			form = urlForm
		case strings.HasSuffix(name, "Time"):
			form = timeForm
		default:
			return
		}
		if !form.MatchString(v) {
			t.Errorf("%s is %q", name, v)
		}
	}
}

// Every field of a made event can be overridden, in every kind.
func TestMakeOverrides(t *testing.T) {
	t.Parallel()
	for _, k := range event.Kinds {
		v := reflect.TypeOf(k.New()).Elem()
		for i := range v.NumField() {
			f := v.Field(i)
			var want string
			switch f.Type.Kind() {
			case reflect.String:
				want = `"overridden <&>"`
			case reflect.Bool:
				want = "false"
			case reflect.Slice:
				want = "[]"
			case reflect.Pointer:
				continue // merged: see below
			default:
				want = "77"
			}
			body, err := vodfake.Make(1, at, k.Type, json.RawMessage(fmt.Sprintf(`{%q:%s}`, f.Name, want)))
			if err != nil {
				t.Fatal(err)
			}
			var m map[string]json.RawMessage
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(m[k.Field], &m); err != nil {
				t.Fatal(err)
			}
			var got, wanted any
			json.Unmarshal(m[f.Name], &got)
			json.Unmarshal([]byte(want), &wanted)
			if !reflect.DeepEqual(got, wanted) {
				t.Errorf("%s.%s is %s", k.Type, f.Name, m[f.Name])
			}
		}
	}

	body, err := vodfake.Make(1, at, "NewFileUpload", map[string]any{
		"FileId":         "42",
		"MediaBasicInfo": map[string]any{"Name": "mine", "SourceInfo": nil},
		"MetaData":       event.MediaMetaData{Size: 1 << 60},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"FileId":"42"`, `"Name":"mine","Description":""`, `"Type":"mp4"`, `"Size":1152921504606846976`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if bytes.Contains(body, []byte("SourceInfo")) {
		t.Errorf("null leaves SourceInfo in %s", body)
	}

	for _, bad := range []any{map[string]any{"FileID2": 1}, map[string]any{"FileId": 42}, json.RawMessage("{"), 7} {
		if _, err := vodfake.Make(1, at, "NewFileUpload", bad); err == nil {
			t.Errorf("overrides %v are no error", bad)
		}
	}
}

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

// Events of all kinds look like VOD's: they have the right type and payload
// member, ids, times and URLs of the right form, and no member that the kind does
// not have.
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

// Each making has the type of its kind, is the same for the same seed, and Decode
// reads it without an error.
func TestMakings(t *testing.T) {
	t.Parallel()
	for _, making := range vodfake.Makings {
		t.Run(making.Kind, func(t *testing.T) {
			if making.Description == "" {
				t.Error("no description")
			}
			bodies, err := vodfake.MakeAll(7, at, making.Kind, map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			again, _ := vodfake.MakeAll(7, at, making.Kind, nil)
			if !reflect.DeepEqual(bodies, again) {
				t.Error("the same seed gives other events")
			}
			if last, _ := vodfake.Make(7, at, making.Kind, nil); !bytes.Equal(last, bodies[len(bodies)-1]) {
				t.Error("Make does not give the last event")
			}
			for _, body := range bodies {
				e, err := event.Parse(body, event.Origin{Mode: event.Normal})
				if err != nil || e.Type != making.EventType() {
					t.Fatalf("parsed as %+v, %v", e, err)
				}
				if _, err := e.Decode(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for kind, want := range map[string]string{
		"FileDeleted/none":   "there are FileDeleted, FileDeleted/parts, FileDeleted/many, FileDeleted/whole",
		"NewFileUpload/none": "of NewFileUpload there is the usual event alone",
		"NoSuchEvent/parts":  "give one of event.Kinds",
	} {
		if _, err := vodfake.Make(1, at, kind, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

func TestMakingDeletesParts(t *testing.T) {
	t.Parallel()
	parts := payload[event.FileDeleteTask](t, "FileDeleted/parts")
	if r := parts[0].FileDeleteResultInfo; len(r) != 1 || len(r[0].DeleteParts) != 2 || r[0].DeleteParts[0].Type != event.DeletedTranscodeFiles {
		t.Errorf("parts: %+v", r)
	}
	many := payload[event.FileDeleteTask](t, "FileDeleted/many")[0]
	if len(many.FileIdSet) != 3 || len(many.FileDeleteResultInfo) != 3 || len(many.FileDeleteResultInfo[0].DeleteParts) != 0 || len(many.FileDeleteResultInfo[2].DeleteParts) != 1 {
		t.Errorf("many: %+v", many)
	}
	if body := made(t, "FileDeleted/whole")[0]; !bytes.Contains(body, []byte(`"DeleteParts":[]`)) {
		t.Errorf("whole: %s", body)
	}
}

func TestMakingRunsAgain(t *testing.T) {
	t.Parallel()
	runs := payload[event.ProcedureTask](t, "ProcedureStateChanged/rerun")
	if len(runs) != 2 || runs[0].FileId != runs[1].FileId || runs[0].TaskId == runs[1].TaskId {
		t.Fatalf("runs: %+v", runs)
	}
	first, second := runs[0].MediaProcessResultSet[0].TranscodeTask, runs[1].MediaProcessResultSet[0].TranscodeTask
	if first.Output.Definition != second.Output.Definition || first.Output.Url == second.Output.Url || first.FinishTime >= second.FinishTime {
		t.Errorf("first %+v of %s, second %+v of %s", first.Output, first.FinishTime, second.Output, second.FinishTime)
	}
}

func TestMakingFails(t *testing.T) {
	t.Parallel()
	p := payload[event.ProcedureTask](t, "ProcedureStateChanged/failed")[0]
	cover := p.MediaProcessResultSet[1].CoverBySnapshotTask
	if cover.Status != event.SubTaskFail || cover.ErrCodeExt == "" || cover.ErrCode == 0 || cover.Output != nil {
		t.Errorf("cover: %+v", cover)
	}
	if n := bytes.Count(made(t, "ProcedureStateChanged/failed")[0], []byte(`"Output":null`)); n != 1 {
		t.Errorf("%d members Output are null, want that of the sub-task that failed", n)
	}
}

func TestMakingTellsEachChange(t *testing.T) {
	t.Parallel()
	all := payload[event.ProcedureTask](t, "ProcedureStateChanged/change")
	if len(all) != 3 {
		t.Fatalf("%d events", len(all))
	}
	ids := map[string]bool{}
	for i, p := range all {
		ids[p.TaskId] = true
		want := event.TaskProcessing
		if i == 2 {
			want = event.TaskFinish
		}
		if p.Status != want || p.TasksNotifyMode != event.NotifyChange {
			t.Errorf("event %d: %s, %s", i, p.Status, p.TasksNotifyMode)
		}
	}
	if len(ids) != 1 {
		t.Errorf("%d TaskIds", len(ids))
	}
	if s := all[1].MediaProcessResultSet; len(s) != 2 || s[0].TranscodeTask.Status != event.SubTaskSuccess || s[1].CoverBySnapshotTask.Status != event.SubTaskProcessing {
		t.Errorf("second event: %+v", s)
	}
}

func TestMakingSpellsAsRealEventsDo(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"ProcedureStateChanged/no-time": `"FinishTime":"0000-00-00T00:00:00Z"`,
		"ProcedureStateChanged/numbers": `"Id":\d{6},`,
		"ComposeMediaComplete/numbers":  `"FileId":\d{19},`,
	} {
		if body := made(t, kind)[0]; !regexp.MustCompile(want).Match(body) {
			t.Errorf("%s: no %s in %s", kind, want, body)
		}
	}
}

func made(t *testing.T, kind string) [][]byte {
	t.Helper()
	bodies, err := vodfake.MakeAll(3, at, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	return bodies
}

func payload[T any](t *testing.T, kind string) (payloads []T) {
	t.Helper()
	for _, body := range made(t, kind) {
		payloads = append(payloads, *decode[T](t, body))
	}
	return payloads
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

package main

import (
	"bytes"
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The committed files are as this program writes them, edited by nobody, and
// those of former runs are gone.
func TestFilesAreGenerated(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "payload_gone.go")
	own := filepath.Join(dir, "payload_own.go")
	staleSchema := filepath.Join(dir, "schema", "Gone.json")
	if err := os.Mkdir(filepath.Dir(staleSchema), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{stale: marker + "\npackage event\n", staleSchema: "{}", own: "package event\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(".", dir); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{stale, staleSchema} {
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s is generated no more and still there", file)
		}
	}
	if err := os.Remove(own); err != nil {
		t.Errorf("a file of another's is gone: %v", err)
	}

	want, got := files(t, dir), files(t, "../..")
	maps.DeleteFunc(got, func(_ string, content []byte) bool {
		return !bytes.HasPrefix(content, []byte(marker)) && content[0] != '{'
	})
	if names, wanted := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(names, wanted) {
		t.Errorf("committed %q\nwant      %q", names, wanted)
	}
	for name, content := range want {
		if !bytes.Equal(got[name], content) {
			t.Errorf("%s is not as genpayload writes it: run go generate ./shared/event", name)
		}
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := filepath.Glob(filepath.Join(dir, "schema", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, schemas...)
	contents := map[string][]byte{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		contents[filepath.Base(name)] = content
	}
	return contents
}

// Every field says what it means, by its doc or by a name that is on the list of
// those that need none.
func TestEveryFieldIsExplained(t *testing.T) {
	s := committed(t)
	unused := map[string]bool{}
	for _, name := range s.words.Plain {
		unused[name] = true
	}
	for object, fields := range s.Types {
		for _, f := range fields {
			doc, deprecated := s.fieldDoc(object, f)
			if doc != "" || deprecated != "" {
				continue
			}
			// RebuildMediaTaskInput.SuperResolutionInfo: its type is explained.
			if _, isObject := s.Types[f.Type]; isObject && !f.List && strings.Contains(f.Type, f.Name) {
				continue
			}
			if !slices.Contains(s.words.Plain, f.Name) {
				t.Errorf("%s.%s has no doc: describe the name in words.json, or call it plain there", object, f.Name)
			}
			delete(unused, f.Name)
		}
	}
	for name := range unused {
		t.Errorf("plain: every %s has a doc", name)
	}
}

// Fields whose values programs switch over have typed constants, also those
// that a newer description adds.
func TestStatusFieldsAreTyped(t *testing.T) {
	for object, fields := range committed(t).Types {
		for _, f := range fields {
			switch f.Name {
			case "Status", "Suggestion", "PublishResult", "StorageClass", "PersistenceSource", "TasksNotifyMode":
				if f.Type == "string" && f.constant == "" {
					t.Errorf("%s.%s (%s) has no type of its own: name it in constants.json", object, f.Name, f.Doc)
				}
			}
		}
	}
}

// A value is in the doc of a field that can have it, unless the description
// explains none.
func TestConstantsAreDocumented(t *testing.T) {
	s := committed(t)
	for _, c := range s.constants {
		var docs string
		for _, fields := range s.Types {
			for _, f := range fields {
				if f.constant == c.Type {
					docs += " " + f.Doc
				}
			}
		}
		for _, v := range c.Values {
			if !strings.Contains(docs, v.Value) {
				t.Errorf("%s: no doc names %q", c.Type, v.Value)
			}
		}
	}
}

func committed(t *testing.T) *schema {
	t.Helper()
	s, err := load(".")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFieldDoc(t *testing.T) {
	s := &schema{
		Types: map[string][]field{"Task": {{Name: "Status", Type: "string", Doc: "PROCESSING, SUCCESS or FAIL."}}, "Part": {}},
		words: words{Names: map[string]string{"TaskId": "ID of the task.", "Output": "What the task made. It may be missing when the task failed."}},
	}
	tests := map[string]struct {
		f                     field
		wantDoc, wantObsolete string
	}{
		"its own":               {field{Name: "TaskId", Type: "string", Doc: "Own."}, "Own.", ""},
		"that of its name":      {field{Name: "TaskId", Type: "string"}, "ID of the task.", ""},
		"none":                  {field{Name: "Name", Type: "string"}, "", ""},
		"deprecated, for what":  {field{Name: "E", Type: "int64", Doc: "Deprecated: use F. 0 on success."}, "0 on success.", "use F."},
		"deprecated, no more":   {field{Name: "E", Type: "int64", Doc: "Deprecated: use F.", Deprecated: true}, "", "use F."},
		"deprecated, for no":    {field{Name: "E", Type: "int64", Doc: "Deprecated.", Deprecated: true}, "", "VOD names nothing in its place."},
		"deprecated by a flag":  {field{Name: "E", Type: "int64", Doc: "Meaning.", Deprecated: true}, "Meaning.", "VOD names nothing in its place."},
		"output of a sub-task":  {field{Name: "Output", Type: "Part", Nullable: true, Doc: "May be null."}, "What the task made. Nil when Status is FAIL.", ""},
		"nullable":              {field{Name: "P", Type: "Part", Nullable: true, Doc: "Meaning; may be null."}, "Meaning. Nil when VOD sends null or nothing.", ""},
		"nullable, of one Type": {field{Name: "P", Type: "Part", Nullable: true, Doc: "Set when Type is X, may be null."}, "Set when Type is X. Nil otherwise.", ""},
		"observed":              {field{Name: "P", Type: "string", Doc: "Meaning.", observed: true}, "Meaning. Not documented, but in real or published events.", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			doc, obsolete := s.fieldDoc("Task", tt.f)
			if doc != tt.wantDoc || obsolete != tt.wantObsolete {
				t.Errorf("got %q and %q, want %q and %q", doc, obsolete, tt.wantDoc, tt.wantObsolete)
			}
		})
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"NewFileUpload":             "new_file_upload",
		"AigcHunyuan3DTaskComplete": "aigc_hunyuan3d_task_complete",
		"ProcessMediaByMPSComplete": "process_media_by_mps_complete",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	const event = `"events":[{"eventType":"A","field":"AEvent","type":"ATask"}]`
	const task = `{` + event + `,"types":{"ATask":[{"name":"X","type":"string"}]}}`
	tests := map[string]struct{ schema, observed, constants, want string }{
		"no JSON":               {schema: `{`, want: "schema.json: unexpected end"},
		"no events":             {schema: `{"types":{}}`, want: "events: none"},
		"an event without type": {schema: `{"events":[{"field":"F","type":"ATask"}],"types":{"ATask":[]}}`, want: "has no eventType"},
		"a payload not there":   {schema: `{` + event + `,"types":{}}`, want: `the payload "ATask"`},
		"an event twice":        {schema: `{"events":[{"eventType":"A","field":"F","type":"ATask"},{"eventType":"B","field":"F","type":"ATask"}],"types":{"ATask":[]}}`, want: "twice"},
		"a type's name":         {schema: `{` + event + `,"types":{"ATask":[],"a b":[]}}`, want: `"a b" is no exported Go name`},
		"a member's name":       {schema: `{` + event + `,"types":{"ATask":[{"name":"x","type":"string"}]}}`, want: `"x" is no exported Go name`},
		"a member twice":        {schema: `{` + event + `,"types":{"ATask":[{"name":"X","type":"string"},{"name":"X","type":"bool"}]}}`, want: "X is there twice"},
		"a type not there":      {schema: `{` + event + `,"types":{"ATask":[{"name":"X","type":"Y"}]}}`, want: `the type "Y"`},

		"an observed event that is none":   {schema: task, observed: `{"events":[{"eventType":"B"}]}`, want: "observed.json: no event B"},
		"an observed type that is none":    {schema: task, observed: `{"types":{"B":[]}}`, want: "observed.json: no type B"},
		"observed and by now documented":   {schema: task, observed: `{"types":{"ATask":[{"name":"X","type":"string"}]}}`, want: "ATask.X is in schema.json: take it out here"},
		"an observed member of no type":    {schema: task, observed: `{"types":{"ATask":[{"name":"Y"}]}}`, want: `observed.json: types: ATask: Y has the type ""`},
		"constants that no field has":      {schema: task, constants: `[{"type":"B","fields":["*.Y"]}]`, want: "constants.json: B: no field is one"},
		"constants of a field by its docs": {schema: task, constants: `[{"type":"B","fields":["*.X"],"docs":["one or two."]}]`, want: "B: no field is one"},
		"a field with constants twice":     {schema: task, constants: `[{"type":"B","fields":["*.X"]},{"type":"C","fields":["ATask.X"]}]`, want: "ATask.X is both B and C"},
		"constants named as an object":     {schema: task, constants: `[{"type":"ATask","fields":["*.X"]}]`, want: `"ATask" cannot be the name of a type`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string]string{
				"schema.json": tt.schema, "observed.json": cmp.Or(tt.observed, "{}"), "constants.json": cmp.Or(tt.constants, "[]"), "words.json": "{}", "dev.json": `{"paths":{},"schemas":{}}`,
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := run(dir, t.TempDir()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if err := run(t.TempDir(), t.TempDir()); err == nil {
		t.Error("a folder without schema.json is an error")
	}
}

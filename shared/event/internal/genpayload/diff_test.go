package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	const before = `{
		"events": [{"eventType":"A","field":"AEvent","type":"ATask"},{"eventType":"C","field":"CEvent","type":"ATask"}],
		"types": {
			"ATask": [
				{"name":"Id","type":"string"},
				{"name":"Gone","type":"int64","doc":"Was here."},
				{"name":"Size","type":"int64","doc":"Bytes."},
				{"name":"Old","type":"string"}
			],
			"Unused": [{"name":"X","type":"bool"}]
		}}`
	const after = `{
		"events": [{"eventType":"A","field":"AEvents","type":"ATask"},{"eventType":"B","field":"BEvent","type":"BTask"}],
		"types": {
			"ATask": [
				{"name":"Id","type":"string"},
				{"name":"Size","type":"float","list":true,"doc":"Bytes of each.","nullable":true},
				{"name":"Old","type":"string","deprecated":true,"doc":"Deprecated: use Id."},
				{"name":"New","type":"BTask","doc":"What was made."}
			],
			"BTask": [{"name":"TaskId","type":"string"},{"name":"Parts","type":"ATask","list":true}]
		}}`
	const want = `Kinds
  ~ A: ATask in AEvents, was ATask in AEvent
  + B: BTask in BEvent
  - C: ATask in CEvent

Types
  + BTask: TaskId string, Parts list of ATask
  - Unused: X bool

Fields
  + ATask.New: BTask. What was made.
  - ATask.Gone: int64. Was here.

Kinds of values
  ~ ATask.Size: list of float, was int64

Meanings
  ~ ATask.Size: Bytes of each. (nullable)
      was: Bytes.
  ~ ATask.Old: Deprecated: use Id. (deprecated)
      was: nothing
`
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	older, newer := write("old.json", before), write("new.json", after)
	for _, tt := range []struct{ from, to, want string }{{older, newer, want}, {newer, newer, "Nothing has changed.\n"}} {
		var got strings.Builder
		if err := printDiff(&got, tt.from, tt.to); err != nil {
			t.Fatal(err)
		}
		if got.String() != tt.want {
			t.Errorf("got:\n%s\nwant:\n%s", got.String(), tt.want)
		}
	}
	for name, content := range map[string]string{"no JSON": "{", "no schema": "{}"} {
		if err := printDiff(new(strings.Builder), older, write("bad.json", content)); err == nil || !strings.Contains(err.Error(), "bad.json") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

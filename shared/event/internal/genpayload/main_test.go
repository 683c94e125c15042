package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"vodevents/shared/event"
)

// TestPayloadFile reads the schema back from the committed types and generates
// them again: payload.go is as this program writes it, edited by nobody.
func TestPayloadFile(t *testing.T) {
	s := schema{Types: map[string][]field{}}
	for _, k := range event.Kinds {
		payload := reflect.TypeOf(k.New()).Elem()
		s.Events = append(s.Events, kind{k.Type, k.Field, payload.Name()})
		addType(s.Types, payload)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "schema.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(file, dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "payload.go"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../payload.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("payload.go is not as genpayload writes it: generate it again")
	}
}

func addType(types map[string][]field, typ reflect.Type) {
	if _, ok := types[typ.Name()]; ok {
		return
	}
	fields := make([]field, typ.NumField())
	types[typ.Name()] = fields
	for i := range fields {
		value := typ.Field(i).Type
		f := &fields[i]
		f.Name = typ.Field(i).Name
		if value.Kind() == reflect.Slice {
			f.List, value = true, value.Elem()
		}
		switch value.Kind() {
		case reflect.Pointer:
			f.Type = value.Elem().Name()
			addType(types, value.Elem())
		case reflect.Float64:
			f.Type = "float"
		default:
			f.Type = value.Name()
		}
	}
}

func TestRefuses(t *testing.T) {
	const event = `"events":[{"eventType":"A","field":"AEvent","type":"ATask"}]`
	tests := map[string]struct{ schema, want string }{
		"no JSON":               {`{`, "is no schema"},
		"no events":             {`{"types":{}}`, "events: none"},
		"an event without type": {`{"events":[{"field":"F","type":"ATask"}],"types":{"ATask":[]}}`, "has no eventType"},
		"a payload not there":   {`{` + event + `,"types":{}}`, `the payload "ATask"`},
		"an event twice":        {`{"events":[{"eventType":"A","field":"F","type":"ATask"},{"eventType":"B","field":"F","type":"ATask"}],"types":{"ATask":[]}}`, "twice"},
		"a type's name":         {`{` + event + `,"types":{"ATask":[],"a b":[]}}`, `"a b" is no exported Go name`},
		"a member's name":       {`{` + event + `,"types":{"ATask":[{"name":"x","type":"string"}]}}`, `"x" is no exported Go name`},
		"a member twice":        {`{` + event + `,"types":{"ATask":[{"name":"X","type":"string"},{"name":"X","type":"bool"}]}}`, "X is there twice"},
		"a type not there":      {`{` + event + `,"types":{"ATask":[{"name":"X","type":"Y"}]}}`, `the type "Y"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "schema.json")
			if err := os.WriteFile(file, []byte(tt.schema), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := run(file, dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if err := run("", t.TempDir()); err == nil || !strings.Contains(err.Error(), "-schema") {
		t.Errorf("without a schema: error %v", err)
	}
}

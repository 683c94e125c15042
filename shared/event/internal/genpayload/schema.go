package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// schema is schema.json with what the other files add.
type schema struct {
	Source string             `json:"source"`
	Events []kind             `json:"events"`
	Types  map[string][]field `json:"types"`

	constants []constants
	words     words
	dev       struct {
		Paths      object `json:"paths"`
		Parameters object `json:"parameters"`
		Responses  object `json:"responses"`
		Schemas    object `json:"schemas"`
	}
}

type kind struct {
	EventType string `json:"eventType"`
	Field     string `json:"field"`
	Type      string `json:"type"`
	Also      string `json:"also,omitempty"` // observed: another name of Field
}

// field is a member of an object. Type is string, int64, uint64, float, bool or
// the name of an object in types.
type field struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	List       bool   `json:"list,omitempty"`
	Nullable   bool   `json:"nullable,omitempty"`
	Deprecated bool   `json:"deprecated,omitempty"`
	Doc        string `json:"doc,omitempty"`

	Also   string `json:"also,omitempty"`   // observed: a list under this name is meant for the field
	SeenAs string `json:"seenAs,omitempty"` // observed: a JSON Schema type beside the documented one

	observed bool
	constant string // the Go type of its values, of constants
}

// constants are values of a string that programs switch over.
type constants struct {
	Type   string   `json:"type"`
	Doc    string   `json:"doc"`
	Fields []string `json:"fields"` // Type.Name; *.Name is every type's
	Docs   []string `json:"docs"`   // if any, only fields with one of these docs
	Values []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		Doc   string `json:"doc"`
	} `json:"values"`
}

type words struct {
	Pages map[string]string `json:"pages"` // of an EventType, the page that describes it
	Types map[string]string `json:"types"` // of a type, what has misled its readers
	Names map[string]string `json:"names"` // of a field's name, its doc where it has none of its own
	Plain []string          `json:"plain"` // names of fields that say enough
}

// scalars are the API description's scalar types in Go.
var scalars = map[string]string{
	"string": "string",
	"int64":  "int64",
	"uint64": "uint64",
	"float":  "float64",
	"bool":   "bool",
}

// load reads the five files in a folder.
func load(dir string) (*schema, error) {
	var s, observed schema
	for name, to := range map[string]any{
		"schema.json": &s, "observed.json": &observed, "constants.json": &s.constants, "words.json": &s.words, "dev.json": &s.dev,
	} {
		if err := readJSON(filepath.Join(dir, name), to); err != nil {
			return nil, err
		}
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("schema.json: %w", err)
	}
	if err := s.add(observed); err != nil {
		return nil, fmt.Errorf("observed.json: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("observed.json: %w", err)
	}
	if err := s.name(); err != nil {
		return nil, fmt.Errorf("constants.json: %w", err)
	}
	return &s, nil
}

func readJSON(file string, to any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// add merges what was observed. What the description has meanwhile is an error,
// so that observed.json stays small.
func (s *schema) add(observed schema) error {
	for _, k := range observed.Events {
		i := slices.IndexFunc(s.Events, func(known kind) bool { return known.EventType == k.EventType })
		if i < 0 {
			return fmt.Errorf("no event %s", k.EventType)
		}
		s.Events[i].Also = k.Also
	}
	for _, name := range slices.Sorted(maps.Keys(observed.Types)) {
		if _, ok := s.Types[name]; !ok {
			return fmt.Errorf("no type %s", name)
		}
		for _, f := range observed.Types[name] {
			i := slices.IndexFunc(s.Types[name], func(known field) bool { return known.Name == f.Name })
			switch {
			case i < 0:
				f.observed = true
				s.Types[name] = append(s.Types[name], f)
			case f.Type != "":
				return fmt.Errorf("%s.%s is in schema.json: take it out here", name, f.Name)
			default:
				s.Types[name][i].Also, s.Types[name][i].SeenAs = f.Also, f.SeenAs
			}
		}
	}
	return nil
}

// name gives fields the types of their constants.
func (s *schema) name() error {
	for _, c := range s.constants {
		used := false
		for object, fields := range s.Types {
			for i := range fields {
				f := &fields[i]
				named := slices.Contains(c.Fields, "*."+f.Name) || slices.Contains(c.Fields, object+"."+f.Name)
				if !named || f.Type != "string" || len(c.Docs) > 0 && !slices.Contains(c.Docs, f.Doc) {
					continue
				}
				if f.constant != "" {
					return fmt.Errorf("%s.%s is both %s and %s", object, f.Name, f.constant, c.Type)
				}
				f.constant, used = c.Type, true
			}
		}
		if _, object := s.Types[c.Type]; object || !exported(c.Type) {
			return fmt.Errorf("%q cannot be the name of a type", c.Type)
		}
		if !used {
			return fmt.Errorf("%s: no field is one", c.Type)
		}
	}
	return nil
}

// check refuses what would give Go that does not compile.
func (s *schema) check() error {
	if len(s.Events) == 0 {
		return errors.New("events: none")
	}
	types, fields := map[string]bool{}, map[string]bool{}
	for _, k := range s.Events {
		if k.EventType == "" || k.Field == "" {
			return fmt.Errorf("events: %+v has no eventType or no field", k)
		}
		if _, ok := s.Types[k.Type]; !ok {
			return fmt.Errorf("events: %s has the payload %q, which types does not hold", k.EventType, k.Type)
		}
		if types[k.EventType] || fields[k.Field] {
			return fmt.Errorf("events: %s or its field %s is there twice", k.EventType, k.Field)
		}
		types[k.EventType], fields[k.Field] = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if !exported(name) {
			return fmt.Errorf("types: %q is no exported Go name", name)
		}
		if err := s.checkFields(name); err != nil {
			return fmt.Errorf("types: %s: %w", name, err)
		}
	}
	return nil
}

func (s *schema) checkFields(object string) error {
	seen := map[string]bool{}
	for _, f := range s.Types[object] {
		if !exported(f.Name) {
			return fmt.Errorf("%q is no exported Go name", f.Name)
		}
		if seen[f.Name] {
			return fmt.Errorf("%s is there twice", f.Name)
		}
		seen[f.Name] = true
		_, object := s.Types[f.Type]
		if _, scalar := scalars[f.Type]; !scalar && !object {
			return fmt.Errorf("%s has the type %q, which is no scalar and not in types", f.Name, f.Type)
		}
	}
	return nil
}

func exported(name string) bool {
	return token.IsIdentifier(name) && token.IsExported(name) && !strings.Contains(name, "_")
}

// parts returns the names of every object that an object holds, itself
// included, each once, in the order in which a reader meets them.
func (s *schema) parts(name string) []string {
	parts := []string{name}
	for i := 0; i < len(parts); i++ {
		for _, f := range s.Types[parts[i]] {
			if _, object := s.Types[f.Type]; object && !slices.Contains(parts, f.Type) {
				parts = append(parts, f.Type)
			}
		}
	}
	return parts
}

// holders returns, of each type, the kinds of events that hold it.
func (s *schema) holders() map[string][]kind {
	holders := map[string][]kind{}
	for _, k := range s.Events {
		for _, part := range s.parts(k.Type) {
			holders[part] = append(holders[part], k)
		}
	}
	return holders
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON keeps each member's JSON, in its order.
func (o *object) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return fmt.Errorf("no object: %w", err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		*o = append(*o, member{name.(string), value})
	}
	return nil
}

// marshal is json.Marshal, but leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// indent writes a document as it is kept in the repository.
func indent(o object) ([]byte, error) {
	raw, err := marshal(o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		return nil, err
	}
	return append(b.Bytes(), '\n'), nil
}

// jsonSchemas returns one JSON Schema for each kind, of the CloudEvent's data.
func (s *schema) jsonSchemas() (map[string][]byte, error) {
	holders := s.holders()
	files := map[string][]byte{}
	for _, k := range s.Events {
		definitions := object{}
		for _, part := range s.parts(k.Type) {
			definitions = append(definitions, member{part, s.objectSchema(part, "#/$defs/", holders)})
		}
		document := append(object{{"$schema", "https://json-schema.org/draft/2020-12/schema"}}, s.dataSchema(k, "#/$defs/")...)
		content, err := indent(append(document, member{"$defs", definitions}))
		if err != nil {
			return nil, err
		}
		files[k.EventType+".json"] = content
	}
	return files, nil
}

// dataSchema describes the data of a kind's CloudEvent: the event as VOD sent
// it.
func (s *schema) dataSchema(k kind, refs string) object {
	properties := object{
		{"EventType", object{{"const", k.EventType}}},
		{k.Field, object{{"$ref", refs + k.Type}}},
	}
	schema := object{
		{"title", k.EventType},
		{"description", fmt.Sprintf("%s (%s) as Tencent Cloud VOD sends it, without EventHandle, Sign, T and null members. Other members may be there.", k.EventType, s.page(k))},
		{"type", "object"},
	}
	if k.Also == "" {
		return append(schema, member{"properties", properties}, member{"required", []string{"EventType", k.Field}})
	}
	return append(schema,
		member{"properties", append(properties, member{k.Also, object{{"$ref", refs + k.Type}}})},
		member{"required", []string{"EventType"}},
		member{"anyOf", []object{{{"required", []string{k.Field}}}, {{"required", []string{k.Also}}}}})
}

// objectSchema describes one type.
func (s *schema) objectSchema(name, refs string, holders map[string][]kind) object {
	properties := object{}
	for _, f := range s.Types[name] {
		properties = append(properties, member{f.Name, s.fieldSchema(name, f, refs)})
	}
	return object{
		{"description", s.typeDoc(name, holders[name])},
		{"type", "object"},
		{"properties", properties},
	}
}

// inJSON says of a null what the Go types say of nil.
var inJSON = strings.NewReplacer(
	"Nil when VOD sends null or nothing: check before use.", "May be null or absent.",
	"Nil when VOD sends null or nothing.", "May be null or absent.",
	"Nil ", "Null or absent ",
)

func (s *schema) fieldSchema(of string, f field, refs string) object {
	meaning, deprecated := s.meaning(of, f)
	if deprecated != "" {
		meaning = strings.TrimSpace(meaning + " Deprecated: " + deprecated)
	} else {
		meaning += " " + inJSON.Replace(s.absence(of, f))
	}
	meaning = strings.TrimSpace(meaning)
	field := object{}
	if meaning != "" {
		field = append(field, member{"description", meaning})
	}
	if deprecated != "" {
		field = append(field, member{"deprecated", true})
	}
	value := s.valueSchema(f, refs)
	if f.List {
		value = object{{"type", "array"}, {"items", value}}
	}
	_, isObject := s.Types[f.Type]
	switch {
	case f.SeenAs == "array":
		value = object{{"anyOf", []object{value, {{"type", "array"}}}}}
	case f.SeenAs != "":
		value[0] = member{"type", []string{value[0].value.(string), f.SeenAs}}
	case isObject && !f.List:
		value = object{{"anyOf", []object{value, {{"type", "null"}}}}} // VOD sends null for objects that it does not call nullable, too
	case f.List:
		value[0] = member{"type", []string{"array", "null"}}
	}
	return append(field, value...)
}

// valueSchema describes one value of a field.
func (s *schema) valueSchema(f field, refs string) object {
	switch f.Type {
	case "string":
		value := object{{"type", "string"}}
		if examples := s.values(f); len(examples) > 0 {
			value = append(value, member{"examples", examples}) // not enum: VOD may send others
		}
		return value
	case "int64":
		return object{{"type", "integer"}, {"format", "int64"}}
	case "uint64":
		return object{{"type", "integer"}, {"format", "uint64"}, {"minimum", 0}}
	case "float":
		return object{{"type", "number"}, {"format", "double"}}
	case "bool":
		return object{{"type", "boolean"}}
	}
	return object{{"$ref", refs + f.Type}}
}

// values are the constants of a field.
func (s *schema) values(f field) (values []string) {
	for _, c := range s.constants {
		if c.Type == f.constant {
			for _, v := range c.Values {
				values = append(values, v.Value)
			}
		}
	}
	return values
}

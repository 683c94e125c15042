package main

import (
	"bytes"
	"fmt"
	"go/format"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// goFiles returns the Go files of package event by their names: the kinds, the
// typed constants, the types that several kinds share, and one file for the
// types of each kind alone.
func (s *schema) goFiles() (map[string][]byte, error) {
	holders := s.holders()
	files := map[string][]byte{
		"payload.go":           s.kindsFile(),
		"payload_constants.go": s.constantsFile(),
	}
	var shared []string
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if len(holders[name]) != 1 {
			shared = append(shared, name)
		}
	}
	files["payload_shared.go"] = s.typesFile("// Types that several kinds of events have.\n", shared, holders)
	for _, k := range s.Events {
		own := slices.DeleteFunc(s.parts(k.Type), func(name string) bool { return len(holders[name]) != 1 })
		for name, types := range s.split(k, own) {
			files["payload_"+snake(name)+".go"] = s.typesFile("", types, holders)
		}
	}
	for name, src := range files {
		formatted, err := format.Source(src)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = formatted
	}
	return files, nil
}

// split returns which of a kind's own types go into which file. Where they are
// too many for one, what a single member of the payload holds has a file of its
// own.
func (s *schema) split(k kind, own []string) map[string][]string {
	const most = 40
	if len(own) <= most {
		return map[string][]string{k.EventType: own}
	}
	members := map[string][]string{} // of a type, the members that hold it
	for _, f := range s.Types[k.Type] {
		if _, object := s.Types[f.Type]; object {
			for _, part := range s.parts(f.Type) {
				members[part] = append(members[part], f.Name)
			}
		}
	}
	files := map[string][]string{}
	for _, name := range own {
		file := k.EventType
		if m := members[name]; len(m) == 1 {
			file += strings.TrimSuffix(m[0], "Set")
		}
		files[file] = append(files[file], name)
	}
	return files
}

func (s *schema) kindsFile() []byte {
	var b bytes.Buffer
	b.WriteString(marker + `
package event

//go:generate go run ./internal/genpayload -in internal/genpayload -dir .

// Kinds are the events that VOD documents (266/33433), in its order. New kinds
// keep coming: expect others than these.
var Kinds = []Kind{
`)
	for _, k := range s.Events {
		fmt.Fprintf(&b, "{%q, %q, %q, func() any { return new(%s) }},\n", k.EventType, k.Field, k.Also, k.Type)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func (s *schema) constantsFile() []byte {
	var b bytes.Buffer
	b.WriteString(marker + "\npackage event\n")
	for _, c := range s.constants {
		b.WriteString("\n" + comment(c.Doc+" VOD may send other values than these.", ""))
		fmt.Fprintf(&b, "type %s string\n\nconst (\n", c.Type)
		for _, v := range c.Values {
			fmt.Fprintf(&b, "%s %s = %q", v.Name, c.Type, v.Value)
			if v.Doc != "" {
				b.WriteString(" // " + v.Doc)
			}
			b.WriteByte('\n')
		}
		b.WriteString(")\n")
	}
	return b.Bytes()
}

func (s *schema) typesFile(head string, names []string, holders map[string][]kind) []byte {
	var b bytes.Buffer
	b.WriteString(marker + "\npackage event\n\n" + head)
	for _, name := range names {
		b.WriteString("\n" + comment(s.typeDoc(name, holders[name]), ""))
		fmt.Fprintf(&b, "type %s struct {\n", name)
		for i, f := range s.Types[name] {
			doc, deprecated := s.fieldDoc(name, f)
			text := comment(doc, "\t")
			if deprecated != "" {
				if text != "" {
					text += "\t//\n"
				}
				text += comment("Deprecated: "+deprecated, "\t")
			}
			if text != "" && i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\t%s %s `json:\"%s,omitempty\"%s`\n", text, f.Name, f.goType(), f.Name, f.tags())
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

func (f field) goType() string {
	t, scalar := scalars[f.Type]
	switch {
	case f.constant != "":
		t = f.constant
	case !scalar:
		t = "*" + f.Type
	}
	if f.List {
		t = "[]" + t
	}
	return t
}

// tags are those beside json: also is read by Decode, and observed by the
// stand-in, which does not send what VOD does not document.
func (f field) tags() (tags string) {
	if f.Also != "" {
		tags += fmt.Sprintf(" also:%q", f.Also)
	}
	if f.observed {
		tags += ` observed:"true"`
	}
	return tags
}

// snake returns aigc_hunyuan3d_task_complete for AigcHunyuan3DTaskComplete.
func snake(name string) string {
	var b strings.Builder
	var before rune
	for i, r := range name {
		next := rune(0)
		if i+1 < len(name) {
			next = rune(name[i+1])
		}
		word := unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsUpper(before) && unicode.IsLower(next))
		if word {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// printDiff prints what one schema.json has that an older one has not, and the
// other way round, as a reviewer reads it: kinds, types, fields, and fields whose
// values are of another kind or mean another thing. Fields of new types are with
// their type.
func printDiff(w io.Writer, oldFile, newFile string) error {
	var before, after schema
	for _, in := range []struct {
		file string
		to   *schema
	}{{oldFile, &before}, {newFile, &after}} {
		if err := readJSON(in.file, in.to); err != nil {
			return err
		}
		if err := in.to.check(); err != nil {
			return fmt.Errorf("%s: %w", in.file, err)
		}
	}
	var changes []string
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			changes = append(changes, title+"\n  "+strings.Join(lines, "\n  ")+"\n")
		}
	}
	section("Kinds", diffKinds(before.Events, after.Events))
	section("Types", diffTypes(before.Types, after.Types))
	fields, values, meanings := diffFields(before.Types, after.Types)
	section("Fields", fields)
	section("Kinds of values", values)
	section("Meanings", meanings)
	if len(changes) == 0 {
		changes = []string{"Nothing has changed.\n"}
	}
	_, err := io.WriteString(w, strings.Join(changes, "\n"))
	return err
}

func diffKinds(before, after []kind) (lines []string) {
	byName := func(kinds []kind) map[string]string {
		m := map[string]string{}
		for _, k := range kinds {
			m[k.EventType] = fmt.Sprintf("%s in %s", k.Type, k.Field)
		}
		return m
	}
	return diffMaps(byName(before), byName(after))
}

func diffTypes(before, after map[string][]field) (lines []string) {
	outline := func(types, others map[string][]field) map[string]string {
		m := map[string]string{}
		for name, fields := range types {
			if _, both := others[name]; both {
				continue
			}
			var names []string
			for _, f := range fields {
				names = append(names, f.Name+" "+f.jsonKind())
			}
			m[name] = strings.Join(names, ", ")
		}
		return m
	}
	return diffMaps(outline(before, after), outline(after, before))
}

// diffFields compares the types that are in both.
func diffFields(before, after map[string][]field) (fields, values, meanings []string) {
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, both := before[name]; !both {
			continue
		}
		was, is := byField(name, before[name]), byField(name, after[name])
		fields = append(fields, diffMaps(was.only(is), is.only(was))...)
		for _, f := range after[name] {
			path := name + "." + f.Name
			old, both := was[path]
			if !both {
				continue
			}
			if from, to := old.jsonKind(), f.jsonKind(); from != to {
				values = append(values, fmt.Sprintf("~ %s: %s, was %s", path, to, from))
			}
			if from, to := old.remarks(), f.remarks(); from != to {
				meanings = append(meanings, fmt.Sprintf("~ %s: %s\n      was: %s", path, to, from))
			}
		}
	}
	return fields, values, meanings
}

type fieldsByPath map[string]field

func byField(object string, fields []field) fieldsByPath {
	m := fieldsByPath{}
	for _, f := range fields {
		m[object+"."+f.Name] = f
	}
	return m
}

// only returns those that others has not.
func (m fieldsByPath) only(others fieldsByPath) map[string]string {
	lines := map[string]string{}
	for path, f := range m {
		if _, both := others[path]; !both {
			lines[path] = strings.TrimSpace(f.jsonKind() + ". " + f.Doc)
		}
	}
	return lines
}

// diffMaps returns "+ name: what" for what is new, "- name: what" for what is
// gone and "~ name: what, was what" for what has changed.
func diffMaps(before, after map[string]string) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(after)) {
		switch was, both := before[name]; {
		case !both:
			lines = append(lines, fmt.Sprintf("+ %s: %s", name, after[name]))
		case was != after[name]:
			lines = append(lines, fmt.Sprintf("~ %s: %s, was %s", name, after[name], was))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, both := after[name]; !both {
			lines = append(lines, fmt.Sprintf("- %s: %s", name, before[name]))
		}
	}
	return lines
}

// jsonKind is what the values of a field are: string, list of MediaInfo.
func (f field) jsonKind() string {
	if f.List {
		return "list of " + f.Type
	}
	return f.Type
}

// remarks are what is said of a field.
func (f field) remarks() string {
	var remarks []string
	if f.Doc != "" {
		remarks = append(remarks, f.Doc)
	}
	if f.Deprecated {
		remarks = append(remarks, "(deprecated)")
	}
	if f.Nullable {
		remarks = append(remarks, "(nullable)")
	}
	if len(remarks) == 0 {
		return "nothing"
	}
	return strings.Join(remarks, " ")
}

package main

import (
	"fmt"
	"slices"
	"strings"
)

// typeDoc returns the doc comment of a type that these kinds hold, as one line.
func (s *schema) typeDoc(name string, holders []kind) string {
	var lines []string
	for _, k := range holders {
		if k.Type == name {
			lines = append(lines, fmt.Sprintf("%s is the payload of %s (%s), in the member %s.", name, k.EventType, s.page(k), k.Field))
		}
	}
	if len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("%s is a part of %s.", name, s.enumerate(holders)))
	}
	if note := s.words.Types[name]; note != "" {
		lines = append(lines, note)
	}
	return strings.Join(lines, " ")
}

// page is the number of the page that describes a kind: its own, or that of
// PullEvents, which lists all of them.
func (s *schema) page(k kind) string {
	if page, ok := s.words.Pages[k.EventType]; ok {
		return page
	}
	return "266/33433"
}

// enumerate returns "A (266/1)", "A (266/1) and B (266/2)", "A (266/1), B
// (266/2) and 5 other kinds".
func (s *schema) enumerate(kinds []kind) string {
	const most = 4
	var names []string
	for _, k := range kinds {
		names = append(names, fmt.Sprintf("%s (%s)", k.EventType, s.page(k)))
	}
	switch n := len(names); {
	case n == 0:
		return "no payload yet"
	case n > most:
		names = append(names[:most-1], fmt.Sprintf("%d other kinds", n-most+1))
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// fieldDoc returns the Go doc of a field, and what to use instead if it is
// deprecated.
func (s *schema) fieldDoc(object string, f field) (doc, deprecated string) {
	doc, deprecated = s.meaning(object, f)
	if deprecated != "" {
		return doc, deprecated
	}
	return strings.TrimSpace(doc + " " + s.absence(object, f)), ""
}

// meaning returns what a field of an object means, in the description's own
// words, else in those of its name, and what to use instead if it is deprecated.
func (s *schema) meaning(object string, f field) (doc, deprecated string) {
	doc = f.Doc
	if rest, ok := strings.CutPrefix(doc, "Deprecated:"); ok {
		deprecated, doc, _ = strings.Cut(strings.TrimSpace(rest), ". ")
		deprecated = strings.TrimSuffix(deprecated, ".") + "."
	} else if doc == "Deprecated." || f.Deprecated {
		deprecated, doc = "VOD names nothing in its place.", strings.TrimSuffix(doc, "Deprecated.")
	}
	if deprecated != "" {
		return doc, deprecated
	}
	if f.Nullable {
		doc = strings.TrimSpace(strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(doc, "May be null."), "may be null."), ",; "))
	}
	if doc == "" {
		doc = s.words.Names[f.Name]
		if f.Name == "Output" && s.absence(object, f) != "" {
			doc = "What the task made."
		}
	} else if !strings.HasSuffix(doc, ".") {
		doc += "."
	}
	if f.observed {
		doc += " Not documented, but in real or published events."
	}
	return doc, ""
}

// absence says when an object is nil.
func (s *schema) absence(object string, f field) string {
	if _, isObject := s.Types[f.Type]; !isObject || f.List {
		return ""
	}
	fails := slices.ContainsFunc(s.Types[object], func(f field) bool {
		return f.Name == "Status" && strings.HasSuffix(f.Doc, " or FAIL.")
	})
	switch {
	case f.Name == "Output" && fails:
		return "Nil when Status is FAIL."
	case f.Name == "MetaData" && f.Nullable:
		return "Nil when VOD sends null or nothing: check before use."
	case f.Nullable && strings.Contains(f.Doc, "ype is "):
		return "Nil otherwise."
	case f.Nullable:
		return "Nil when VOD sends null or nothing."
	}
	return ""
}

// comment sets text as a Go comment of at most 80 columns, indented by tabs.
func comment(text, indent string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(indent + "// ")
			column = 3
		case column+1+len(word) > 80-4*len(indent):
			b.WriteString("\n" + indent + "// ")
			column = 3
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	if column > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// found is one thing that a line says about an event: the event, a part of one
// that was parked in several lines, or why an event cannot be read.
type found struct {
	event *event.Event
	part  *parklog.Part
	err   error
}

// findEvents finds what a line of a file or of a log says about events. An event
// may be there
//   - by itself, as a file: sink writes it;
//   - in the member event of a record of the log at level error;
//   - in parts, each in a record of its own;
//   - in any of these forms as text inside of other JSON, in one of the members
//     of logText;
//   - in the fields that CLS makes of a record that is JSON in one line
//     (583/18032), with text in place of numbers and objects;
//   - after a prefix, or after a line that was cut off and has no end.
func findEvents(line []byte) []found {
	var f finder
	f.text(line, 0)
	if len(f.all) == 0 && !f.passed && bytes.Contains(line, []byte("specversion")) && bytes.Contains(line, []byte(typePrefix)) {
		f.broken("the line names an event in a form that replay does not know; it reads JSON, one object a line")
	}
	return f.all
}

// typePrefix begins the type of every CloudEvent of this project.
const typePrefix = "com.tencent.cloud.vod."

// logText are the members whose text is a line of a log: CLS's (583/60336) and
// those of the usual collectors. No other text is searched, because strangers
// write parts of an event: whoever uploads a media chooses its SourceContext, and
// could forge an event in it.
var logText = []string{"SCF_Message", "LogJson", "RawLog", "__CONTENT__", "MESSAGE", "message", "log", "line"}

// maxNesting is how deep JSON in the text of JSON is searched.
const maxNesting = 6

type finder struct {
	all    []found
	passed bool // an object names an event and is not to be replayed
}

func (f *finder) broken(text string) { f.all = append(f.all, found{err: errors.New(text)}) }

// mayName tells whether text can be about an event: most lines are not.
func mayName(text []byte) bool {
	return bytes.Contains(text, []byte("specversion")) || bytes.Contains(text, []byte(`parking`))
}

// text finds the objects in a text, whole ones and those inside of torn ones.
func (f *finder) text(text []byte, depth int) {
	if depth > maxNesting || !mayName(text) {
		return
	}
	f.member(text, depth)
	for at := 0; ; {
		brace := bytes.IndexByte(text[at:], '{')
		if brace < 0 {
			return
		}
		at += brace
		if !mayBegin(text[at+1:]) {
			at++
			continue
		}
		whole, closed, end := walk(text[at:])
		next := at + end
		if !closed {
			next = at + resume(text[at:at+end], whole)
		}
		from := at // where the torn rest begins
		for _, w := range whole {
			n := len(f.all)
			if !f.object(text[at+w.start:at+w.end], depth) {
				continue
			}
			inside := slices.Clone(f.all[n:])
			f.all = f.all[:n]
			f.torn(text[from : at+w.start])
			f.all = append(f.all, inside...)
			from = at + w.end
		}
		if !closed && from < next {
			f.torn(text[from:next])
		}
		at = next
	}
}

// member finds the event in a line such as "SCF_Message": "…", of JSON that was
// printed in many lines.
func (f *finder) member(text []byte, depth int) {
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte(`"`)) {
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var name, value string
	if d.Decode(&name) != nil || !slices.Contains(logText, name) {
		return
	}
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(text[d.InputOffset():]), []byte(":"))
	if ok && json.NewDecoder(bytes.NewReader(rest)).Decode(&value) == nil {
		f.text([]byte(value), depth+1)
	}
}

// mayBegin tells whether an object can go on like that after its brace. It saves
// most of the walks through text that is full of braces.
func mayBegin(rest []byte) bool {
	rest = bytes.TrimLeft(rest[:min(len(rest), 100)], " \t")
	if len(rest) == 0 || rest[0] != '"' {
		return len(rest) > 0 && rest[0] == '}'
	}
	name := rest[1:]
	quote := bytes.IndexByte(name, '"')
	if quote < 0 || quote > 0 && name[quote-1] == '\\' {
		return true // too short to tell
	}
	after := bytes.TrimLeft(name[quote+1:], " \t")
	return len(after) == 0 || after[0] == ':'
}

// span is where an object stands.
type span struct{ start, end int }

// walk walks over the object at the beginning of b. If the object is closed, it is
// the only one in whole, and end is after it. If it is torn, or no JSON, end is where
// that shows, and whole has the largest whole objects inside of it.
func walk(b []byte) (whole []span, closed bool, end int) {
	d := json.NewDecoder(bytes.NewReader(b))
	var object json.RawMessage
	if d.Decode(&object) == nil {
		end := int(d.InputOffset())
		return []span{{0, end}}, true, end
	}
	d = json.NewDecoder(bytes.NewReader(b))
	var open []int
	for {
		token, err := d.Token()
		end := int(d.InputOffset())
		if err != nil {
			return whole, false, end
		}
		switch token {
		case json.Delim('{'):
			open = append(open, end-1)
		case json.Delim('}'):
			start := open[len(open)-1]
			open = open[:len(open)-1]
			for len(whole) > 0 && whole[len(whole)-1].start > start {
				whole = whole[:len(whole)-1]
			}
			whole = append(whole, span{start, end})
		}
	}
}

// resume returns where the search goes on in a torn object. An object that follows
// the cut begins at the last brace before the place where the fault shows, because a
// string that was cut swallows that brace and the quotation mark after it. The whole
// objects inside were searched already.
func resume(torn []byte, whole []span) int {
	next := max(1, len(torn))
	if brace := bytes.LastIndexByte(torn[1:], '{'); brace >= 0 {
		next = brace + 1
	}
	if len(whole) > 0 {
		next = max(next, whole[len(whole)-1].end)
	}
	return next
}

// torn reports a piece without an end, if it was about an event.
func (f *finder) torn(piece []byte) {
	switch {
	case bytes.Contains(piece, []byte(`specversion"`)), bytes.Contains(piece, []byte(`specversion\"`)):
		f.broken("the line has an event that is cut off or damaged")
	case bytes.Contains(piece, []byte(`parking"`)):
		f.broken("the line has a part of an event that is cut off or damaged")
	}
}

// object examines a whole object. It tells whether the object is about an event.
func (f *finder) object(b []byte, depth int) bool {
	if !mayName(b) {
		return false
	}
	before := len(f.all)
	var m members
	if json.Unmarshal(b, &m) != nil {
		return false
	}
	switch level := m.text("level"); {
	case m.text("specversion") != "":
		if !strings.HasPrefix(m.text("type"), typePrefix) {
			f.passed = true // not an event of VOD
			return false
		}
		e, err := m.cloudEvent(b)
		f.all = append(f.all, found{event: e, err: err})
	case m.has("parking", "part"):
		p, err := m.part()
		f.all = append(f.all, found{part: p, err: err})
	case m["level"] != nil && !strings.EqualFold(level, "error"):
		f.passed = true // the record names an event that was not parked
	case m["level"] != nil:
		// Its other members, such as the error, may quote the event.
		f.value(m["event"], depth)
		f.value(m["SCF_Message"], depth)
	default:
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if m[name][0] != '"' || slices.Contains(logText, name) {
				f.value(m[name], depth)
			}
		}
	}
	return len(f.all) > before
}

// value looks into the value of a member, which may be text that holds JSON.
func (f *finder) value(value json.RawMessage, depth int) {
	if !mayName(value) {
		return
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		f.text([]byte(text), depth+1)
		return
	}
	f.text(value, depth+1)
}

// members are those of one object.
type members map[string]json.RawMessage

// text returns a member that is text, or the digits of one that is a number: CLS may
// turn one into the other.
func (m members) text(name string) (s string) {
	if json.Unmarshal(m[name], &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(m[name], &n) == nil {
		return n.String()
	}
	return ""
}

func (m members) has(names ...string) bool {
	for _, name := range names {
		if m[name] == nil {
			return false
		}
	}
	return true
}

// cloudEvent reads the CloudEvent b. The members may be fields that CLS made of it.
func (m members) cloudEvent(b []byte) (*event.Event, error) {
	cls := false
	for name := range m {
		cls = cls || strings.HasPrefix(name, "SCF_")
	}
	if m["data"] == nil && cls {
		return nil, errors.New("the event's data is missing: CLS keeps only numbers and text of JSON in one line (583/18032); take the event from DEAD_LETTER or the sink")
	}
	var data string
	inText := json.Unmarshal(m["data"], &data) == nil && json.Valid([]byte(data)) && (cls || m.text("type") != typePrefix+event.TypeUnparsed)
	if !cls && !inText {
		return event.ParseCloudEvent(b)
	}
	object := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		value := m[name]
		switch {
		case strings.HasPrefix(name, "SCF_"), strings.HasPrefix(name, "__"): // added on the way
			continue
		case name == "data" && inText:
			value = json.RawMessage(data)
		case name == "parkattempts", name == "vodverified": // a number, and true or false
			value = json.RawMessage(m.text(name))
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		object = append(append(append(object, quoted...), ':'), value...)
	}
	return event.ParseCloudEvent(append(object, '}'))
}

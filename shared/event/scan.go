package event

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// maxDepth is how deep objects and lists may nest; VOD's events stay under 20.
const maxDepth = 1000

// maxMembers is how many members that are not null an event may have; VOD's have
// three. A body of a stranger's making could have half a million, and what is
// noted of each would cost a function all its memory before its signature is
// checked.
const maxMembers = 1000

// span is a part of the scanned bytes.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to:s.to] }

// member is one member of the top-level object.
type member struct {
	key   span // with its quotes
	value span
	space bool // the value holds white space that means nothing
	subjects
}

// subjects are the members of a payload that can be the event's subject, in
// the spelling of today or in that of the 2.0 format.
type subjects struct{ fileId, taskId, fileIdSet span }

// kind is the first byte of the value: { [ " t f n - or a digit.
func (m *member) kind(b []byte) byte { return b[m.value.from] }

// scanner checks a JSON text and notes what Parse needs to know, in one pass.
// It takes what encoding/json takes, but for invalid UTF-8, nesting over
// maxDepth and more than maxMembers members. Its methods return the position behind what they read, or -1.
type scanner struct {
	b         []byte
	keepNulls bool
	nulls     bool     // a member that is null was left out
	space     bool     // white space was met since member cleared this
	members   []member // of the top-level object; before an error, those until there
	subjects           // of the member that is being read
}

// scan tells whether b is one JSON value and nothing else.
func (s *scanner) scan() bool {
	i := s.value(s.blank(0), 1)
	return i >= 0 && s.blank(i) == len(s.b) && utf8.Valid(s.b)
}

// blank skips white space.
func (s *scanner) blank(i int) int {
	for ; i < len(s.b); i++ {
		switch s.b[i] {
		case ' ', '\t', '\n', '\r':
			s.space = true
		default:
			return i
		}
	}
	return i
}

func (s *scanner) value(i, depth int) int {
	if i >= len(s.b) || depth > maxDepth {
		return -1
	}
	switch c := s.b[i]; c {
	case '{':
		return s.object(i, depth)
	case '[':
		return s.list(i, depth)
	case '"':
		return s.string(i)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	default:
		return s.number(i)
	}
}

func (s *scanner) object(i, depth int) int {
	i = s.blank(i + 1)
	if i < len(s.b) && s.b[i] == '}' {
		return i + 1
	}
	for {
		key := span{i, s.string(i)}
		if key.to < 0 {
			return -1
		}
		i = s.blank(key.to)
		if i >= len(s.b) || s.b[i] != ':' {
			return -1
		}
		i = s.blank(i + 1)
		switch from := i; {
		case depth == 1:
			i = s.member(key, from)
		case depth == 2:
			i = s.value(from, depth+1)
			s.subject(key, span{from, i})
		default:
			i = s.value(from, depth+1)
		}
		var more bool
		if i, more = s.next(i, '}'); !more {
			return i
		}
	}
}

func (s *scanner) list(i, depth int) int {
	i = s.blank(i + 1)
	if i < len(s.b) && s.b[i] == ']' {
		return i + 1
	}
	for {
		var more bool
		if i, more = s.next(s.value(i, depth+1), ']'); !more {
			return i
		}
	}
}

// next goes from the end of an item to the one that follows, or behind end.
func (s *scanner) next(i int, end byte) (_ int, more bool) {
	if i < 0 {
		return -1, false
	}
	i = s.blank(i)
	switch {
	case i < len(s.b) && s.b[i] == ',':
		return s.blank(i + 1), true
	case i < len(s.b) && s.b[i] == end:
		return i + 1, false
	}
	return -1, false
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

func (s *scanner) string(i int) int {
	if i >= len(s.b) || s.b[i] != '"' {
		return -1
	}
	for i++; i < len(s.b); i++ {
		c := s.b[i]
		if plain[c] {
			continue
		}
		switch {
		case c == '"':
			return i + 1
		case c != '\\' || i+1 >= len(s.b):
			return -1
		}
		i++
		switch s.b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if i+4 >= len(s.b) {
				return -1
			}
			for _, h := range s.b[i+1 : i+5] {
				if !(h >= '0' && h <= '9' || h|0x20 >= 'a' && h|0x20 <= 'f') {
					return -1
				}
			}
			i += 4
		default:
			return -1
		}
	}
	return -1
}

func (s *scanner) literal(i int, word string) int {
	if i+len(word) > len(s.b) || string(s.b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func (s *scanner) number(i int) int {
	if i < len(s.b) && s.b[i] == '-' {
		i++
	}
	whole := s.digits(i)
	if whole < 0 || s.b[i] == '0' && whole > i+1 {
		return -1
	}
	i = whole
	if i < len(s.b) && s.b[i] == '.' {
		if i = s.digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(s.b) && s.b[i]|0x20 == 'e' {
		i++
		if i < len(s.b) && (s.b[i] == '+' || s.b[i] == '-') {
			i++
		}
		return s.digits(i)
	}
	return i
}

// digits skips at least one digit.
func (s *scanner) digits(i int) int {
	from := i
	for i < len(s.b) && s.b[i]-'0' <= 9 {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

// member reads the value of one member of the top-level object and notes it.
// Of several with one name the last counts, as everywhere in Go.
func (s *scanner) member(key span, from int) int {
	s.space, s.subjects = false, subjects{}
	to := s.value(from, 2)
	if to < 0 {
		return -1
	}
	m := member{key, span{from, to}, s.space, s.subjects}

	name := key.of(s.b)
	for j := range s.members {
		if sameName(s.members[j].key.of(s.b), name) {
			s.members = append(s.members[:j], s.members[j+1:]...)
			break
		}
	}
	if m.kind(s.b) == 'n' && !s.keepNulls {
		s.nulls = true
		return to
	}
	if len(s.members) == maxMembers {
		return -1
	}
	s.members = append(s.members, m)
	return to
}

// subject notes a member of a member if it can be the event's subject.
func (s *scanner) subject(key, value span) {
	if value.to < 0 {
		return
	}
	switch name := key.of(s.b); {
	case isName(name, "FileId"), isName(name, "fileId"):
		s.fileId = value
	case isName(name, "TaskId"), isName(name, "taskId"), isName(name, "vodTaskId"):
		s.taskId = value
	case isName(name, "FileIdSet"):
		s.fileIdSet = value
	}
}

// isName tells whether a quoted key, which may be spelled with escapes, is name.
func isName(key []byte, name string) bool {
	if len(key) == len(name)+2 && string(key[1:len(key)-1]) == name {
		return true
	}
	return bytes.IndexByte(key, '\\') >= 0 && text(key) == name
}

func sameName(a, b []byte) bool {
	return bytes.Equal(a, b) ||
		(bytes.IndexByte(a, '\\') >= 0 || bytes.IndexByte(b, '\\') >= 0) && text(a) == text(b)
}

// text is the value of a JSON string, the digits of a number as they stand,
// and empty for everything else.
func text(value []byte) string {
	switch {
	case len(value) == 0:
		return ""
	case value[0] == '"' && bytes.IndexByte(value, '\\') < 0:
		return string(value[1 : len(value)-1])
	case value[0] == '"':
		var s string
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	case value[0] == '-' || value[0]-'0' <= 9:
		return string(value)
	}
	return ""
}

// compact appends valid JSON without its insignificant white space.
func compact(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		switch src[i] {
		case ' ', '\t', '\n', '\r':
			i++
			continue
		}
		from := i
		if src[i] == '"' {
			for i++; src[i] != '"'; i++ {
				if src[i] == '\\' {
					i++
				}
			}
			i++
		} else {
			for i < len(src) && src[i] > ' ' && src[i] != '"' {
				i++
			}
		}
		dst = append(dst, src[from:i]...)
	}
	return dst
}

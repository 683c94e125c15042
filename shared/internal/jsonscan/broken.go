package jsonscan

import "unicode/utf8"

// broken is the Text of bytes that are not Valid: they are looked through for
// members all the same, since what names the text, such as a handle or a
// signature, may well be whole.
func broken(b []byte) Text {
	l := loose{text: b}
	i := blank(b, 0)
	for i < len(b) && b[i] != '{' { // what some proxy wrote before it
		i++
	}
	l.walk(i, nil)
	return Text{Bytes: b, UTF8: utf8.Valid(b), Members: l.notes.taken()}
}

// loose walks over what is no JSON: it knows strings and brackets and takes all
// else for a part of something.
type loose struct {
	text  []byte
	notes notes
}

// walk goes from i, where a value begins, to where it ends, and notes the
// strings and numbers among its members. A value ends behind its last bracket
// or scalar, where ends says so; nil says so always. The result is the length
// of the text if there is no end.
func (l *loose) walk(i int, ends func(i int) bool) int {
	b := l.text
	depth, name := 0, false // name: a member of the first level may begin here
	for i < len(b) {
		c := b[i]
		switch c {
		case ' ', '\t', '\n', '\r':
			i++
			continue
		case ',':
			if depth == 0 {
				return i
			}
			i++
			name = depth == 1
			continue
		case '{', '[':
			depth++
			i++
			name = depth == 1 && c == '{'
			continue
		case '}', ']':
			depth = max(0, depth-1) // one too many is not the end, ends knows
			i++
		case '"':
			if name {
				i = l.member(i)
			} else {
				i = looseStringEnd(b, i)
			}
		default:
			i++
		}
		name = false
		if depth == 0 && (ends == nil || ends(i)) {
			return i
		}
	}
	return len(b)
}

// member notes the member whose name begins at i, if its value is a string or
// a number, and returns where to go on.
func (l *loose) member(i int) int {
	key, ok := stringEnd(l.text, i+1)
	if !ok {
		return looseStringEnd(l.text, i)
	}
	from := blank(l.text, key)
	if from >= len(l.text) || l.text[from] != ':' {
		return key
	}
	from = blank(l.text, from+1)
	if from >= len(l.text) || l.text[from] == '{' || l.text[from] == '[' {
		return from
	}
	to, ok := scalarEnd(l.text, from)
	if !ok {
		return from
	}
	if c := l.text[from]; (c == '"' || c == '-' || c-'0' <= 9) && len(l.notes.members) < MaxMembers {
		l.notes.add(Member{Name: Name(l.text[i:key]), Key: Span{i, key}, Value: Span{from, to}}, false)
	}
	return to
}

// looseStringEnd walks over a string that may hold anything.
func looseStringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

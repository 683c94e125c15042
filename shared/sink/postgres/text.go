package postgres

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// text is s as a column of type text can hold it: U+FFFD stands for NUL and for
// what is no UTF-8.
func text(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// indexable is text cut to the length that fits into an index; the whole is in
// data.
func indexable(s string) string {
	const most = 1024
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return text(s)
}

// holdable is JSON as jsonb can hold it: U+FFFD stands for \u0000 and for half a
// surrogate pair. It returns data itself when nothing has to change.
func holdable(data []byte) []byte {
	if !bytes.Contains(data, []byte(`\u`)) {
		return data
	}
	var out []byte
	copied := 0 // how much of data is in out
	for i := 0; i < len(data); {
		if data[i] != '\\' {
			i++
			continue
		}
		size, ok := escape(data[i:])
		if !ok {
			out = append(append(out, data[copied:i]...), `\ufffd`...)
			copied = i + size
		}
		i += size
	}
	if copied == 0 {
		return data
	}
	return append(out, data[copied:]...)
}

// escape returns the length of the escape that b begins with, a surrogate pair
// being one, and whether jsonb takes it.
func escape(b []byte) (size int, ok bool) {
	unit, isUnit := utf16Unit(b)
	switch {
	case !isUnit:
		return min(2, len(b)), true
	case unit == 0, unit >= 0xDC00 && unit <= 0xDFFF:
		return 6, false
	case unit >= 0xD800 && unit <= 0xDBFF:
		low, isUnit := utf16Unit(b[6:])
		if !isUnit || low < 0xDC00 || low > 0xDFFF {
			return 6, false
		}
		return 12, true
	}
	return 6, true
}

// utf16Unit reads the escape \uXXXX that b begins with.
func utf16Unit(b []byte) (unit rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		unit <<= 4
		switch {
		case c >= '0' && c <= '9':
			unit |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			unit |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			unit |= rune(c-'A') + 10
		default:
			return 0, false
		}
	}
	return unit, true
}

package jsonscan

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Name is what a member's name, given in its quotes, says. "\u0045rror" is
// Error, too.
func Name(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	return ToUTF8(unquote(quoted, false))
}

// String is what a JSON string says. Like encoding/json it has U+FFFD for each
// byte that is no UTF-8 and for half a surrogate pair.
func String(quoted []byte) string { return string(Name(quoted)) }

// Unquote is what a JSON string says, with its bytes kept: those that are no
// UTF-8 stay as they are, and half a surrogate pair becomes the three bytes
// that UTF-8 would give it and does not allow. So whoever gets the text sees
// that it is bad.
func Unquote(quoted []byte) []byte { return unquote(quoted, true) }

func unquote(quoted []byte, keep bool) []byte {
	s := quoted[1 : len(quoted)-1]
	out := make([]byte, 0, len(s))
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(out, s...)
		}
		out = append(out, s[:i]...)
		s = s[i:]
		switch c := s[1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, size := Escaped(s)
			if half := utf16.IsSurrogate(r); half && keep {
				out = append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
			} else {
				out = utf8.AppendRune(out, r) // of half a pair U+FFFD
			}
			s = s[size:]
			continue
		default: // " \ /
			out = append(out, c)
		}
		s = s[2:]
	}
}

// Escaped reads the escape that b, which stands in a valid string, begins with:
// \uXXXX, or two of them that are a surrogate pair. Of half a pair r is that
// half. Other escapes have the size 2 and r is what stands behind the backslash.
func Escaped(b []byte) (r rune, size int) {
	if b[1] != 'u' {
		return rune(b[1]), 2
	}
	r = hex4(b[2:])
	if utf16.IsSurrogate(r) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(b[8:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

// ToUTF8 returns b with U+FFFD for each byte that is no UTF-8, as encoding/json
// reads it. It returns b itself when it is UTF-8.
func ToUTF8(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/8+8)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		out = utf8.AppendRune(out, r)
		b = b[size:]
	}
	return out
}

// Compact appends valid JSON without its white space.
func Compact(dst, valid []byte) []byte {
	for i := 0; i < len(valid); {
		if valid[i] <= ' ' {
			i++
			continue
		}
		from := i
		if valid[i] == '"' {
			i, _ = stringEnd(valid, i+1)
		} else {
			for i < len(valid) && valid[i] > ' ' && valid[i] != '"' {
				i++
			}
		}
		dst = append(dst, valid[from:i]...)
	}
	return dst
}

// Scalars calls yield with each string, number, true, false and null of valid
// JSON, in its order, names of members among the strings.
func Scalars(valid []byte) func(yield func(scalar []byte) bool) {
	return func(yield func([]byte) bool) {
		for i := 0; i < len(valid); {
			switch valid[i] {
			case ' ', '\t', '\n', '\r', '{', '}', '[', ']', ',', ':':
				i++
				continue
			}
			to, ok := scalarEnd(valid, i)
			if !ok || !yield(valid[i:to:to]) {
				return
			}
			i = to
		}
	}
}

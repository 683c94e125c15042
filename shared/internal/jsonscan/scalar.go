package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// scalarEnd walks over a string, a number, true, false or null. When ok is
// false, to is where it is none.
func scalarEnd(b []byte, i int) (to int, ok bool) {
	if i >= len(b) {
		return i, false
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i+1)
	case 't':
		return literalEnd(b, i, "true")
	case 'f':
		return literalEnd(b, i, "false")
	case 'n':
		return literalEnd(b, i, "null")
	}
	to, _, ok = numberEnd(b, i)
	return to, ok
}

// isNumber tells whether a value that begins with c is a number.
func isNumber(c byte) bool { return c == '-' || c-'0' <= 9 }

// stringEnd walks over the rest of a string whose first quote stands before i.
// Strings are most of an event, so it looks at eight bytes at a time for the
// first that is a quote, a backslash or a control character.
func stringEnd(b []byte, i int) (to int, ok bool) {
	for {
		for i+8 <= len(b) {
			if found := special(binary.LittleEndian.Uint64(b[i:])); found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return i, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c == '\\':
			if i, ok = escapeEnd(b, i+1); !ok {
				return i, false
			}
		case c < ' ':
			return i, false
		default: // within the last eight bytes of the text
			i++
		}
	}
}

// Of eight bytes at a time.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// special finds quotes, backslashes and control characters among eight bytes. It sets the
// top bit of the first one; the bits above that one mean nothing.
func special(w uint64) (found uint64) {
	quote, slash := w^('"'*ones), w^('\\'*ones)
	// A zero byte of quote or slash, or a byte below 0x20 of w, borrows and so sets its
	// top bit.
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & tops
}

// IsPlain tells whether b is ASCII that needs no escape in a JSON string.
func IsPlain(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if w := binary.LittleEndian.Uint64(b); special(w)|w&tops != 0 {
			return false
		}
	}
	for _, c := range b {
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// escapeEnd walks over the rest of an escape sequence whose backslash stands
// before i.
func escapeEnd(b []byte, i int) (to int, ok bool) {
	if i >= len(b) {
		return i, false
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, true
	case 'u':
		for to = i + 1; to < i+5; to++ {
			if to >= len(b) || !isHex(b[to]) {
				return to, false
			}
		}
		return to, true
	}
	return i, false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func literalEnd(b []byte, i int, word string) (to int, ok bool) {
	for n := range len(word) {
		if i+n >= len(b) || b[i+n] != word[n] {
			return i + n, false
		}
	}
	return i + len(word), true
}

// numberEnd walks over a number. power tells whether it has an exponent.
func numberEnd(b []byte, i int) (to int, power, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i, ok = digitsEnd(b, i); !ok {
		return i, false, false
	}
	if i < len(b) && b[i] == '.' {
		if i, ok = digitsEnd(b, i+1); !ok {
			return i, false, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i, ok = digitsEnd(b, i)
		return i, true, ok
	}
	return i, false, true
}

// digitsEnd walks over at least one digit.
func digitsEnd(b []byte, i int) (to int, ok bool) {
	from := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i, i > from
}

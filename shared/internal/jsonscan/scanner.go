package jsonscan

import "bytes"

// MaxDepth is how deep objects and lists may nest. VOD's events stay under 20.
// encoding/json takes 10,000; but an event is written into other JSON on its
// way, and what comes out must be readable, too.
const MaxDepth = 1000

// Scanner walks over JSON. Its methods that return a bool tell whether the bytes
// so far were JSON. When they were not, Pos is where that showed.
type Scanner struct {
	text   []byte
	at     int
	spaced bool // white space was met; whoever wants to know clears it first
	powers bool // a number with an exponent was met; likewise
}

// New returns a scanner at the beginning of text.
func New(text []byte) *Scanner { return &Scanner{text: text} }

// Pos is where the scanner stands.
func (s *Scanner) Pos() int { return s.at }

// Since is what was walked over since the position from. It cannot grow into
// what follows.
func (s *Scanner) Since(from int) []byte { return s.text[from:s.at:s.at] }

// Peek returns the byte at the scanner's position, or 0 at the end; 0 is in no
// JSON.
func (s *Scanner) Peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// Space walks over white space and returns the byte behind it, as Peek does.
func (s *Scanner) Space() byte {
	if s.at < len(s.text) && s.text[s.at] > ' ' { // VOD sends none
		return s.text[s.at]
	}
	return s.blanks()
}

func (s *Scanner) blanks() byte {
	to := blank(s.text, s.at)
	if to > s.at {
		s.at, s.spaced = to, true
	}
	return s.Peek()
}

// blank returns where the white space at i ends.
func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// End walks over white space and tells whether nothing follows it.
func (s *Scanner) End() bool {
	s.Space()
	return s.at == len(s.text)
}

// Take walks over c if it stands here.
func (s *Scanner) Take(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.at++
	return true
}

// Literal walks over these bytes if they stand here.
func (s *Scanner) Literal(b []byte) bool {
	if !bytes.HasPrefix(s.text[s.at:], b) {
		return false
	}
	s.at += len(b)
	return true
}

// Quoted walks over a string if it stands here and has this text, without escapes. The
// text must be what such a string said before, or empty: it is not checked again.
func (s *Scanner) Quoted(text string) bool {
	b := s.text[s.at:]
	end := 1 + len(text)
	if len(b) <= end || b[0] != '"' || b[end] != '"' || string(b[1:end]) != text {
		return false
	}
	s.at += end + 1
	return true
}

// Digits walks over a number of at most 18 digits and nothing else, if it stands here.
func (s *Scanner) Digits() (n int64, ok bool) {
	const most = 18
	i := s.at
	for i < len(s.text) && s.text[i]-'0' <= 9 {
		n = 10*n + int64(s.text[i]-'0')
		i++
	}
	digits := i - s.at
	if digits == 0 || digits > most || digits > 1 && s.text[s.at] == '0' ||
		i < len(s.text) && (s.text[i] == '.' || s.text[i]|0x20 == 'e') {
		return 0, false
	}
	s.at = i
	return n, true
}

// Value walks over the value that begins here.
func (s *Scanner) Value() bool { return s.value(1) }

// Scalar walks over the string, the number, true, false or null that begins here, and
// returns it.
func (s *Scanner) Scalar() (scalar []byte, ok bool) {
	from := s.at
	s.at, ok = scalarEnd(s.text, from)
	return s.text[from:s.at:s.at], ok
}

// Members walks over the object that begins here. It calls member for each
// member with the name in its quotes, to walk over the value, which then begins
// at Pos.
func (s *Scanner) Members(member func(name []byte) bool) bool {
	if !s.Take('{') {
		return false
	}
	if s.Space() == '}' {
		return s.Take('}')
	}
	for {
		name, ok := s.Name()
		if !ok || !member(name) {
			return false
		}
		if !s.Comma() {
			return s.Take('}')
		}
	}
}

// Comma walks over a comma if it stands here or behind white space.
func (s *Scanner) Comma() bool { return s.Take(',') || s.spacedComma() }

func (s *Scanner) spacedComma() bool {
	s.Space()
	return s.Take(',')
}

// Name walks over a member's name and its colon, to the value, and returns the name in
// its quotes.
func (s *Scanner) Name() (name []byte, ok bool) {
	if s.Peek() != '"' && s.Space() != '"' {
		return nil, false
	}
	from := s.at
	s.at, ok = stringEnd(s.text, from+1)
	if !ok {
		return nil, false
	}
	name = s.Since(from)
	if i := s.at + 1; i < len(s.text) && s.text[i-1] == ':' && s.text[i] > ' ' { // as VOD writes it
		s.at = i
		return name, true
	}
	s.Space()
	ok = s.Take(':')
	s.Space()
	return name, ok
}

// value walks over a value whose first level, if it has any, is level depth of
// the text.
func (s *Scanner) value(depth int) (ok bool) {
	if c := s.Peek(); c == '{' || c == '[' {
		s.at, ok = s.nestedEnd(s.at, depth)
	} else {
		s.at, ok = s.scalarEnd(s.at)
	}
	return ok
}

// nestedEnd walks over the object or the list that begins at i. It keeps its
// place in one bit for each level and does not recurse, so that no text can
// exhaust the stack.
func (s *Scanner) nestedEnd(i, depth int) (to int, ok bool) {
	var objects [MaxDepth/64 + 1]uint64 // bit d: level d is an object
	b := s.text
	first := depth
	depth--
	for {
		// A value begins at i.
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			if depth++; depth > MaxDepth {
				return i, false
			}
			open := b[i]
			if i = s.skip(i + 1); i >= len(b) || b[i] != open+2 { // the closing bracket of either
				if open == '[' {
					objects[depth/64] &^= 1 << (depth % 64)
					continue
				}
				objects[depth/64] |= 1 << (depth % 64)
				if i, ok = s.key(i); !ok {
					return i, false
				}
				continue
			}
			i++
			depth--
		} else if i, ok = s.scalarEnd(i); !ok {
			return i, false
		}
		// A value has ended, and perhaps what it stands in.
		for {
			if depth < first {
				return i, true
			}
			object := objects[depth/64]&(1<<(depth%64)) != 0
			if i = s.skip(i); i >= len(b) {
				return i, false
			}
			if c := b[i]; c == ',' {
				break
			} else if c == '}' && object || c == ']' && !object {
				i++
				depth--
			} else {
				return i, false
			}
		}
		i = s.skip(i + 1)
		if objects[depth/64]&(1<<(depth%64)) != 0 {
			if i, ok = s.key(i); !ok {
				return i, false
			}
		}
	}
}

// scalarEnd is the function of that name, and notes a number with an exponent.
func (s *Scanner) scalarEnd(i int) (to int, ok bool) {
	if i < len(s.text) && isNumber(s.text[i]) {
		to, power, ok := numberEnd(s.text, i)
		s.powers = s.powers || power
		return to, ok
	}
	return scalarEnd(s.text, i)
}

// skip is Space for a position that is held elsewhere.
func (s *Scanner) skip(i int) int {
	if i < len(s.text) && s.text[i] > ' ' {
		return i
	}
	return s.skipBlanks(i)
}

func (s *Scanner) skipBlanks(i int) int {
	to := blank(s.text, i)
	s.spaced = s.spaced || to > i
	return to
}

// key is name for a position that is held elsewhere.
func (s *Scanner) key(i int) (to int, ok bool) {
	b := s.text
	if i >= len(b) || b[i] != '"' {
		return i, false
	}
	if i, ok = stringEnd(b, i+1); !ok {
		return i, false
	}
	if i = s.skip(i); i >= len(b) || b[i] != ':' {
		return i, false
	}
	return s.skip(i + 1), true
}

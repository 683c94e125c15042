package vod

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
)

// envelope holds the parts of an answer of the API:
//
//	{"Response": {"EventSet": […], "Error": {…}, "RequestId": "…", …}}
//
// They share memory with the body they were found in, and none can grow over
// its own end. A part that is missing is nil.
type envelope struct {
	response  json.RawMessage   // the Response object as a whole
	eventSet  json.RawMessage   // a list or null
	events    []json.RawMessage // the elements of eventSet
	failure   json.RawMessage   // the Error object or null
	requestId json.RawMessage
}

// parse finds the parts of an answer in one pass over its bytes. It takes what
// encoding/json takes and nothing else, so a body that was cut on its way, or
// that some proxy wrote, is an error and never half an answer. Of two members
// with the same name the last one counts, as in encoding/json.
func parse(body []byte) (envelope, error) {
	s := scanner{b: body}
	var e envelope
	event := func() bool {
		start := s.i
		ok := s.value()
		e.events = append(e.events, s.since(start))
		return ok
	}
	member := func(name []byte) (ok bool) {
		start := s.i
		switch string(name) {
		case "EventSet":
			if e.events = nil; s.peek() == '[' {
				e.events = make([]json.RawMessage, 0, MaxEvents)
				ok = s.array(event)
			} else {
				ok = s.value()
			}
			e.eventSet = s.since(start)
		case "Error":
			ok = s.value()
			e.failure = s.since(start)
		case "RequestId":
			ok = s.value()
			e.requestId = s.since(start)
		default:
			ok = s.value()
		}
		return ok
	}
	top := func(name []byte) bool {
		if string(name) != "Response" {
			return s.value()
		}
		e = envelope{}
		if s.peek() != '{' {
			return s.value()
		}
		start := s.i
		ok := s.object(member)
		e.response = s.since(start)
		return ok
	}

	ok := s.space() == '{' && s.object(top)
	s.space()
	switch whole := ok && s.i == len(body); {
	case e.response == nil:
		return e, fmt.Errorf("this is no answer of the VOD API: %s", excerpt(body))
	case !whole && s.i >= len(body):
		return e, fmt.Errorf("the answer is cut off after %d bytes", len(body))
	case !whole:
		return e, fmt.Errorf("the answer is no JSON at byte %d of %d", s.i, len(body))
	case e.eventSet != nil && e.eventSet[0] != '[' && e.eventSet[0] != 'n':
		return e, errors.New("EventSet is neither a list nor null")
	case e.failure != nil && e.failure[0] != '{' && e.failure[0] != 'n':
		return e, errors.New("Error is neither an object nor null")
	}
	return e, nil
}

// excerpt shows the beginning of a body in a message.
func excerpt(body []byte) string {
	const most = 200
	if len(body) > most {
		return fmt.Sprintf("%q and %d bytes more", body[:most], len(body)-most)
	}
	return fmt.Sprintf("%q", body)
}

// scanner walks over JSON and checks it by the grammar of encoding/json. Its
// methods that return a bool say whether the bytes so far were JSON; when they
// were not, i is where that shows.
type scanner struct {
	b     []byte
	i     int
	depth int
}

// maxDepth is the nesting that encoding/json takes.
const maxDepth = 10000

// since returns what was walked over since start.
func (s *scanner) since(start int) json.RawMessage { return s.b[start:s.i:s.i] }

// peek returns the byte at i, or 0 at the end; 0 is in no JSON.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// space skips white space and returns the byte after it, as peek does.
func (s *scanner) space() byte {
	if s.i < len(s.b) && s.b[s.i] > ' ' { // VOD sends none, so this is inlined
		return s.b[s.i]
	}
	return s.spaces()
}

func (s *scanner) spaces() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// object walks over the object that begins at i. It calls member for each
// member, whose value then begins at i, to walk over that value.
func (s *scanner) object(member func(name []byte) bool) bool {
	s.i++
	s.depth++
	if s.space() != '}' {
		for {
			s.space()
			start := s.i
			if !s.string() {
				return false
			}
			name := plain(s.b[start:s.i])
			if !s.colon() || !member(name) {
				return false
			}
			if s.space() != ',' {
				break
			}
			s.i++
		}
	}
	s.depth--
	return s.take('}')
}

// array walks over the array that begins at i, with element as object does
// with member.
func (s *scanner) array(element func() bool) bool {
	s.i++
	s.depth++
	if s.space() != ']' {
		for {
			if s.space(); !element() {
				return false
			}
			if s.space() != ',' {
				break
			}
			s.i++
		}
	}
	s.depth--
	return s.take(']')
}

// value walks over the value at i, whatever it is. It keeps its place in one
// bit for each level and does not recurse, so that no body can exhaust the
// stack.
func (s *scanner) value() bool {
	var objects [maxDepth/64 + 1]uint64 // bit d: level d is an object
	depth := s.depth
next:
	for {
		switch c := s.space(); c {
		case '{', '[':
			if depth == maxDepth {
				return false
			}
			s.i++
			depth++
			if s.space() == c+2 { // the closing bracket of either
				s.i++
				depth--
				break
			}
			if c == '[' {
				objects[depth/64] &^= 1 << (depth % 64)
				continue
			}
			objects[depth/64] |= 1 << (depth % 64)
			if !s.name() {
				return false
			}
			continue
		case '"':
			if !s.string() {
				return false
			}
		case 't':
			if !s.literal("true") {
				return false
			}
		case 'f':
			if !s.literal("false") {
				return false
			}
		case 'n':
			if !s.literal("null") {
				return false
			}
		default:
			if !s.number() {
				return false
			}
		}
		// A value has ended, and perhaps what it stands in.
		for depth > s.depth {
			object := objects[depth/64]&(1<<(depth%64)) != 0
			switch c := s.space(); {
			case c == ',':
				s.i++
				if object {
					if !s.name() {
						return false
					}
				}
				continue next
			case c == '}' && object, c == ']' && !object:
				s.i++
				depth--
			default:
				return false
			}
		}
		return true
	}
}

// name walks over a member's name and its colon, to the value.
func (s *scanner) name() bool {
	s.space()
	return s.string() && s.colon()
}

func (s *scanner) colon() bool {
	s.space()
	ok := s.take(':')
	s.space()
	return ok
}

// plain takes off a name's quotes, and its escapes: "\u0045rror" is Error, too.
func plain(name []byte) []byte {
	if bytes.IndexByte(name, '\\') < 0 {
		return name[1 : len(name)-1]
	}
	var p string
	json.Unmarshal(name, &p) // cannot fail, as s.string took it
	return []byte(p)
}

// string walks over the string at i. Strings are most of an event, so it looks
// at eight bytes at a time for the first that is a quote, a backslash or a
// control character.
func (s *scanner) string() bool {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	if !s.take('"') {
		return false
	}
	b, i := s.b, s.i
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			quote, slash := w^('"'*ones), w^('\\'*ones)
			// A zero byte of quote or slash, or a byte below 0x20 of w, borrows
			// and so sets its top bit; of the bits set the lowest one is true.
			found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w) & tops
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		if s.i = i; i >= len(b) {
			return false
		}
		switch c := b[i]; {
		case c == '"':
			s.i++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
			i = s.i
		case c < ' ':
			return false
		default: // within the last eight bytes of the body
			i++
		}
	}
}

// escape walks over one escape sequence of a string.
func (s *scanner) escape() bool {
	s.i++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return true
	case 'u':
		for range 4 {
			s.i++
			switch c := s.peek(); {
			case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			default:
				return false
			}
		}
		s.i++
		return true
	}
	return false
}

func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.i++
	}
	if s.peek() == '0' {
		s.i++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.i++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.i
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.i++
	}
	return s.i > start
}

func (s *scanner) literal(word string) bool {
	for i := range len(word) {
		if !s.take(word[i]) {
			return false
		}
	}
	return true
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

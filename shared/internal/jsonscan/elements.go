package jsonscan

import "bytes"

// Elements walks over the list that begins here and gives each element to take,
// once it knows where it ends. An element that is no JSON does not cost its
// neighbors: it is given as a Text that is not Valid, and the walk goes on
// behind it. When that place cannot be found, or the list itself is no JSON,
// Elements returns false and the elements before that have been given.
func (s *Scanner) Elements(take func(Text)) bool {
	if !s.Take('[') {
		return false
	}
	if s.Space() == ']' {
		return s.Take(']')
	}
	next := neighbor{text: s.text}
	for {
		s.Space()
		from := s.at
		t, ok := s.Text()
		switch after := s.Space(); {
		case ok && (after == ',' || after == ']'):
			take(t)
		case ok && after == '{': // a comma is missing
			take(t)
			continue
		case ok && s.text[from] == '{' && s.at == len(s.text): // the list breaks off behind it
			take(t)
			return false
		default:
			to := s.elementEnd(from, &next)
			if to <= from {
				return false
			}
			take(broken(s.text[from:to:to]))
			s.at = to
			s.Space()
		}
		if !s.Take(',') {
			return s.Take(']')
		}
	}
}

// elementEnd returns where the element that begins at from, and that is no JSON,
// ends; 0: that cannot be found.
func (s *Scanner) elementEnd(from int, next *neighbor) int {
	limit := next.before(from)
	within := s.text
	if limit > 0 {
		within = s.text[:limit]
	}
	l := loose{text: within}
	to := l.walk(from, func(i int) bool {
		i = blank(s.text, i)
		return i < len(s.text) && (s.text[i] == ',' || s.text[i] == ']')
	})
	if to == len(s.text) {
		return 0
	}
	return to
}

// neighbor finds the elements that begin as VOD's do, with their EventHandle
// (266/33433): },{"EventHandle". A string of an element that is no JSON may have
// no end, but not even then can it hold these bytes, for their quotes would be
// escaped.
type neighbor struct {
	text       []byte
	begin, end int // of the element that was found, and of the one before it
	searched   int // up to where
	none       bool
}

// before returns where the element ends behind which the first one after from
// stands; 0: there is none.
func (n *neighbor) before(from int) int {
	for n.begin <= from && !n.none {
		n.find(min(max(n.searched, from+1), len(n.text)))
	}
	if n.none {
		return 0
	}
	return n.end
}

// find looks for the next place from i on.
func (n *neighbor) find(i int) {
	name := []byte(`"EventHandle"`)
	for {
		found := bytes.Index(n.text[i:], name)
		if found < 0 {
			n.none = true
			return
		}
		at := i + found
		i = at + len(name)
		n.searched = i
		n.begin = n.back(at, '{')
		if comma := n.back(n.begin, ','); comma > 0 {
			if brace := n.back(comma, '}'); brace > 0 {
				n.end = brace + 1
				return
			}
		}
	}
}

// back returns where c stands if it is the last before i but for white space;
// else 0.
func (n *neighbor) back(i int, c byte) int {
	for i--; i > 0; i-- {
		switch n.text[i] {
		case ' ', '\t', '\n', '\r':
			continue
		case c:
			return i
		}
		return 0
	}
	return 0
}

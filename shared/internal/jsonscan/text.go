package jsonscan

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// MaxMembers is how many members the object of a [Text] may have, those that
// are null among them. VOD's events have about 40 at most, all but three null. A
// body of a stranger's making could have half a million, and what is noted of
// each would cost a function all its memory.
const MaxMembers = 1000

// Text is a value and what was noted of it in the walk over it.
type Text struct {
	// Bytes are the value as it came, without the white space around it; where
	// it is not Valid all that was given, or what was taken for one element.
	Bytes []byte

	// Valid tells whether Bytes are JSON within the package's bounds.
	Valid bool

	// UTF8 tells whether Bytes are UTF-8. encoding/json takes strings that are
	// not, too, and reads U+FFFD where they are not.
	UTF8 bool

	// Powers tells whether a Valid text has a number with an exponent, such as 1e9.
	Powers bool

	// Members are those of the object that are not null, in their order. Of
	// several with one name the last counts, as everywhere in Go. Of a text that
	// is not Valid they are the strings and numbers that could be found.
	Members []Member

	// Nulls tells whether members that are null were left out.
	Nulls bool
}

// String returns Bytes.
func (t Text) String() string { return string(t.Bytes) }

// Span is a part of a Text's Bytes.
type Span struct{ From, To int }

// Of returns the part of b, which cannot grow into what follows.
func (s Span) Of(b []byte) []byte { return b[s.From:s.To:s.To] }

// Member is one member of a Text.
type Member struct {
	Name  []byte // what Key says
	Key   Span   // with its quotes
	Value Span
	Space bool // Value holds white space that means nothing
	Ids        // of a Value that is an object
}

// Ids are the values of an object's members that name what it is about, in the
// spelling of today or in that of the 2.0 format. Those that are missing are
// empty.
type Ids struct {
	FileId    Span // FileId or fileId
	TaskId    Span // TaskId, taskId or vodTaskId
	FileIdSet Span
	Deleted   Span // FileDeleteResultInfo
}

// Kind is the first byte of the value: { [ " t f n - or a digit.
func (m *Member) Kind(b []byte) byte { return b[m.Value.From] }

// Scan walks over b, of which nothing is known.
func Scan(b []byte) Text {
	s := Scanner{text: b}
	s.Space()
	t, ok := s.Text()
	if !ok || !s.End() {
		return broken(b)
	}
	return t
}

// WithNulls returns the members as they are in Members, but with those that are
// null. It walks over the text once more.
func (t *Text) WithNulls() []Member {
	if !t.Valid || !t.Nulls {
		return t.Members
	}
	s := Scanner{text: t.Bytes}
	var n notes
	n.keepNulls = true
	s.object(&n)
	return n.taken()
}

// Text walks over the value that begins here and notes what a [Text] tells.
func (s *Scanner) Text() (t Text, ok bool) {
	from := s.at
	s.powers = false
	var n notes
	if s.Peek() == '{' {
		n.base = from
		ok = s.object(&n)
	} else {
		ok = s.value(1)
	}
	if !ok {
		return Text{}, false
	}
	b := s.Since(from)
	return Text{Bytes: b, Valid: true, UTF8: utf8.Valid(b), Powers: s.powers, Members: n.taken(), Nulls: n.nulls}, true
}

// object walks over an object and notes its members. More than MaxMembers are
// no Text.
func (s *Scanner) object(n *notes) bool {
	s.at++
	if s.Space() == '}' {
		return s.Take('}')
	}
	for count := 0; count < MaxMembers; count++ {
		s.Space()
		from := s.at
		name, ok := s.Name()
		if !ok {
			return false
		}
		m := Member{Name: Name(name), Key: n.span(from, from+len(name))}
		from = s.at
		s.spaced = false
		if s.Peek() == '{' {
			ok = s.ids(&m.Ids, n)
		} else {
			ok = s.value(2)
		}
		if !ok {
			return false
		}
		m.Value, m.Space = n.span(from, s.at), s.spaced
		n.add(m, s.text[from] == 'n')
		if s.Space() != ',' {
			return s.Take('}')
		}
		s.at++
	}
	return false
}

// ids walks over an object and notes which of its members are Ids.
func (s *Scanner) ids(ids *Ids, n *notes) bool {
	s.at++
	if s.Space() == '}' {
		return s.Take('}')
	}
	for {
		name, ok := s.Name()
		if !ok {
			return false
		}
		from := s.at
		if !s.value(3) {
			return false
		}
		if id := ids.named(name); id != nil {
			*id = n.span(from, s.at)
		}
		if s.Space() != ',' {
			return s.Take('}')
		}
		s.at++
	}
}

// named returns where the member of this name, which is in its quotes, is noted;
// nil: it is none of them.
func (ids *Ids) named(name []byte) *Span {
	switch string(Name(name)) {
	case "FileId", "fileId":
		return &ids.FileId
	case "TaskId", "taskId", "vodTaskId":
		return &ids.TaskId
	case "FileIdSet":
		return &ids.FileIdSet
	case "FileDeleteResultInfo":
		return &ids.Deleted
	}
	return nil
}

// fewNames is up to how many members are compared one by one.
const fewNames = 16

// notes are the members of an object, the last of each name. A name is decoded
// once, so that the time for them is linear in their bytes.
type notes struct {
	base            int // where the Text begins
	keepNulls       bool
	nulls, replaced bool
	members         []Member       // without a Name: another one replaced it
	places          map[string]int // where the names stand, if they are many
}

func (n *notes) span(from, to int) Span { return Span{from - n.base, to - n.base} }

func (n *notes) add(m Member, null bool) {
	if i := n.place(m.Name); i >= 0 {
		n.members[i].Name, n.replaced = nil, true
		delete(n.places, string(m.Name))
	}
	if null && !n.keepNulls {
		n.nulls = true
		return
	}
	if n.places != nil {
		n.places[string(m.Name)] = len(n.members)
	}
	if n.members == nil {
		n.members = make([]Member, 0, 4) // what an event has
	}
	n.members = append(n.members, m)
	if n.places == nil && len(n.members) == fewNames {
		n.places = make(map[string]int)
		for i, m := range n.members {
			if m.Name != nil {
				n.places[string(m.Name)] = i
			}
		}
	}
}

func (n *notes) place(name []byte) int {
	if n.places != nil {
		if i, ok := n.places[string(name)]; ok {
			return i
		}
		return -1
	}
	for i := range n.members {
		if other := n.members[i].Name; other != nil && bytes.Equal(name, other) {
			return i
		}
	}
	return -1
}

// taken are the members that nothing replaced.
func (n *notes) taken() []Member {
	if n.replaced {
		return slices.DeleteFunc(n.members, func(m Member) bool { return m.Name == nil })
	}
	return n.members
}

package event

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Types is a set of EventTypes. The zero value has all of them, also those that
// nobody knows yet.
type Types struct {
	names  []string // sorted, each once; none: all EventTypes
	except bool     // all but names
}

// ParseTypes reads a list of EventTypes with commas between them. One that
// begins with ! is all EventTypes but those. Its errors quote nothing of the
// list.
func ParseTypes(list string) (t Types, err error) {
	list, t.except = strings.CutPrefix(list, "!")
	for name := range strings.SplitSeq(list, ",") {
		switch {
		case name == "" && list == "":
			return Types{}, errors.New("is an empty list; write EventTypes with commas between them, or leave it out for all")
		case name == "":
			return Types{}, fmt.Errorf("has an empty name at place %d; write EventTypes with one comma between them", len(t.names)+1)
		case strings.IndexFunc(name, notInType) >= 0:
			return Types{}, fmt.Errorf("has a name at place %d that is no EventType; write them as NewFileUpload,FileDeleted, or with one ! in front for all but those", len(t.names)+1)
		}
		t.names = append(t.names, name)
	}
	slices.Sort(t.names)
	t.names = slices.Compact(t.names)
	return t, nil
}

// notInType tells whether a character stands in no EventType.
func notInType(r rune) bool {
	letter := r|0x20 >= 'a' && r|0x20 <= 'z'
	return !letter && !strings.ContainsRune("0123456789_-.", r)
}

// All tells whether the set has all EventTypes.
func (t Types) All() bool { return len(t.names) == 0 }

// Has tells whether an EventType is in the set.
func (t Types) Has(eventType string) bool {
	return t.All() || slices.Contains(t.names, eventType) != t.except
}

// Strange returns the names in the list that are no kind of this release. They
// may be new ones, or mistyped.
func (t Types) Strange() []string {
	return slices.DeleteFunc(slices.Clone(t.names), func(name string) bool {
		return name == TypeUnparsed || name == TypeMediaRead ||
			slices.ContainsFunc(Kinds, func(k Kind) bool { return k.Type == name })
	})
}

// Or is the set of what is in either set.
func (t Types) Or(u Types) Types {
	switch {
	case t.All() || u.All():
		return Types{}
	case t.except:
		t.names = slices.DeleteFunc(slices.Clone(t.names), u.Has)
	case u.except:
		return u.Or(t)
	default:
		t.names = slices.Concat(t.names, u.names)
		slices.Sort(t.names)
		t.names = slices.Compact(t.names)
	}
	return t
}

// Equal tells whether two sets are written alike.
func (t Types) Equal(u Types) bool {
	return (t.All() || t.except == u.except) && slices.Equal(t.names, u.names)
}

// String writes the set as [ParseTypes] reads it; all EventTypes are "".
func (t Types) String() string {
	if t.except && !t.All() {
		return "!" + strings.Join(t.names, ",")
	}
	return strings.Join(t.names, ",")
}

package event

import (
	"slices"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	t.Parallel()
	const unknown = "BrandNewEvent"
	for list, want := range map[string][]string{ // of those that are tried
		"FileDeleted":                {"FileDeleted"},
		"FileDeleted,NewFileUpload":  {"FileDeleted", "NewFileUpload"},
		"!FileDeleted":               {"NewFileUpload", unknown, TypeUnparsed},
		"!FileDeleted,NewFileUpload": {unknown, TypeUnparsed},
		unknown:                      {unknown},
		TypeUnparsed:                 {TypeUnparsed},
	} {
		types, err := ParseTypes(list)
		if err != nil {
			t.Errorf("%s: %v", list, err)
		}
		for _, eventType := range []string{"FileDeleted", "NewFileUpload", unknown, TypeUnparsed} {
			if got := types.Has(eventType); got != slices.Contains(want, eventType) {
				t.Errorf("%s has %s: %t", list, eventType, got)
			}
		}
		if again, err := ParseTypes(types.String()); err != nil || !again.Equal(types) {
			t.Errorf("%s is written %s", list, types)
		}
	}
	if all := (Types{}); !all.Has(unknown) || !all.All() || all.String() != "" {
		t.Error("the zero value is not all of them")
	}
}

func TestTypesThatAreNone(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"": "an empty list", "!": "an empty list", "A,,B": "an empty name at place 2", ",A": "an empty name at place 1",
		"A,": "an empty name at place 2", "A,!hush": "at place 2 that is no EventType", "A hush": "at place 1", "!!hush": "at place 1",
		"hush@host/db": "at place 1", "hush*": "at place 1", "Ähush": "at place 1",
	} {
		if _, err := ParseTypes(list); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want an error with %q", list, err, want)
		}
	}
}

// What is in either set is in their sum, and nothing else.
func TestSumOfTypes(t *testing.T) {
	t.Parallel()
	lists := []string{"A", "B", "A,B", "!A", "!B", "!A,B", "!C", "C"}
	for _, a := range lists {
		for _, b := range append(lists, "") {
			x, err := ParseTypes(a)
			if err != nil {
				t.Fatal(err)
			}
			var y Types
			if b != "" {
				if y, err = ParseTypes(b); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"A", "B", "C", "D"} {
				if got, want := x.Or(y).Has(name), x.Has(name) || y.Has(name); got != want {
					t.Errorf("%q or %q has %s: %t", a, b, name, got)
				}
				if x.Or(y).Has(name) != y.Or(x).Has(name) {
					t.Errorf("%q or %q differs from %q or %q", a, b, b, a)
				}
			}
		}
	}
}

func TestStrangeTypes(t *testing.T) {
	t.Parallel()
	types, err := ParseTypes("!NewFileUplaod,FileDeleted,MediaRead,Unparsed,AigcImageTaskComplete")
	if got := types.Strange(); err != nil || !slices.Equal(got, []string{"NewFileUplaod"}) {
		t.Errorf("%q, %v", got, err)
	}
}

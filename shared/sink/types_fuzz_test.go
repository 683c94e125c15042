package sink

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzTypes takes types= off any URL and compares with net/url: what is left is the
// URL without the parameter, and the list is the one that net/url reads.
func FuzzTypes(f *testing.F) {
	for _, s := range []string{
		"stdout:?types=FileDeleted", "https://h/p?a=1%2F2&types=A&b=+&secret=abc", "postgres://me:pw@h/db?table=t&ty%70es=A%2CB",
		"mysql://h/db?types=%21A#x?types=B", "file:/a%20b?types=!A,B", "https://h?types=A&types=B", "https://h?types", "https://h?;types=A",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rawURL string) {
		before, err := url.Parse(rawURL)
		if err != nil {
			return
		}
		query, err := url.ParseQuery(before.RawQuery)
		if err != nil || slices.Contains(strings.Split(before.RawQuery, "&"), "") {
			return // net/url leaves out what it cannot read, and nothings
		}
		rest, types, err := takeTypes(rawURL)
		lists := query["types"]
		delete(query, "types")
		switch {
		case err != nil:
			if len(lists) == 0 {
				t.Fatalf("%q: %v", rawURL, err)
			}
			return
		case len(lists) == 0:
			if rest != rawURL || !types.All() {
				t.Fatalf("%q became %q, %v", rawURL, rest, types)
			}
			return
		}
		after, err := url.Parse(rest)
		if err != nil {
			t.Fatalf("%q became %q: %v", rawURL, rest, err)
		}
		if got, err := url.ParseQuery(after.RawQuery); err != nil || got.Encode() != query.Encode() {
			t.Fatalf("%q became %q: %v", rawURL, rest, got)
		}
		if len(lists) != 1 || types.All() {
			t.Fatalf("%q: %q is read as %v", rawURL, lists, types)
		}
		names := strings.Split(strings.TrimPrefix(lists[0], "!"), ",")
		for _, name := range append(names, "NoSuchType-") {
			if types.Has(name) != (slices.Contains(names, name) != strings.HasPrefix(lists[0], "!")) {
				t.Fatalf("%q: %q of %q is wanted: %v", rawURL, name, lists[0], types.Has(name))
			}
		}
		after.RawQuery, before.RawQuery, after.ForceQuery, before.ForceQuery = "", "", false, false
		if after.String() != before.String() {
			t.Fatalf("%q became %q", rawURL, rest)
		}
		again, types2, err := takeTypes(rest)
		if err != nil || again != rest || !types2.All() {
			t.Fatalf("%q, taken off twice: %q, %v", rawURL, again, err)
		}
	})
}

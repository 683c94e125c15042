package sqltable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAround holds the range of an index to its purpose: whatever begins with the
// prefix is within, by code points, and also when spaces follow a text without end.
func FuzzAround(f *testing.F) {
	for _, s := range []string{"", "a", "ab\x00", "\U0010ffff", "\ud7ff", "\ue000", "a\uffff", "é"} {
		f.Add(s, "%")
		f.Add(s, "\t")
		f.Add(s, "")
	}
	f.Fuzz(func(t *testing.T, prefix, rest string) {
		if !utf8.ValidString(prefix) || !utf8.ValidString(rest) {
			return // no column has such a text
		}
		low, high := around(prefix)
		if !utf8.ValidString(low) || !utf8.ValidString(high) {
			t.Fatalf("around %q: %q, %q", prefix, low, high)
		}
		text := padded(prefix + rest)
		if low != "" && padded(low) >= text || high != "" && padded(high) <= text {
			t.Fatalf("%q is not between %q and %q", prefix+rest, low, high)
		}
	})
}

// padded is a text as MySQL compares it. Bytes of UTF-8 are in the order of code points.
func padded(s string) string { return s + strings.Repeat(" ", 200) }

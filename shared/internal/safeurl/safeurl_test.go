package safeurl

import (
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"postgres://u:hush@db.example:5432/x?table=hush": "postgres://db.example:5432",
		"https://sink.example/hush?secret=hush":          "https://sink.example",
		"http://[::1]:80/":                               "http://[::1]:80",
		"HTTP://h/":                                      "HTTP://h",
		"kafka://u:hush@b1:9092,b2:9093,[::1]:1/t":       "kafka://b1:9092,b2:9093,[::1]:1",
		"kafka://b1,b2":                                  "kafka://b1,b2",
		"stdout:":                                        "stdout:",
		"file:/hush":                                     "file:",
		"file:///hush":                                   "file:",
		"postgres:hush:2024@db":                          "postgres:",

		// Passwords that were not escaped.
		"postgres://hush:2024/word@db/x":     "postgres:",
		"postgres://hush:2024?word@db/x":     "postgres:",
		"postgres://hush:2024#word@db/x":     "postgres:",
		"postgres://me:hu@hush:2024/sh@db/x": "postgres:",
		"postgres://me:hush%@db/x":           "postgres:",
		"postgres://me:hush/x@db":            "postgres:",
		"postgres://me:hu\x1bsh@db/x":        "postgres:",
		"kafka://hush,b:20/sh@b1:1,b2:2/t":   "kafka:",
		"https://h/to/hush@example.com":      "https:", // nobody can tell that it is none

		"":              "(not a URL)",
		"hush":          "(not a URL)",
		":hush":         "(not a URL)",
		"hu sh:2024":    "(not a URL)",
		"hush@db:5432/": "(not a URL)",
		"1hush://db":    "(not a URL)",
	} {
		if got := Show(raw); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
		if got := Show(raw); strings.Contains(got, "hush") {
			t.Errorf("%s: the secret is in %q", raw, got)
		}
	}
}

func TestHasLateAt(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"postgres://u:p@db/x":          false,
		"postgres://u:p@db":            false,
		"postgres://u:20/p@db/x":       true,
		"postgres://u:20?p@db":         true,
		"postgres://u:p@db/x?a=b%40c":  false,
		"kafka://u:p@b1:1,b2:2/t":      false,
		"kafka://u:1,p/q@b1:1,b2:2/t":  true,
		"postgres://db/x?password=a@b": true,
	} {
		if got := HasLateAt(raw); got != want {
			t.Errorf("%s: got %v, want %v", raw, got, want)
		}
	}
}

func TestParseErrorQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"http://me:hush%@h/", "http://me:hu#sh@h/\x7f", "kafka://me:hush%zz@a:1,b:2/t", "http://h:hush/"} {
		if _, err := Parse(raw); err != ErrNotURL {
			t.Errorf("%s: got error %v, want ErrNotURL", raw, err)
		}
	}
}

// However a secret stands in front of the host, and whatever stands in it, it
// is not shown.
func FuzzShow(f *testing.F) {
	for _, password := range []string{"p", "20/24", "20?24", "20#24", "a@20/4", "%", ",b:1/2"} {
		f.Add("postgres", "me", password, "db.example:5432/x")
		f.Add("kafka", "me", password, "b1:1,b2:2/t")
	}
	f.Fuzz(func(t *testing.T, scheme, user, password, rest string) {
		got := Show(scheme + "://" + user + "SECRET:" + password + "@" + rest)
		if strings.Contains(got, "SECRET") && !strings.Contains(scheme+rest, "SECRET") {
			t.Errorf("got %q", got)
		}
	})
}

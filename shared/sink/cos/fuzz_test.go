package cos

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzEscape holds the spelling of keys and queries to net/url: it reads them as they
// were, and the request that is sent has the path that was signed.
func FuzzEscape(f *testing.F) {
	f.Add("vod/2026/11/20/0123.json", "list-type", "2")
	f.Add("a b+c%2F\xff/../é?#&=", "a b", "c+d&e=/")
	f.Fuzz(func(t *testing.T, key, name, value string) {
		path := "/" + key
		escaped := escapePath(path)
		if back, err := url.PathUnescape(escaped); err != nil || back != path || strings.ContainsAny(escaped, "?#+ ") {
			t.Fatalf("%q is spelled %q, which is read as %q, %v", path, escaped, back, err)
		}
		query := url.Values{"prefix": {key}}
		query.Add(name, value)
		text := canonicalQuery(query)
		back, err := url.ParseQuery(text)
		if slices.Sort(query[name]); err != nil || back.Encode() != query.Encode() {
			t.Fatalf("%q is spelled %q, which is read as %q, %v", query, text, back, err)
		}
		r, err := http.NewRequest("PUT", "https://h"+escaped+"?"+text, nil)
		if err != nil {
			t.Fatalf("%q %q: %v", escaped, text, err)
		}
		if r.URL.EscapedPath() != escaped || r.URL.RequestURI() != escaped+"?"+text {
			t.Fatalf("%q is sent as %q", escaped, r.URL.RequestURI())
		}
	})
}

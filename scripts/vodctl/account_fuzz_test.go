package main

import (
	"strings"
	"testing"
)

// FuzzShownURL holds what is shown of a callback URL to this: no user, no password and
// no value of the query stands in it, whatever is around them, also where the password
// holds an unescaped / ? or #. What the check refuses is told without any of them, too.
func FuzzShownURL(f *testing.F) {
	for _, password := range []string{"p", "20/24", "20?24", "20#24", "a@20/4", "%", "\x1b"} {
		f.Add("https", "me", password, "h.example:5432/x?a=", "&b#c")
	}
	f.Add("http", "a", "b", "h/p?q", "=&")
	f.Fuzz(func(t *testing.T, scheme, user, password, rest, behind string) {
		if strings.Contains(scheme+rest+behind, "SECRET") {
			return
		}
		for _, raw := range []string{
			scheme + "://" + user + "SECRET:" + password + "SECRET@" + rest,
			scheme + "://" + rest + "?a=SECRET" + behind,
		} {
			if got := shownURL(raw); strings.Contains(got, "SECRET") {
				t.Errorf("%q is shown as %q", raw, got)
			}
			if _, err := callbackURL(raw); err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%q is refused by %q", raw, err)
			}
		}
	})
}

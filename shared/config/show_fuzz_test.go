package config

import (
	"strings"
	"testing"
)

// FuzzVariableShow puts a secret into the user and the password of one URL of a
// variable, and into a secret variable:
//
//   - whatever else they hold, white space and what ends a host included, no secret is
//     shown;
//   - a value that is set is not shown as none.
func FuzzVariableShow(f *testing.F) {
	for _, password := range []string{"p", "2024/", "20 24", " ", "a b:c d", "%", "@:", " x:y@"} {
		f.Add("stdout:", "postgres", "me", password, "db:5432/x kafka://b1:9092,b2:9092/t")
	}
	f.Fuzz(func(t *testing.T, before, scheme, user, password, rest string) {
		if strings.Contains(before+scheme+rest, "SECRET") || strings.Contains(password, "://") {
			return
		}
		value := before + " " + scheme + "://" + user + "SECRET:" + password + "SECRET@" + rest
		for _, v := range Variables {
			shown := v.Show(value)
			if v.Secrecy != Open && strings.Contains(shown, "SECRET") {
				t.Fatalf("%s=%q is shown as %q", v.Name, value, shown)
			}
			if shown == "" {
				t.Fatalf("%s=%q is shown as none", v.Name, value)
			}
		}
	})
}

package webhook

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// FuzzMask repeats a password and a secret in an answer, as servers quote them. They
// are not in what is shown.
func FuzzMask(f *testing.F) {
	f.Add("pa55-w0rd/+", "c2VjcmV0LXNlY3JldC1zZWNyZXQ=", "at ", " end")
	f.Add("<é\"&\\\n>", "whsec", "%", "***")
	f.Fuzz(func(t *testing.T, password, text, before, after string) {
		if len(password) < 6 || len(text) < 6 || strings.Contains("***", password) {
			return
		}
		user := url.UserPassword("events", password)
		m := newMask(&url.URL{Scheme: "https", Host: "h", Path: "/"}, user, []secret{{text: text, key: []byte(text)}})
		for _, part := range []string{password, text} {
			plain, _ := json.Marshal(part)
			quoted := strconv.Quote(part)
			for _, spelled := range []string{
				part, url.QueryEscape(part), lowerHex(url.QueryEscape(part)), url.PathEscape(part), html.EscapeString(part),
				strings.Trim(string(plain), `"`), quoted[1 : len(quoted)-1], user.String(), base64.StdEncoding.EncodeToString([]byte("events:" + password)),
			} {
				if strings.Contains(before+stars+after, spelled) {
					continue // the answer has it anyway
				}
				if got := m.apply(before + spelled + after); strings.Contains(got, spelled) {
					t.Fatalf("%q is shown as %q", before+spelled+after, got)
				}
			}
		}
	})
}

package callback

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzExcerpt puts a Sign into a body that is no event, as the value of its member, in
// any spelling of JSON, and once more somewhere else:
//
//   - no eight characters in a row of the Sign are left, wherever the excerpt is cut;
//   - the excerpt has 2 KB of the body at most, and begins as the body does;
//   - a body without the word sign stays as it is.
func FuzzExcerpt(f *testing.F) {
	f.Add(`{"`, `","T":1,"x":"`, `"}`, uint16(2030), uint32(0), uint8(3), true)
	f.Add(`{\"`, `\"}`, `Sign`, uint16(0), uint32(0xf0f0), uint8(1), false)
	f.Add(``, `&t=`, `"}`, uint16(2000), uint32(1), uint8(3), true)
	f.Fuzz(func(t *testing.T, before, between, behind string, pad uint16, escapes uint32, quoting uint8, known bool) {
		const sign = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
		for _, text := range []string{before, between, behind} {
			if holdsPart(text, sign) {
				return
			}
		}
		spelled := ""
		for i, c := range sign {
			if escapes>>i&1 == 1 {
				spelled += fmt.Sprintf(`\u%04x`, c)
			} else {
				spelled += string(c)
			}
		}
		filler := strings.Repeat("x", int(pad)%3000)
		quote := []string{`"`, `\"`, `\u0022`, `'`}[quoting%4]
		body := before + quote + "Sign" + quote + ": " + quote + spelled + quote + filler + between
		if known {
			body += sign + behind
		}
		got := excerpt([]byte(body), map[bool]string{true: sign}[known])
		if holdsPart(got, sign) || strings.Contains(got, sign[:8]) {
			t.Fatalf("%q shows the Sign of %q", got, body)
		}
		if len(strings.ReplaceAll(got, "(masked)", "")) > 2<<10 {
			t.Fatalf("%d bytes", len(got))
		}
		plain := before + filler + between + behind
		if strings.Contains(strings.ToLower(plain), "sign") || strings.Contains(plain, "(masked)") {
			return
		}
		got = excerpt([]byte(plain), "")
		if !strings.HasPrefix(plain, got) || len(got) < min(len(plain), 2<<10-utf8.UTFMax) || len(got) > 2<<10 || utf8.ValidString(plain) != utf8.ValidString(got) && utf8.ValidString(plain) {
			t.Fatalf("%q became %q", plain, got)
		}
	})
}

// holdsPart tells whether a text has eight characters in a row of a Sign.
func holdsPart(text, sign string) bool {
	for i := range len(sign) - 7 {
		if strings.Contains(text, sign[i:i+8]) {
			return true
		}
	}
	return false
}

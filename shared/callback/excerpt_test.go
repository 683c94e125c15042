package callback

import (
	"strings"
	"testing"
)

// A Sign is valid for any body until it expires, so the log has no part of it,
// wherever the excerpt ends and however the body spells it.
func TestExcerptHasNoPartOfASign(t *testing.T) {
	t.Parallel()
	const sign = "5ca1ab1e0ddba11f005ba11c0ffee123"
	for name, c := range map[string]struct{ body, sign string }{
		"cut in the second":    {sign + strings.Repeat(".", 2<<10-len(sign)) + sign[:4] + sign + sign, sign},
		"cut behind many":      {strings.Repeat(sign, 80), sign},
		"cut in its member":    {strings.Repeat(".", 2020) + `{"Sign":"` + sign + `"}`, ""},
		"an escape in it":      {`{"Sign":"5ca1\u0061b1e0ddba11f005ba11c0ffee123"`, "5ca1ab1e0ddba11f005ba11c0ffee123"},
		"JSON in JSON":         {`{"body":"{\"Sign\":\"5ca1ab1e0dd\\u0062a11f005ba11c0ffee123\"}"`, ""},
		"quotes by their code": {`{"body":"{\u0022Sign\u0022:\u0022` + sign + `\u0022,"`, ""},
	} {
		got := excerpt([]byte(c.body), c.sign)
		for i := range len(sign) - 7 {
			if part := sign[i : i+8]; strings.Contains(got, part) {
				t.Errorf("%s: %q has %q", name, got[max(0, len(got)-120):], part)
				break
			}
		}
		if !strings.Contains(got, "(masked)") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// The excerpt ends between two characters, at whichever of the two cuts.
func TestExcerptCutsNoCharacter(t *testing.T) {
	t.Parallel()
	const sign = "0ff1ce0ff1ce0ff1ce0ff1ce0ff1ce77"
	for _, c := range []struct{ body, sign, want string }{
		{strings.Repeat("é", 2<<10), "", strings.Repeat("é", 1<<10)},
		{"x" + strings.Repeat("é", 2<<10), "", "x" + strings.Repeat("é", 1<<10-1)},
		{"x" + strings.Repeat("云", 2<<10), "", "x" + strings.Repeat("云", 682)},
		{"xyz" + strings.Repeat("🎬", 1<<10), "", "xyz" + strings.Repeat("🎬", 511)},
		{sign + sign + strings.Repeat("🎬", 1<<10), sign, "(masked)(masked)" + strings.Repeat("🎬", 496)},
		{strings.Repeat("\x80", 3<<10), "", strings.Repeat("\x80", 2<<10-4)}, // no characters at all
	} {
		got := excerpt([]byte(c.body), c.sign)
		if got != c.want {
			t.Errorf("%q…: ends with %q, %d bytes, want %d", c.body[:8], got[max(0, len(got)-12):], len(got), len(c.want))
		}
	}
}

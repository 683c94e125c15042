package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// FuzzMask checks the mask of the deployer's output, for any secrets and text:
//
//   - no secret is left, not even as JSON or Go spell it, however they overlap;
//   - every byte outside of secrets stays as it was;
//   - text that comes in pieces is masked as if it came whole, except that secrets that
//     touch may become one (masked) or several.
func FuzzMask(f *testing.F) {
	f.Add("abcdef", "cdefghij", "<", "cdefabcdef>", uint8(3))
	f.Add("line\nbreak\"", "aaaaaa", "aaaaaaaaaaaaa", "", uint8(1))
	f.Add("sécret\xff", "p%2Fq&r+s", "é", "\xc3", uint8(2))
	f.Fuzz(func(t *testing.T, one, two, before, behind string, size uint8) {
		if len(one)+len(two)+len(before)+len(behind) > 500 {
			return // byte for byte, the time is quadratic in them
		}
		m := new(mask)
		m.add(one)
		m.add(two)
		inJSON, _ := json.Marshal(one) // a string
		for _, text := range []string{before + one + behind, before + two + one + behind, before + strconv.Quote(one) + behind, before + string(inJSON) + two} {
			got := m.Replace(text)
			for _, secret := range m.secrets {
				for part := range strings.SplitSeq(got, "(masked)") {
					if strings.Contains(part, secret) {
						t.Fatalf("%q is in %q, made of %q", secret, got, text)
					}
				}
			}
			checkRest(t, m, text, got)
			var out strings.Builder
			w := &maskedWriter{w: &out, m: m}
			for rest := text; rest != ""; {
				n := min(int(size)+1, len(rest))
				w.Write([]byte(rest[:n])) // to a strings.Builder
				rest = rest[n:]
			}
			w.flush()
			if once(out.String()) != once(got) {
				t.Fatalf("%q in pieces of %d is %q, and whole %q", text, int(size)+1, out.String(), got)
			}
		}
	})
}

// once replaces several (masked) in a row with one.
func once(text string) string {
	for strings.Contains(text, "(masked)(masked)") {
		text = strings.ReplaceAll(text, "(masked)(masked)", "(masked)")
	}
	return text
}

// checkRest marks each byte of a secret in the text, replaces each run of marks with
// (masked), and compares that with the result of Replace.
func checkRest(t *testing.T, m *mask, text, got string) {
	secret := make([]bool, len(text)+1)
	for _, s := range m.secrets {
		for i := range len(text) {
			if strings.HasPrefix(text[i:], s) {
				for j := range len(s) {
					secret[i+j] = true
				}
			}
		}
	}
	var want strings.Builder
	for i := range len(text) {
		switch {
		case !secret[i]:
			want.WriteByte(text[i])
		case i == 0 || !secret[i-1]:
			want.WriteString("(masked)")
		}
	}
	if got != want.String() {
		t.Fatalf("%q is %q, want %q", text, got, want.String())
	}
}

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

// descriptionForm is what SCF surely takes as a Description, 1,000 characters at most
// (583/18580).
var descriptionForm = regexp.MustCompile(`^[A-Za-z0-9 ,.]{1,1000}$`)

// FuzzMark deploys a zip whose hash SCF reports as anything, and reads the mark that
// is then the function's description:
//
//   - the mark is read as it was written, and has only characters that SCF takes;
//   - the next run sees no change if SCF reports the same hash again, and one if it
//     reports another or the zip is another;
//   - no other description is ours, unless its first word says so.
func FuzzMark(f *testing.F) {
	hash := hex.EncodeToString(make([]byte, 32))
	for _, told := range []string{"", hash, "0123", "a b c d", "conf 0000000000", "as", strings.Repeat("é", 20), "\x00", "-sha256:0123456789"} {
		f.Add([]byte("zip"), told, "vodevents code "+told)
	}
	f.Add([]byte{}, "ab", " vodevents conf conf as as ")
	f.Fuzz(func(t *testing.T, zip []byte, told, description string) {
		sum := sha256.Sum256(zip)
		want := &function{zip: zip, sha256: hex.EncodeToString(sum[:])}
		p := &plan{want: want}
		p.mark = mark{code: short(want.sha256), conf: p.confHash()}
		p.noteTold(told)
		text := p.mark.String()
		read, ours := parseMark(text)
		if !ours || read != p.mark || !descriptionForm.MatchString(text) {
			t.Fatalf("%q is read as %+v, %t, and was %+v", text, read, ours, p.mark)
		}
		for _, later := range []string{told, told + "0", "1" + told, want.sha256} {
			next := &plan{want: want, mark: mark{code: short(want.sha256)}, have: present{found: true, codeSha256: later}}
			next.planCode(read)
			if same := later == told || later == want.sha256; same == next.code && told != "" {
				t.Fatalf("SCF told %q, later %q: the code is written again: %t", told, later, next.code)
			}
		}
		other := &plan{want: &function{sha256: strings.Repeat("f", 64)}, mark: mark{code: strings.Repeat("f", 16)}, have: present{found: true, codeSha256: told}}
		if other.planCode(read); !other.code && told != other.want.sha256 {
			t.Fatalf("SCF told %q: another zip is not written", told)
		}
		m, ours := parseMark(description)
		if words := strings.Fields(description); ours != (len(words) > 0 && words[0] == "vodevents") {
			t.Fatalf("%q is ours: %t, %+v", description, ours, m)
		}
	})
}

package term

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, s, want string }{
		{"text", "海港 harbor.mp4　é", "海港 harbor.mp4　é"},
		{"escape sequence", "a\x1b[2Jb", "a_[2Jb"},
		{"line breaks", "a\r\nb", "a__b"},
		{"DEL", "a\x7fb", "a_b"},
		{"C1 control", "a\u009b2Jb", "a_2Jb"},
		{"C1 as a byte", "a\x9b2Jb", "a\ufffd2Jb"},
		{"direction override", "gpj\u202e.exe\u2066", "gpj_.exe_"},
		{"no width", "a\u200bb\ufeff", "a_b_"},
		{"separators", "a\u2028b\u2029", "a_b_"},
	} {
		if got := Harmless(test.s); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSprintf(t *testing.T) {
	t.Parallel()
	type mode string
	const esc = "\x1b[2J"
	for _, test := range []struct {
		format string
		arg    any
		want   string
	}{
		{"\n%s\n", esc + "\nok", "\n_[2J_ok\n"},
		{"%s", mode(esc), "_[2J"},
		{"%s", []byte(esc), "_[2J"},
		{"%v", []string{esc}, "[_[2J]"},
		{"%v", errors.New("one\ntwo" + esc + "\n  three"), "one\n  two_[2J\n  three"},
		{"%v", 5 * time.Second, "5s"},
		{"%q", "a\x1b", `"a_"`},
		{"%d", 7, "7"},
		{"%v", nil, "<nil>"},
	} {
		if got := Sprintf(test.format, test.arg); got != test.want {
			t.Errorf("%q of %#v: %q, want %q", test.format, test.arg, got, test.want)
		}
	}
}

// FuzzJSON checks that JSON keeps its meaning, and that the only invisible
// characters left are line ends and tabs.
func FuzzJSON(f *testing.F) {
	f.Add([]byte("{\r\n\"\u202e\":\t[\"\u009b\U000e0041\\u001b\", 12345678901234567890]}\n"))
	f.Add([]byte("\x1b[2J\x9b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := JSON(b)
		if i := strings.IndexFunc(string(got), func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' && r != '\t' }); i >= 0 {
			t.Fatalf("%q: invisible at %d of %q", b, i, got)
		}
		decode := func(b []byte) (v any) {
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			return v
		}
		if json.Valid(b) && !reflect.DeepEqual(decode(got), decode(b)) {
			t.Fatalf("%q became %q", b, got)
		}
	})
}

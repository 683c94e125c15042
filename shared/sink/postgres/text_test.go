package postgres

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestHoldable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ in, want string }{
		{`{"a":"b"}`, ``},
		{`"飲茶"`, ``},
		{`"\u00e9 \ud83d\ude00 \\u0000 \\\\ud800 \" \/"`, ``},
		{"\"\uFFFD \\ufffd\"", ``},
		{`"\u0000"`, `"\ufffd"`},
		{`"\\\u0000"`, `"\\\ufffd"`},
		{`"\uD83D"`, `"\ufffd"`},
		{`"\uD83Dx"`, `"\ufffdx"`},
		{`"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{`"\ude00\ud83d"`, `"\ufffd\ufffd"`},
		{`[1e300,-2.5E-300,"1e131071"]`, ``},
		{`{"1e131071":"` + strings.Repeat("1e131071,", 100) + `"}`, ``},
	} {
		want := test.want
		if want == "" {
			want = test.in
		}
		got := holdable([]byte(test.in), true)
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", test.in, got, want)
		}
	}
}

// What jsonb would print much longer than it came is not for jsonb.
func TestSwells(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		`1e131071`, `-1E-20000`, `{"a":[1,1e+99999]}`, `1e99999999999999999999`,
		`[` + strings.Repeat("1e131071,", 20_000) + `1]`, `[` + strings.Repeat("1e307,", 30_000) + `1]`,
	} {
		if got := holdable([]byte(in), true); got != nil {
			t.Errorf("%.40s: %.40s", in, got)
		}
	}
}

// holdable keeps what is well, ends, and leaves nothing to mend.
func FuzzHoldable(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `"\ud83d\ude00\ud83d\u0000\\u0000"`, "\"\xff\"", `"\\"`, `[1e9,1e99999]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) {
			return
		}
		given := slices.Clone(in)
		once := holdable(in, true)
		if !slices.Equal(in, given) {
			t.Fatal("the input was changed")
		}
		if once == nil {
			return
		}
		if twice := holdable(once, true); !slices.Equal(once, twice) {
			t.Errorf("%q: %q, then %q", in, once, twice)
		}
		if len(in) > 0 && slices.Equal(once, in) && &once[0] != &in[0] {
			t.Errorf("%q was copied for nothing", in)
		}
	})
}

// What the fuzz target finds well, the server takes.
func TestHoldableOnTheServer(t *testing.T) {
	for _, in := range []string{`"\u0000"`, `"\ud800\udbff\ud83d\ude00\udc00"`, `"\\u0000"`} {
		if got := psql(t, `SELECT $1::text::jsonb::text`, holdable([]byte(in), true)); len(got) != 1 {
			t.Errorf("%q: %v", in, got)
		}
	}
}

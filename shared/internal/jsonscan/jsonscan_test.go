package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// texts are seeds of the fuzz targets, and every rule of the grammar once.
var texts = []string{
	`{"a":[1,2.5e-3,"x\n",null],"b":{"FileId":"1","c":{}},"d":null}`,
	"\t{ \"a\" :\r\n [ { \"b\" : [ 1 , -0.5e+3 ] } ] }\n", ` true `, `[[],[{}],{"":[]}]`,
	`{"a":1,"\u0061":2,"b":null,"a":null}`, `{"":0,"":1}`,
	`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800"`, `"\ude00\ud83d"`, `"\ud83d\u0041"`, `"\u000D"`,
	`-0`, `0`, `10`, `1E-9`, `1e+9`, `-1.0e0`, `false`, `null`, `""`, `{}`, `[]`,
	``, ` `, "\x00", `{`, `[`, `"`, `"\`, `"\u`, `"\u12`, `{"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `[1`, `[1,`,
	`01`, `1.`, `.1`, `+1`, `-`, `1e`, `1e+`, `--1`, `0x1`, `1a`, `tru`, `nullx`, `True`, `NaN`,
	`[1,]`, `[,1]`, `[1 2]`, `{"a":}`, `{,}`, `{"a":1,}`, `{"a" 1}`, `{1:1}`, `{"a":1]`, `[1}`, `[]]`, `{}}`, `{} {}`, `[1]x`,
	`"\x"`, `"\u12g4"`, `"\u12G4"`, "\"a\nb\"", "\"\x1f\"", "\"\x7f\"", "\"a long string with a \x1f in it\"",
	"\"a long string with \xff\xfe\xc3 in it\"", "{\"\xff\":1,\"\xfe\":2}", "\ufeff{}", "\"\ufeff\"", "{\"a\":1}\x00",
	`{"a":"x"y"}`, "{\"EventHandle\":\"h\",\"P\":{\"a\":\"\t\"},\"T\":17}",
}

// bounded tells whether a text is within what a Text may be, by its look.
func bounded(b []byte) bool {
	return bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) <= MaxDepth && bytes.Count(b, []byte(",")) < MaxMembers
}

// checkScan holds Scan to encoding/json.
func checkScan(t *testing.T, b []byte) {
	t.Helper()
	before := bytes.Clone(b)
	text := Scan(b)
	if !bytes.Equal(b, before) {
		t.Fatalf("%q was changed", before)
	}
	if bounded(b) && text.Valid != json.Valid(b) || text.Valid && !json.Valid(b) {
		t.Fatalf("%q: valid %v, by encoding/json %v", b, text.Valid, json.Valid(b))
	}
	if text.UTF8 != utf8.Valid(text.Bytes) {
		t.Fatalf("%q: UTF8 %v", b, text.UTF8)
	}
	for _, m := range text.Members {
		if !json.Valid(m.Key.Of(text.Bytes)) || !json.Valid(m.Value.Of(text.Bytes)) {
			t.Fatalf("%q: member %q: %q", b, m.Key.Of(text.Bytes), m.Value.Of(text.Bytes))
		}
	}
	if !text.Valid {
		if !bytes.Equal(text.Bytes, b) {
			t.Fatalf("%q: bytes %q", b, text.Bytes)
		}
		return
	}
	if !bytes.Equal(text.Bytes, bytes.Trim(b, " \t\r\n")) {
		t.Fatalf("%q: bytes %q", b, text.Bytes)
	}
	checkCompact(t, text.Bytes)
	checkMembers(t, &text)
}

func checkCompact(t *testing.T, b []byte) {
	t.Helper()
	var want bytes.Buffer
	if err := json.Compact(&want, b); err != nil {
		t.Fatal(err)
	}
	if got := Compact(nil, b); !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("%q: compact %q", b, got)
	}
	var scalars []string // of which json.Decoder's tokens are made
	for s := range Scalars(b) {
		if !json.Valid(s) {
			t.Fatalf("%q: scalar %q", b, s)
		}
		scalars = append(scalars, string(s))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	n := 0
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		if _, bracket := token.(json.Delim); bracket {
			continue
		}
		if n >= len(scalars) {
			t.Fatalf("%q: scalars %q", b, scalars)
		}
		if s, ok := token.(string); ok && String([]byte(scalars[n])) != s {
			t.Fatalf("%q: %s says %q, by encoding/json %q", b, scalars[n], String([]byte(scalars[n])), s)
		}
		n++
	}
	if n != len(scalars) {
		t.Fatalf("%q: scalars %q", b, scalars)
	}
}

// checkMembers holds the notes to what encoding/json reads into maps.
func checkMembers(t *testing.T, text *Text) {
	t.Helper()
	var want map[string]json.RawMessage
	if text.Bytes[0] != '{' {
		if text.Members != nil {
			t.Fatalf("%q has members", text.Bytes)
		}
		return
	}
	if err := json.Unmarshal(text.Bytes, &want); err != nil {
		t.Fatal(err)
	}
	all := text.WithNulls()
	nulls := false
	for _, value := range want {
		nulls = nulls || string(value) == "null"
	}
	if nulls && !text.Nulls {
		t.Fatalf("%q: nulls are left out", text.Bytes)
	}
	same := func(members []Member) {
		if len(members) != len(want) {
			t.Fatalf("%q: %d members, by encoding/json %d", text.Bytes, len(members), len(want))
		}
		for _, m := range members {
			value := m.Value.Of(text.Bytes)
			if w, ok := want[string(m.Name)]; !ok || !bytes.Equal(w, value) || string(m.Name) != String(m.Key.Of(text.Bytes)) {
				t.Fatalf("%q: member %q is %q, by encoding/json %q", text.Bytes, m.Name, value, w)
			}
			if m.Space != !bytes.Equal(Compact(nil, value), value) {
				t.Fatalf("%q: member %q: space %v", text.Bytes, m.Name, m.Space)
			}
			checkIds(t, text, &m)
		}
	}
	same(all)
	maps.DeleteFunc(want, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	same(text.Members)
}

func checkIds(t *testing.T, text *Text, m *Member) {
	t.Helper()
	var inner map[string]json.RawMessage
	if m.Kind(text.Bytes) == '{' {
		if err := json.Unmarshal(m.Value.Of(text.Bytes), &inner); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []struct {
		span  Span
		names []string
	}{
		{m.FileId, []string{"FileId", "fileId"}},
		{m.TaskId, []string{"TaskId", "taskId", "vodTaskId"}},
		{m.FileIdSet, []string{"FileIdSet"}},
		{m.Deleted, []string{"FileDeleteResultInfo"}},
	} {
		got := id.span.Of(text.Bytes)
		var values []json.RawMessage
		for _, name := range id.names {
			if value, ok := inner[name]; ok {
				values = append(values, value)
			}
		}
		same := func(v json.RawMessage) bool { return bytes.Equal(v, got) }
		if len(values) == 0 && len(got) > 0 || len(values) > 0 && !slices.ContainsFunc(values, same) {
			t.Fatalf("%q: %v is %q, by encoding/json %q", text.Bytes, id.names, got, values)
		}
	}
}

func TestScan(t *testing.T) {
	for _, text := range texts {
		checkScan(t, []byte(text))
		checkScan(t, []byte(`{"k":`+text+`,"l":{"TaskId":`+text+`}}`))
	}
}

// Every byte in a string, at every place of the eight that are looked at at
// once.
// A text tells of numbers with an exponent, not of what a string holds or another
// element of a list.
func TestPowers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		`1E2`: true, `{"a":{"b":[0.5,-1.5e-3]}}`: true, `{"a":1e+9}`: true, `[[2e0]]`: true, `{"FileId":7e1}`: true,
		`{"e":"1e5","f":[true,false,null,0,-1.25]}`: false, `"3e8"`: false, `12`: false,
	} {
		if got := Scan([]byte(in)); !got.Valid || got.Powers != want {
			t.Errorf("%s: valid %t, powers %t, want %t", in, got.Valid, got.Powers, want)
		}
	}
	var got []bool
	New([]byte(`[{"a":1e5},{"a":1},2e2,3]`)).Elements(func(one Text) { got = append(got, one.Powers) })
	if want := []bool{true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("of elements: %v, want %v", got, want)
	}
}

func TestScanString(t *testing.T) {
	for c := range 256 {
		for before := range 9 {
			for _, after := range []int{0, 5} {
				s := strings.Repeat("x", before) + string([]byte{byte(c)}) + strings.Repeat("\u00e9", after)
				checkScan(t, []byte(`["`+s+`"]`))
				checkScan(t, []byte(`["`+s))
			}
		}
	}
}

// A text that is cut is never JSON, wherever the cut is.
func TestScanCut(t *testing.T) {
	for _, text := range texts[:4] {
		text = strings.TrimSpace(text)
		for n := range len(text) {
			if Scan([]byte(text[:n])).Valid {
				t.Errorf("%q is valid", text[:n])
			}
		}
	}
}

func TestBounds(t *testing.T) {
	for _, pair := range []string{"[]", `{"a":}`} {
		open, end := pair[:len(pair)-1], pair[len(pair)-1:]
		nested := func(depth int) []byte {
			return []byte(strings.Repeat(open, depth) + "1" + strings.Repeat(end, depth))
		}
		if !Scan(nested(MaxDepth)).Valid || Scan(nested(MaxDepth+1)).Valid || Scan([]byte(strings.Repeat(open, 500_000))).Valid {
			t.Errorf("%s: %d levels are not the most", pair, MaxDepth)
		}
		s := New(nested(MaxDepth))
		if !s.Value() || !s.End() {
			t.Errorf("%s: Value stops at %d", pair, s.Pos())
		}
	}
	object := func(members int) []byte {
		b := []byte(`{"n0":0`)
		for i := 1; i < members; i++ {
			b = fmt.Appendf(b, `,"n%d":%d`, i, i)
		}
		return append(b, '}')
	}
	for _, n := range []int{1, fewNames - 1, fewNames, fewNames + 1, MaxMembers} {
		checkScan(t, object(n))
		if got := Scan(object(n)); !got.Valid || len(got.Members) != n {
			t.Errorf("%d members: %d", n, len(got.Members))
		}
	}
	if Scan(object(MaxMembers + 1)).Valid {
		t.Errorf("%d members are valid", MaxMembers+1)
	}
	many := []byte(`{"a":{"n0":0`)
	for i := range 5 * MaxMembers {
		many = fmt.Appendf(many, `,"n%d":%d`, i, i)
	}
	if !Scan(append(many, "}}"...)).Valid {
		t.Error("what is within a member is bounded")
	}
}

// The last of several members counts, however they are spelled and however many
// others there are.
func TestLastMemberCounts(t *testing.T) {
	for _, others := range []int{0, fewNames, 3 * fewNames} {
		b := []byte(`{"a":1,"b":2,"gone":3`)
		for i := range others {
			b = fmt.Appendf(b, `,"n%d":%d`, i, i)
		}
		b = append(b, `,"\u0061":{"FileId":1,"FileId":2},"go\u006ee":null,"b":null,"b":4}`...)
		checkScan(t, b)
		text := Scan(b)
		var got []string
		for _, m := range text.Members {
			if !strings.HasPrefix(string(m.Name), "n") {
				got = append(got, string(m.Name)+string(m.Value.Of(text.Bytes))+string(m.FileId.Of(text.Bytes)))
			}
		}
		if want := []string{`a{"FileId":1,"FileId":2}2`, `b4`}; !slices.Equal(got, want) {
			t.Errorf("%d others: %q", others, got)
		}
	}
}

func TestUnquoteKeepsBytes(t *testing.T) {
	for quoted, want := range map[string]string{
		`"a\"\\\/\b\f\n\r\tz"`: "a\"\\/\b\f\n\r\tz",
		`"\u00e9\uD83D\uDE00"`: "é😀",
		`"\ud83d"`:             "\xed\xa0\xbd",
		`"\ude00\ud83d\u0041"`: "\xed\xb8\x80\xed\xa0\xbdA",
		"\"\xff\\n\xc3\"":      "\xff\n\xc3",
	} {
		if got := string(Unquote([]byte(quoted))); got != want {
			t.Errorf("%s: %q, want %q", quoted, got, want)
		}
	}
}

// FuzzScan holds Scan to these invariants, for any bytes:
//
//   - it never panics and never changes the bytes;
//   - within its bounds it takes exactly what encoding/json takes;
//   - the members are those of encoding/json, the last of each name, with the
//     bytes of json.RawMessage, and so are the ids within them;
//   - a member tells of white space exactly if json.Compact drops some;
//   - Compact is json.Compact, and String reads what encoding/json reads;
//   - of what is no JSON, too, keys and values are whole.
func FuzzScan(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(checkScan)
}

// BenchmarkScan is the walk over a pulled event of about 5 kB, beside
// encoding/json's check of it.
func BenchmarkScan(b *testing.B) {
	var list strings.Builder
	for i := range 12 {
		fmt.Fprintf(&list, `{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCodeExt":"","ErrCode":0,"Message":"SUCCESS","Input":{"Definition":%d},"Output":{"Url":"https://media.example.com/out/7/v.f1000%d.mp4","Size":%d,"Container":"mov,mp4,m4a,3gp","Height":1080,"Width":1920,"Bitrate":4113044,"Md5":"%032x","Duration":60.6}}},`, 100010+i, i, 31_000_000+i, i)
	}
	text := []byte(`{"EventHandle":"1","EventType":"ProcedureStateChanged","FileUploadEvent":null,"ProcedureStateChangeEvent":{"TaskId":"t","FileId":"1","MediaProcessResultSet":[` + list.String() + `{}]}}`)
	b.Run("jsonscan", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if !Scan(text).Valid {
				b.Fatal("no JSON")
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if !json.Valid(text) {
				b.Fatal("no JSON")
			}
		}
	})
}

// Every byte at every place among the first seventeen.
func TestIsPlainFindsWhatNeedsAnEscape(t *testing.T) {
	t.Parallel()
	for n := range 18 {
		for place := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{'~'}, n)
				b[place] = byte(c)
				if want := c >= ' ' && c != '"' && c != '\\' && c < 0x80; IsPlain(b) != want {
					t.Fatalf("%q: %t", b, !want)
				}
			}
		}
	}
}

func TestQuotedIsTheWholeString(t *testing.T) {
	t.Parallel()
	for text, is := range map[string]bool{`"quay",`: true, `"quay"`: true, `"quay`: false, `"quays"`: false, `"qua"`: false, `"qua\u0079"`: false, `quay"`: false, `"`: false, ``: false} {
		s := New([]byte(text))
		if got := s.Quoted("quay"); got != is || got && s.Pos() != 6 || !got && s.Pos() != 0 {
			t.Errorf("%s: %v, at %d", text, got, s.Pos())
		}
	}
	if s := New([]byte(`""`)); !s.Quoted("") || s.Pos() != 2 {
		t.Error("nothing is said, and not taken")
	}
}

func TestDigitsAreWholeNumbersOfTheGrammar(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{`0`: 0, `7,`: 7, `1080}`: 1080, `999999999999999999`: 999999999999999999, `12 `: 12} {
		s := New([]byte(text))
		if got, ok := s.Digits(); !ok || got != want || s.Pos() != len(strings.TrimRight(text, ",} ")) {
			t.Errorf("%s: %d, %v, at %d", text, got, ok, s.Pos())
		}
	}
	for _, text := range []string{``, `-1`, `01`, `00`, `1.0`, `1e3`, `1E3`, `1000000000000000000`, `"1"`, `null`, `:`} {
		s := New([]byte(text))
		if got, ok := s.Digits(); ok || s.Pos() != 0 {
			t.Errorf("%s: %d, at %d", text, got, s.Pos())
		}
	}
}

package vod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"vodevents/shared/internal/jsonscan"
)

// oracle is parse by encoding/json alone; it returns the events separately. It
// uses maps, because structs would match names of another case.
func oracle(body []byte) (e envelope, events []json.RawMessage, ok bool) {
	var top, response map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil || json.Unmarshal(top["Response"], &response) != nil || response == nil {
		return e, nil, false
	}
	e.response, e.failure, e.requestId = top["Response"], response["Error"], response["RequestId"]
	if e.failure != nil {
		var o map[string]json.RawMessage
		if json.Unmarshal(e.failure, &o) != nil {
			return e, nil, false
		}
	}
	e.eventSet = response["EventSet"]
	return e, events, e.eventSet == nil || json.Unmarshal(e.eventSet, &events) == nil
}

func same(a envelope, b envelope, events []json.RawMessage) bool {
	return slices.EqualFunc(a.events, events, func(e Element, raw json.RawMessage) bool { return bytes.Equal(e.Bytes, raw) }) &&
		bytes.Equal(a.response, b.response) && bytes.Equal(a.eventSet, b.eventSet) &&
		bytes.Equal(a.failure, b.failure) && bytes.Equal(a.requestId, b.requestId)
}

// commaMissing tells whether two elements stand in the body without a comma
// between them.
func commaMissing(body []byte, elements []Element) bool {
	end := -1
	for _, e := range elements {
		from := max(end, 0) + bytes.Index(body[max(end, 0):], e.Bytes)
		if end >= 0 && len(bytes.TrimSpace(body[end:from])) == 0 {
			return true
		}
		end = from + len(e.Bytes)
	}
	return false
}

var envelopes = []string{
	`{"Response":{"EventSet":[{"EventHandle":"a"},{"EventHandle":"b"}],"RequestId":"r"}}`,
	`{"Response":{"RequestId":"r","EventSet":null}}`,
	`{"Response":{"EventSet":[],"RequestId":"r"}}`,
	`{"Response":{"Error":{"Code":"ResourceNotFound","Message":"none"},"RequestId":"r"}}`,
	`{"Response":{"Error":null,"EventSet":[ 1 , "x" , null,true,false ,[ ],{ } ]}}`,
	"\t{ \"Response\" :\r\n { \"EventSet\" : [ { \"a\" : [ 1 , -0.5e+3 ] } ] } }\n",
	`{"Version":[{"Response":1}],"Response":{"Future":{"EventSet":[1]},"EventSet":[2]},"More":null}`,
	`{"Response":{"EventSet":[{"a":"\"}]\\"},{"b":"\\\\\"]"}]}}`,
	`{"\u0052esponse":{"Event\u0053et":["\u00e9\ud83d\ude00\ud800"]}}`,
	`{"Response":{"EventSet":[1]},"Response":{"EventSet":[2,3],"EventSet":[4]}}`,
	`{"Response":{"EventSet":"none","EventSet":[{}]}}`,
	`{"Response":{"EventSet":[1],"EventSet":null}}`,
	`{"Response":{"EventSet":[1]},"Response":null}`,
	`{"Response":{"EventSet":"none"}}`,
	`{"Response":{"EventSet":{}}}`,
	`{"Response":{"Error":"ResourceNotFound"}}`,
	`{"Response":{"Error":[]}}`,
	`{"Response":{"RequestId":17}}`,
	`{"Response":{}}`,
	`{"Response":[]}`,
	`{"Response":null}`,
	`{"response":{"EventSet":[1]}}`,
	`{"Response":{"EventSet":[A],"EventSet":null}}`, `{"Response":{"EventSet":[A]},"Response":{}}`,
	`{}`, `[]`, `null`, `"Response"`, ``, ` `, "\x00",
	`{"code":4000,"message":"no"}`,
	`<html><body>502 Bad Gateway</body></html>`,
	`{"Response":{"EventSet":[{"a":1},]}}`,
	`{"Response":{"EventSet":[{"a":1}{"b":2}]}}`,
	`{"Response":{"EventSet":[{"a":1,}]}}`,
	`{"Response":{"EventSet":[{"a" 1}]}}`,
	`{"Response":{"EventSet":[{1:1}]}}`,
	`{"Response":{"EventSet":[{"a":1]}]}}`,
	`{"Response":{"EventSet":[01]}}`,
	`{"Response":{"EventSet":[1.]}}`,
	`{"Response":{"EventSet":[.1]}}`,
	`{"Response":{"EventSet":[+1]}}`,
	`{"Response":{"EventSet":[-]}}`,
	`{"Response":{"EventSet":[1e]}}`,
	`{"Response":{"EventSet":[1E-9,0,-0,10]}}`,
	`{"Response":{"EventSet":[tru]}}`,
	`{"Response":{"EventSet":[nullx]}}`,
	`{"Response":{"EventSet":["\x"]}}`,
	`{"Response":{"EventSet":["\u12g4"]}}`,
	"{\"Response\":{\"EventSet\":[\"a\nb\"]}}",
	"{\"Response\":{\"EventSet\":[\"a long string with a \x1f in it\"]}}",
	"{\"Response\":{\"EventSet\":[\"a long string with a \x7f and \xff\xfe\xc3 in it\"]}}",
	`{"Response":{"EventSet":[]}} {}`,
	`{"Response":{"EventSet":[]}}]`,
	"{\"Response\":{\"EventSet\":[]}}\x00",
	"\ufeff{\"Response\":{}}",
	`{"Response":{"EventSet":[` + strings.Repeat("[", jsonscan.MaxDepth) + strings.Repeat("]", jsonscan.MaxDepth) + `]}}`,
	`{"Response":{"EventSet":[` + strings.Repeat(`{"a":[`, 300) + strings.Repeat("]}", 300) + `]}}`,
	`{"Response":{"EventSet":[` + strings.Repeat(`{"a":[`, 300) + strings.Repeat("}]", 300) + `]}}`,
	strings.Repeat("[", 200_000),
	`{"Response":` + strings.Repeat(`{"a":`, 200_000),
}

func check(t *testing.T, body []byte) {
	t.Helper()
	shown := body[:min(len(body), 300)]
	before := bytes.Clone(body)
	got, err := parse(body)
	want, events, ok := oracle(before)
	deep := bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) > jsonscan.MaxDepth || bytes.Count(body, []byte(",")) >= jsonscan.MaxMembers
	switch {
	case ok && err != nil && !deep:
		t.Fatalf("parse(%q): %v; encoding/json takes it", shown, err)
	case !ok && err == nil && !got.broken() && !commaMissing(body, got.events):
		t.Fatalf("parse(%q) takes it, encoding/json does not", shown)
	case ok && err == nil && !same(got, want, events):
		t.Fatalf("parse(%q):\n got %+v\nwant %+v, %q", shown, got, want, events)
	case ok && got.broken() && !deep:
		t.Fatalf("parse(%q): an element is no JSON: %q", shown, got.events)
	}
	if !bytes.Equal(body, before) {
		t.Fatalf("parse(%q) changed its argument", shown)
	}
	for _, e := range got.events {
		if cap(e.Bytes) != len(e.Bytes) {
			t.Fatalf("parse(%q): an event can grow into the next", shown)
		}
		if e.Valid && !json.Valid(e.Bytes) {
			t.Fatalf("parse(%q): %q is no JSON", shown, e.Bytes)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, body := range envelopes {
		check(t, []byte(body))
	}
}

// A body that is cut is an error, wherever the cut is. The events before the cut
// come with the error: VOD has leased them.
func TestParseCut(t *testing.T) {
	t.Parallel()
	body := pulled(2)
	check(t, body)
	all, err := parse(body)
	if err != nil {
		t.Fatal(err)
	}
	for n := range body {
		e, err := parse(body[:n:n])
		if err == nil {
			t.Fatalf("an answer cut after %d of %d bytes was taken", n, len(body))
		}
		whole := 0
		for _, want := range all.events {
			if bytes.Contains(body[:n], want.Bytes) {
				whole++
			}
		}
		if e.broken() || len(e.events) != whole {
			t.Fatalf("of an answer cut after %d of %d bytes %d events were given, %d are whole", n, len(body), len(e.events), whole)
		}
	}
}

// The scanner looks at eight bytes at a time. Every byte is tried at each of the
// eight places.
func TestParseString(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for before := range 9 {
			for _, after := range []int{0, 5} {
				s := strings.Repeat("x", before) + string([]byte{byte(c)}) + strings.Repeat("\u00e9", after)
				check(t, []byte(`{"Response":{"EventSet":["`+s+`"]}}`))
				check(t, []byte(`{"Response":{"EventSet":["`+s))
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{"", `this is no answer of the VOD API: ""`},
		{"<html>" + strings.Repeat("x", 300), `and 106 bytes more`},
		{"<p>" + strings.Repeat("忙", 250), "忙\" and 159 bytes more"},
		{`{"code":4000}`, `this is no answer of the VOD API: "{\"code\":4000}"`},
		{`{"Response":{"EventSet":[{"a":`, "cut off after 30 bytes"},
		{`{"Response":{"EventSet":[{}],"a":?}}`, "no JSON at byte 33 of 36"},
		{`{"Response":{"EventSet":7}}`, "EventSet is neither a list nor null"},
		{`{"Response":{"Error":7}}`, "Error is neither an object nor null"},
	} {
		if _, err := parse([]byte(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("parse(%.40q): %v, want %s", c.body, err, c.want)
		}
	}
}

// An element that is not JSON does not cost its neighbors or the answer.
func TestParseBrokenElement(t *testing.T) {
	t.Parallel()
	const good = `{"EventHandle":"1","EventType":"A","P":{"a":"]},{"}}`
	for _, bad := range []string{
		"{\"EventHandle\":\"2\",\"P\":{\"Name\":\"a\tb\"}}", `{"EventHandle":"2","P":{"Size":NaN}}`, `{"EventHandle":"2","P":{"Name":"lost}}`, `NaN`,
	} {
		for i := range 3 {
			set := []string{good, good, good}
			set[i] = bad
			body := `{"Response":{"EventSet":[` + strings.Join(set, ",") + `],"RequestId":"r"}}`
			if i == 2 && strings.Contains(bad, "lost") {
				continue // nothing tells where it ends
			}
			e, err := parse([]byte(body))
			if err != nil || len(e.events) != 3 || string(e.requestId) != `"r"` {
				t.Errorf("%s: %v, %q", body, err, e.events)
				continue
			}
			for j, event := range e.events {
				if event.Valid != (i != j) || string(event.Bytes) != set[j] {
					t.Errorf("%s: element %d is %q, valid %v", body, j, event.Bytes, event.Valid)
				}
			}
		}
	}
}

// FuzzParse holds parse to these invariants:
//
//   - it never panics and never changes the body;
//   - it takes the bodies that encoding/json takes, if they are an object with an
//     object Response, in which EventSet is a list, null or missing and Error is
//     an object, null or missing;
//   - of other bodies it takes only those in which an element is not JSON, and
//     marks that element, or a comma between two elements is missing;
//   - what it finds is what json.RawMessage finds, byte by byte;
//   - no event can grow into the bytes after it.
func FuzzParse(f *testing.F) {
	for _, body := range envelopes {
		if len(body) < 1000 {
			f.Add([]byte(body))
		}
	}
	f.Add(pulled(1))
	f.Fuzz(check)
}

// pulled is an answer of PullEvents with n events of about 5 kB each: an upload
// was transcoded to several formats and has a cover. As in real answers, the
// payload members of all other kinds are null.
func pulled(n int) []byte {
	event, err := os.ReadFile("testdata/procedure.json")
	if err != nil {
		panic(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, event); err != nil {
		panic(err)
	}
	body := []byte(`{"Response":{"EventSet":[`)
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, bytes.Replace(compact.Bytes(), []byte("HANDLE"), fmt.Appendf(nil, "%019d", 7000+i), 1)...)
	}
	return append(body, `],"RequestId":"5f2c7a1e-0d3b-4c8e-9a55-2b7d64f0c1ee"}}`...)
}

var sink envelope

func BenchmarkParse(b *testing.B) {
	body := pulled(MaxEvents)
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if sink, err = parse(body); err != nil {
				b.Fatal(err)
			}
		}
		perEvent(b)
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var r struct {
				Response struct{ EventSet []json.RawMessage }
			}
			if err := json.Unmarshal(body, &r); err != nil {
				b.Fatal(err)
			}
		}
		perEvent(b)
	})
}

func perEvent(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxEvents, "ns/event")
}

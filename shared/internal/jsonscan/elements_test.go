package jsonscan

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// elements are those of a list that stands in an answer, the broken ones
// marked, and whether the list was read to its end.
func elements(list string) (got []string, ok bool) {
	s := New([]byte(list + `,"RequestId":"r"}}`))
	ok = s.Elements(func(t Text) {
		if cap(t.Bytes) != len(t.Bytes) {
			panic("an element can grow into the next")
		}
		mark := ""
		if !t.Valid {
			mark = "! "
		}
		got = append(got, mark+string(t.Bytes))
	})
	return got, ok && s.Pos() == len(list)
}

// An element that is no JSON does not cost its neighbors, whatever is wrong
// with it.
func TestBrokenElement(t *testing.T) {
	const before, behind = `{"EventHandle":"1","EventType":"A"}`, `{"EventHandle":"3","EventType":"C","P":{"L":[1,{"a":"]},{"}]}}`
	for _, broken := range []string{
		"{\"EventHandle\":\"2\",\"P\":{\"Name\":\"a\tb\"}}",
		"{\"EventHandle\":\"2\",\"P\":{\"Name\":\"a\nb\"},\"L\":[{\"a\":1},{\"b\":2}]}",
		`{"EventHandle":"2","P":{"Duration":NaN,"Size":+Infinity}}`,
		`{"EventHandle":"2","P":{"Size":007}}`,
		`{"EventHandle":"2","P":{"Name":"\x41 \"}}, {\""}}`,
		`{"EventHandle":"2","P":{'Name':'a'}}`,
		`{"EventHandle":"2","P":undefined,}`,
		`{"EventHandle":"2","P":{"a":1]}`,
		`{"EventHandle":"2","P":{"a":1}]}`,
		`{"EventHandle":"2","P":[1,2}`,
		`{"EventHandle":"2","P":{"a":1}`,
		`{"EventHandle":"2","P":{"Name":"one " too many"}}`,
		`{"EventHandle":"2","P":{"Name":"one too few}}`,
		`{"EventHandle":"2","P":{"Name":"\ud8}}`,
		`{"EventHandle":"2" "EventType":"B"}`,
		`{"EventHandle":"2"} x`,
		`{}}`, `NaN`, `01`, `'a'`, "\"a\tb\"", `tru`, `{"a":"b}`,
		strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
	} {
		for _, comma := range []string{",", "\r\n , \t"} {
			got, ok := elements("[" + before + comma + broken + comma + behind + "]")
			// What lacks its end has the neighbor's bracket for it.
			lacks := strings.TrimSuffix(got[min(1, len(got)-1)], "}") == "! "+broken
			if !ok || len(got) != 3 || got[0] != before || got[1] != "! "+broken && !lacks || got[2] != behind {
				t.Errorf("%q: %v, %q", broken, ok, got)
			}
		}
	}
}

// Of a broken element its handle is read wherever it stands outside of what is
// broken.
func TestBrokenElementNamesItself(t *testing.T) {
	for _, list := range []string{
		"[{\"EventHandle\":\"h2\",\"P\":\"\t\"}]",
		"[{\"P\":\"\t\",\"EventHandle\":\"h2\"}]",
		`[{"P":NaN,"Q":{"EventHandle":"no"},"EventHandle":"h2"},{}]`,
		`[{"EventHandle":"no","EventHandle":"h2","P":[1,}]}]`,
	} {
		var got string
		New([]byte(list)).Elements(func(t Text) {
			for _, m := range t.Members {
				if string(m.Name) == "EventHandle" {
					got = string(m.Value.Of(t.Bytes))
				}
			}
		})
		if got != `"h2"` {
			t.Errorf("%s: handle %s", list, got)
		}
	}
}

// Where an element's end cannot be found, or the list breaks off, what came
// before is given.
func TestBrokenList(t *testing.T) {
	for list, want := range map[string][]string{
		`[1,{"a":"x`:             {"1"},
		`[1,{"a":{"b":1`:         {"1"},
		`[1,2`:                   {"1", "2"}, // the comma behind it is there, a third element is not
		`[1,2;3]`:                {"1", "! 2;3"},
		`[`:                      nil,
		`[,1]`:                   nil,
		`[1,]`:                   {"1"},
		`[{"a":1}{"b":2},[3]4]`:  {`{"a":1}`, `{"b":2}`, "! [3]4"},
		`[{"a":1} {"b":2}{"c":]`: {`{"a":1}`, `{"b":2}`},
	} {
		got, _ := elements(list)
		if len(got) > len(want) && len(want) > 0 { // what follows the list is no element of it
			got = got[:len(want)]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
}

// FuzzElements holds Elements to these invariants, for any bytes:
//
//   - it never panics; elements are parts of the bytes, in order and apart;
//   - of a list that encoding/json takes, and whose elements are within a Text's
//     bounds, they are those of json.RawMessage and all are valid;
//   - elements that are marked valid are what encoding/json takes.
func FuzzElements(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
		f.Add([]byte(`[{"EventHandle":"1"},` + text + `,{"EventHandle":"2"}]`))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := New(b)
		var got []Text
		end := 0
		ok := s.Elements(func(e Text) {
			i := bytes.Index(b[end:], e.Bytes)
			if i < 0 || len(e.Bytes) == 0 || e.Valid != json.Valid(e.Bytes) && bounded(e.Bytes) {
				t.Fatalf("%q: element %q, valid %v", b, e.Bytes, e.Valid)
			}
			end += i + len(e.Bytes)
			got = append(got, e)
		})
		var want []json.RawMessage
		if json.Unmarshal(b, &want) != nil || want == nil || !bounded(b) || b[0] != '[' {
			return
		}
		if !ok || len(got) != len(want) {
			t.Fatalf("%q: %v, %d elements, by encoding/json %d", b, ok, len(got), len(want))
		}
		for i, e := range got {
			if !e.Valid || !bytes.Equal(e.Bytes, want[i]) {
				t.Fatalf("%q: element %q, by encoding/json %q", b, e.Bytes, want[i])
			}
		}
	})
}

// The time for a list is linear in its bytes, however much of it is broken. It
// is held to many times what encoding/json needs for as many bytes; what is
// quadratic takes a thousand times longer. One try of ten that nothing else on
// the machine interrupts is enough.
func TestElementsAreLinear(t *testing.T) {
	const size = 1 << 20
	for name, unit := range map[string]string{
		"NaN":            `NaN,`,
		"cut objects":    `{"a":`,
		"broken objects": `{"EventHandle":"1","a":NaN},`,
		"lost quotes":    `{"EventHandle":"1","a":"},`,
		"closed twice":   `{"a":1}},`,
		"no comma":       `{"a":1}x`,
		"other names":    `"EventHandle",`,
		"spaces":         `} , { "EventHandle"        :1`,
	} {
		list := []byte("[" + strings.Repeat(unit, size/len(unit)))
		valid := []byte("[" + strings.Repeat(`{"a":1},`, size/8) + "0]")
		var took, limit time.Duration
		for range 10 {
			began := time.Now()
			if !json.Valid(valid) {
				t.Fatal("no JSON")
			}
			limit = 50 * time.Since(began)
			began = time.Now()
			New(list).Elements(func(Text) {})
			if took = time.Since(began); took <= limit {
				break
			}
		}
		if took > limit {
			t.Errorf("%s: %v, want %v at most", name, took, limit)
		}
	}
}

package scf_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vodevents/shared/scf"
)

// quote makes a JSON string of any bytes, valid UTF-8 or not, with some of its
// characters escaped.
func quote(r *rand.Rand, text []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c < 0x80 && r.IntN(10) == 0:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// FuzzEvent states what holds for any trigger event of an HTTP function:
//
//   - it never panics and is never a function error;
//   - the answer is JSON with a statusCode;
//   - the handler sees nothing but JSON, and every JSON object that has an
//     httpMethod, no base64 and no long body;
//   - a body that is a string of sound UTF-8 arrives as encoding/json reads it.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{
		``, `null`, `[]`, `{}`, `{"httpMethod":"GET"}`, `{"httpMethod":"POST","body":"\ud83d\ude00\ud83d","headers":{"a":[1,null,"b"],"A":true}}`,
		`{"httpMethod":"POST","isBase64Encoded":true,"body":"e30="}`, `{"httpMethod":"POST","isBase64Encoded":true,"body":"e3"}`,
		`{"httpMethod":"G","path":"//%2f%zz?#","queryString":{"a":["1"],"b":true,"c":{"d":1},"e":null}}`,
		`{"httpMethod":"G","queryString":"?a=%zz&","requestContext":{"serviceId":"s","sourceIp":"x"}}`,
		"{\"httpMethod\":\"P\",\"body\":\"\xff\\u00ff\xed\xa0\x80\"}", `{"httpMethod":"P","body":{"a":[1]},"Body":"x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		var called bool
		var got []byte
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			called = true
			got, _ = io.ReadAll(r.Body)
			_ = r.URL.String() + r.RequestURI
			w.WriteHeader(http.StatusNoContent)
		})
		answer, err := scf.OnHTTP(h)(t.Context(), bytes.Clone(event))
		if err != nil {
			t.Fatalf("function error %v", err)
		}
		a := parseAnswer(t, string(answer))

		var object struct {
			HTTPMethod      any
			IsBase64Encoded any
			Body            json.RawMessage
		}
		isHTTP := false
		if json.Unmarshal(event, &object) == nil {
			method, _ := object.HTTPMethod.(string)
			isHTTP = method != ""
		}
		coded, _ := strconv.ParseBool(fmt.Sprint(object.IsBase64Encoded))
		switch {
		case called != (a.StatusCode == http.StatusNoContent):
			t.Fatalf("called: %v, answer %v", called, a)
		case called && !json.Valid(event), !called && isHTTP && !coded && len(object.Body) <= scf.MaxBody:
			t.Fatalf("called: %v, HTTP event: %v", called, isHTTP)
		case !called && a.StatusCode != 400 && a.StatusCode != 413:
			t.Fatalf("answer %v", a)
		}
		var text string
		if called && !coded && json.Unmarshal(object.Body, &text) == nil && !strings.ContainsRune(text, '\uFFFD') && text != string(got) {
			t.Fatalf("body %q arrived as %q", text, got)
		}
	})
}

// FuzzBody: whatever the bytes of a body, they arrive unchanged, as a string
// and in base64.
func FuzzBody(f *testing.F) {
	f.Add([]byte("{}"), uint64(1))
	f.Add([]byte("\xff\"\\\x00é😀\xed\xa0\x80"), uint64(2))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		for _, event := range []string{
			`{"httpMethod":"P","body":` + quote(r, body) + `}`,
			`{"httpMethod":"P","isBase64Encoded":true,"body":` + quote(r, []byte(base64.StdEncoding.EncodeToString(body))) + `}`,
		} {
			var got []byte
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) })
			if _, err := scf.OnHTTP(h)(t.Context(), []byte(event)); err != nil || !bytes.Equal(got, body) {
				t.Fatalf("%q arrived as %q, %v", body, got, err)
			}
		}
	})
}

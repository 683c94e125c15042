package scf_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/scf"
)

func TestHTTPEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, event string
		want        seen
	}{
		{
			"API Gateway, GET",
			`{"headerParameters":{},"headers":{"accept":"*/*","host":"service-1.gz.apigw.example"},"httpMethod":"GET","isBase64Encoded":false,"path":"/","pathParameters":{},"queryString":{},"queryStringParameters":{},"requestContext":{"httpMethod":"GET","identity":{},"path":"/","serviceId":"service-1","sourceIp":"203.0.113.7","stage":"release"}}`,
			seen{Method: "GET", Path: "/", Host: "service-1.gz.apigw.example", Remote: "203.0.113.7:0", Header: map[string][]string{"Accept": {"*/*"}}},
		},
		{
			"API Gateway, POST",
			`{"requestContext":{"serviceId":"service-1","path":"/vod/{path}","httpMethod":"ANY","requestId":"r","identity":{"secretId":"x"},"sourceIp":"203.0.113.7","stage":"release"},"headers":{"content-type":"application/json"},"body":"{\"EventType\":\"FileDeleted\"}","pathParameters":{"path":"callback"},"queryStringParameters":{"token":"t"},"headerParameters":{"Refer":"203.0.113.7"},"stageVariables":{"stage":"release"},"path":"/vod/callback","queryString":{"token":"t","b":"2"},"httpMethod":"POST"}`,
			seen{Method: "POST", Path: "/vod/callback", Remote: "203.0.113.7:0", Header: map[string][]string{"Content-Type": {"application/json"}}, Query: map[string][]string{"token": {"t"}, "b": {"2"}}, Body: []byte(`{"EventType":"FileDeleted"}`)},
		},
		{
			"API Gateway, base64",
			`{"requestContext":{"serviceId":"service-1"},"body":"/wB7fQ==","isBase64Encoded":true,"path":"/vod","httpMethod":"POST"}`,
			seen{Method: "POST", Path: "/vod", Body: []byte("\xff\x00{}")},
		},
		{
			"function URL, POST",
			`{"body":"{\"EventType\":\"FileDeleted\"}","headers":{"accept":"*/*","content-length":"27","x-scf-remote-addr":"203.0.113.9"},"httpMethod":"POST","path":"/any/path/at all","queryString":{"a":"1"}}`,
			seen{Method: "POST", Path: "/any/path/at all", Remote: "203.0.113.9:0", Header: map[string][]string{"Accept": {"*/*"}, "Content-Length": {"27"}, "X-Scf-Remote-Addr": {"203.0.113.9"}}, Query: map[string][]string{"a": {"1"}}, Body: []byte(`{"EventType":"FileDeleted"}`)},
		},
		{
			"function URL, observed requestContext",
			`{"body":"x","headers":{},"httpMethod":"POST","path":"/","queryString":{},"requestContext":{"sourceIp":"2001:db8::1"}}`,
			seen{Method: "POST", Path: "/", Remote: "[2001:db8::1]:0", Body: []byte("x")},
		},
		{
			"odd query strings",
			`{"httpMethod":"GET","queryString":{"list":["1","2"],"flag":true,"off":false,"n":9007199254740993,"null":null,"nested":{"a":[1]},"deep":[["x"],null],"empty":[],"uni":"é\u00e9","":"e"}}`,
			seen{Method: "GET", Path: "/", Query: map[string][]string{"list": {"1", "2"}, "flag": {""}, "off": {"false"}, "n": {"9007199254740993"}, "null": {""}, "nested": {`{"a":[1]}`}, "deep": {`["x"]`, ""}, "uni": {"éé"}, "": {"e"}}},
		},
		{
			"a query string that is a string",
			`{"httpMethod":"GET","queryString":"?a=1&a=2&b=%20"}`,
			seen{Method: "GET", Path: "/", Query: map[string][]string{"a": {"1", "2"}, "b": {" "}}},
		},
		{
			"odd headers",
			`{"httpMethod":"POST","headers":{"CONTENT-TYPE":"text/plain","x-List":["a","b"],"X-LIST":"c","x-n":5,"x-null":null,"x-obj":{"a":1},"HOST":"h"}}`,
			seen{Method: "POST", Path: "/", Host: "h", Header: map[string][]string{"Content-Type": {"text/plain"}, "X-List": {"c", "a", "b"}, "X-N": {"5"}, "X-Null": {""}, "X-Obj": {`{"a":1}`}}},
		},
		{
			"members of other kinds",
			`{"httpMethod":"post","path":7,"headers":["x"],"queryString":[1],"isBase64Encoded":"false","requestContext":"none","body":null}`,
			seen{Method: "POST", Path: "/"},
		},
		{
			"null members",
			`{"httpMethod":"POST","path":null,"headers":null,"queryString":null,"isBase64Encoded":null,"requestContext":null,"body":null}`,
			seen{Method: "POST", Path: "/"},
		},
		{
			"a base64 flag that is a string",
			`{"httpMethod":"POST","body":"e30=","isBase64Encoded":"true"}`,
			seen{Method: "POST", Path: "/", Body: []byte("{}")},
		},
		{
			"a base64 flag that went through Python",
			`{"httpMethod":"POST","body":"e30=","isBase64Encoded":"True"}`,
			seen{Method: "POST", Path: "/", Body: []byte("{}")},
		},
		{
			"a base64 flag that is a number",
			`{"httpMethod":"POST","body":"e30=","isBase64Encoded":1}`,
			seen{Method: "POST", Path: "/", Body: []byte("{}")},
		},
		{
			"a body that was parsed on the way",
			`{"httpMethod":"POST","body": {"n": 9007199254740993, "s":"\u00e9"} }`,
			seen{Method: "POST", Path: "/", Body: []byte(`{"n": 9007199254740993, "s":"\u00e9"}`)},
		},
		{
			"escaped path",
			`{"httpMethod":"POST","path":"/a%20b/%zz","body":""}`,
			seen{Method: "POST", Path: "/a%20b/%zz"},
		},
		{
			"every escape",
			`{"httpMethod":"POST","body":"\"\\\/\b\f\n\r\t\u0000\u00e9\u65e5\ud83d\ude00"}`,
			seen{Method: "POST", Path: "/", Body: []byte("\"\\/\b\f\n\r\t\x00é日😀")},
		},
		{
			"half surrogate pairs",
			`{"httpMethod":"POST","body":"\ud83d|\ude00|\ud83d\u0041|\ud83d\ud83d\ude00|\udfff"}`,
			seen{Method: "POST", Path: "/", Body: []byte("\xed\xa0\xbd|\xed\xb8\x80|\xed\xa0\xbdA|\xed\xa0\xbd😀|\xed\xbf\xbf")},
		},
		{
			"not UTF-8",
			"{\"httpMethod\":\"POST\",\"body\":\"a\xff\xc3\\n\xed\xa0\x80\"}",
			seen{Method: "POST", Path: "/", Body: []byte("a\xff\xc3\n\xed\xa0\x80")},
		},
	}
	f := start(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.echo(t, tt.event)
			got.Left, got.Length = 0, 0
			if tt.want.Header == nil {
				tt.want.Header = map[string][]string{}
			}
			if tt.want.Query == nil {
				tt.want.Query = map[string][]string{}
			}
			if tt.want.Body == nil {
				tt.want.Body = []byte{}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("the handler saw (-want +got):\n%s", d)
			}
		})
	}
}

// Bodies reach the handler equal to the byte.
func TestBodies(t *testing.T) {
	t.Parallel()
	f := start(t)
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		body := make([]byte, r.IntN(1<<r.IntN(16)))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		if n%2 == 0 {
			body = []byte(strings.ToValidUTF8(string(body), "é😀"))
		}
		plain, coded := quote(r, body), quote(r, []byte(base64.StdEncoding.EncodeToString(body)))
		gateway := `"requestContext":{"serviceId":"service-1"}`
		for _, event := range []string{
			`{"httpMethod":"POST","path":"/","body":` + plain + `}`,
			`{"httpMethod":"POST","path":"/","body":` + plain + `,"isBase64Encoded":false,` + gateway + `}`,
			`{"httpMethod":"POST","path":"/","body":` + coded + `,"isBase64Encoded":true,` + gateway + `}`,
			`{"httpMethod":"POST","path":"/","isBase64Encoded":true,"body":` + coded + `}`,
		} {
			if got := f.echo(t, event).Body; !bytes.Equal(got, body) {
				t.Fatalf("body %q arrived as %q", body, got)
			}
		}
	}
}

func TestBadEvents(t *testing.T) {
	t.Parallel()
	const gateway = `,"requestContext":{"serviceId":"service-1"}}`
	big := strings.Repeat("x", scf.MaxBody)
	tests := []struct {
		name, event string
		status      int
		says        string
		base64      string
	}{
		{"nothing", ``, 400, "no JSON", ""},
		{"empty object", `{}`, 400, "no HTTP event", ""},
		{"null", `null`, 400, "no HTTP event", ""},
		{"list", `[]`, 400, "no HTTP event", ""},
		{"list of events", `[{"httpMethod":"GET"}]`, 400, "no HTTP event", ""},
		{"string", `"GET"`, 400, "no HTTP event", ""},
		{"number", `7`, 400, "no HTTP event", ""},
		{"true", `true`, 400, "no HTTP event", ""},
		{"cut", `{"httpMethod":"GET","pa`, 400, "no JSON", ""},
		{"two", `{"httpMethod":"GET"}{}`, 400, "no JSON", ""},
		{"200 kB of [", strings.Repeat("[", 200_000), 400, "no JSON", ""},
		{"200 kB of [ inside", `{"httpMethod":"GET","body":` + strings.Repeat("[", 200_000), 400, "no JSON", ""},
		{"timer", `{"Type":"Timer","TriggerName":"t","Time":"2026-01-02T03:04:00Z","Message":""}`, 400, "no HTTP event", ""},
		{"console's test event", `{"key1":"test value 1","key2":"test value 2"}`, 400, "no HTTP event", ""},
		{"method of another kind", `{"httpMethod":1}`, 400, "no HTTP event", ""},
		{"method null", `{"httpMethod":null,"body":"{}"}`, 400, "no HTTP event", ""},
		{"no method from API Gateway", `{"path":"/"` + gateway, 400, "no HTTP event", "false"},
		{"too large, not base64 though the flag says so", `{"httpMethod":"POST","isBase64Encoded":true,"body":"` + big + `x"}`, 413, "6 MB", ""},
		{"too large", `{"httpMethod":"POST","body":"` + big + `x"}`, 413, "6 MB", ""},
		{"too large, base64", `{"httpMethod":"POST","isBase64Encoded":true,"body":"` + base64.StdEncoding.EncodeToString([]byte(big+"x")) + `"` + gateway, 413, "6 MB", "false"},
	}
	f := start(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := f.http(t, tt.event)
			wantError(t, a, tt.status, tt.says)
			if a.base64 != tt.base64 {
				t.Errorf("isBase64Encoded is %q in the answer, want %q", a.base64, tt.base64)
			}
		})
	}
	if got := len(f.echo(t, `{"httpMethod":"POST","isBase64Encoded":true,"body":"`+base64.StdEncoding.EncodeToString([]byte(big))+`"}`).Body); got != scf.MaxBody {
		t.Errorf("a body of %d bytes arrived as %d", scf.MaxBody, got)
	}
	f.Close()
	if strings.Contains(f.log.String(), "xxxx") {
		t.Error("a body is in the log")
	}
}

// Where the flag is wrong the body is plain: it arrives as it is.
func TestWrongBase64Flag(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, body := range []string{`{"EventType":"X"}`, `e30`, `{}`, ``} {
		quoted, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		got := f.echo(t, `{"httpMethod":"POST","isBase64Encoded":true,"body":`+string(quoted)+`}`)
		if string(got.Body) != body {
			t.Errorf("%s arrived as %s", body, got.Body)
		}
	}
}

// Only API Gateway gets isBase64Encoded.
func TestIsBase64Encoded(t *testing.T) {
	t.Parallel()
	f := start(t)
	for event, want := range map[string]string{
		`{"httpMethod":"GET","requestContext":{"serviceId":"service-1"}}`:         "false",
		`{"httpMethod":"GET","path":"/panic","requestContext":{"serviceId":"s"}}`: "false",
		`{"httpMethod":"GET","requestContext":{"sourceIp":"203.0.113.7"}}`:        "",
		`{"httpMethod":"GET","isBase64Encoded":false}`:                            "",
	} {
		if got := f.http(t, event).base64; got != want {
			t.Errorf("%s: isBase64Encoded is %q in the answer, want %q", event, got, want)
		}
	}
}

// A handler finds what net/http would give it, and may leave out what net/http
// adds by itself.
func TestHandlerOfNetHTTP(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprintf(w, "%s %s %s", r.URL.Path, r.URL, r.RequestURI)
	})
	b, err := scf.OnHTTP(h)(t.Context(), []byte(`{"httpMethod":"GET","path":"/a%2Fb%20c","queryString":{"d":"e"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := integrated{200, map[string]string{"Content-Type": "text/plain; charset=utf-8"}, "/a/b c /a%2Fb%20c?d=e /a%2Fb%20c?d=e", ""}
	if d := cmp.Diff(want, parseAnswer(t, string(b)), cmp.AllowUnexported(integrated{})); d != "" {
		t.Errorf("answer (-want +got):\n%s", d)
	}
}

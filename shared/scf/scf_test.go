package scf_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tencentyun/scf-go-lib/functioncontext"

	"vodevents/shared/scf"
	"vodevents/shared/scf/local"
)

// function is the binary of testdata/function.
var function string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "scf")
	if err != nil {
		log.Fatal(err)
	}
	function = filepath.Join(dir, "function")
	if out, err := exec.Command("go", "build", "-o", function, "./testdata/function").CombinedOutput(); err != nil {
		log.Fatalf("building the function: %v\n%s", err, out)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// output is a function's standard output or error. It is whole when the
// function was closed.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// lines gives the log lines, each of which must be JSON.
func (o *output) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(o.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		lines = append(lines, m)
	}
	return lines
}

// instance is a function under SCF's protocol.
type instance struct {
	*local.Function
	log, stderr output
}

func start(t *testing.T, env ...string) *instance {
	t.Helper()
	i := &instance{}
	f, err := local.Start(t.Context(), function, append([]string{}, env...), local.WithStdout(&i.log), local.WithStderr(&i.stderr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		if s := i.stderr.String(); s != "" {
			t.Errorf("the function wrote to standard error: %q", s)
		}
	})
	i.Function = f
	return i
}

func (i *instance) invoke(t *testing.T, event string) (string, error) {
	t.Helper()
	answer, err := i.Invoke(t.Context(), []byte(event), 200*time.Second, nil)
	return string(answer), err
}

// integrated is the answer to an HTTP event.
type integrated struct {
	StatusCode int
	Headers    map[string]string
	Body       string
	base64     string // the text of isBase64Encoded, if there
}

func (i *instance) http(t *testing.T, event string) integrated {
	t.Helper()
	answer, err := i.invoke(t, event)
	if err != nil {
		t.Fatalf("function error: %v", err)
	}
	return parseAnswer(t, answer)
}

func parseAnswer(t *testing.T, answer string) integrated {
	t.Helper()
	var a integrated
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("answer %q: %v", answer, err)
	}
	if err := json.Unmarshal([]byte(answer), &members); err != nil {
		t.Fatal(err)
	}
	a.base64 = string(members["isBase64Encoded"])
	delete(members, "isBase64Encoded")
	if len(members) != 3 {
		t.Fatalf("answer %q, want statusCode, headers, body", answer)
	}
	return a
}

// wantError checks an answer with a JSON error.
func wantError(t *testing.T, a integrated, status int, says string) {
	t.Helper()
	var body struct{ Error string }
	err := json.Unmarshal([]byte(a.Body), &body)
	if err != nil || a.StatusCode != status || a.Headers["Content-Type"] != "application/json" || !strings.Contains(body.Error, says) || body.Error == "" {
		t.Errorf("answer %.300v, want status %d and an error with %q", a, status, says)
	}
}

// seen is what the handler of testdata/function says it saw.
type seen struct {
	Method, Path, Host, Remote, Var string
	Query                           map[string][]string
	Header                          map[string][]string
	Body                            []byte
	Length                          int
	Left                            float64
}

func (i *instance) echo(t *testing.T, event string) seen {
	t.Helper()
	a := i.http(t, event)
	if a.StatusCode != http.StatusAccepted {
		t.Fatalf("event %.300s: answer %v", event, a)
	}
	want := map[string]string{"Content-Type": "application/json", "X-Multi": "v1, v2"}
	if d := cmp.Diff(want, a.Headers); d != "" {
		t.Errorf("headers of the answer (-want +got):\n%s", d)
	}
	var s seen
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil {
		t.Fatal(err)
	}
	if s.Left < 100 || s.Left > 200 {
		t.Errorf("the handler had %v s left, want just under 200", s.Left)
	}
	if s.Length != len(s.Body) {
		t.Errorf("ContentLength %d, body of %d bytes", s.Length, len(s.Body))
	}
	return s
}

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

func TestPanic(t *testing.T) {
	t.Parallel()
	f := start(t)
	wantError(t, f.http(t, `{"httpMethod":"POST","path":"/panic"}`), 500, "internal error")
	f.echo(t, `{"httpMethod":"POST"}`)
	f.Close()
	line := f.log.lines(t)[0]
	if stack, _ := line["stack"].(string); line["level"] != "ERROR" || line["panic"] != "on purpose" || !strings.Contains(stack, "main.onHTTP") {
		t.Errorf("log line %v, want the panic with its stack", line)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, level := range []string{"debug", "error", "info"} {
		if _, err := f.Invoke(t.Context(), []byte(`{"httpMethod":"GET","path":"/level"}`), time.Minute, map[string]string{"LOG_LEVEL": level}); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	lines := f.log.lines(t)
	if len(lines) != 3 {
		t.Fatalf("log lines %v, want 2 of the debug invocation and 1 of the info one", lines)
	}
	ids := map[any]bool{}
	for i, msg := range []string{"debug line", "info line", "info line"} {
		id := lines[i]["request_id"]
		if msg == "info line" { // within the group of the logger
			group, _ := lines[i]["g"].(map[string]any)
			id = group["request_id"]
			if lines[i]["k"] != "v" || group["a"] != 1.0 {
				t.Errorf("log line %v lacks its attributes", lines[i])
			}
		}
		if s, _ := id.(string); lines[i]["msg"] != msg || len(s) != 36 {
			t.Errorf("log line %v, want %q with a request id", lines[i], msg)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d request ids in 2 invocations", len(ids))
	}
}

// What scf-go-lib says when it gives up is in the log like everything else.
func TestLibraryLog(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(function)
	cmd.Env = []string{"_LAMBDA_SERVER_PORT=none"}
	var stdout output
	cmd.Stdout = &stdout
	if err := cmd.Run(); err == nil {
		t.Error("a port that is none was served")
	}
	if lines := stdout.lines(t); len(lines) != 1 || lines[0]["level"] != "ERROR" {
		t.Errorf("log %v, want one error", lines)
	}
}

func TestTimer(t *testing.T) {
	t.Parallel()
	f := start(t, "TRIGGER=timer")
	tests := []struct {
		event string
		want  scf.Timer
	}{
		{`{"Type":"Timer","TriggerName":"EveryMinute","Time":"2026-01-02T03:04:00Z","Message":"text"}`, scf.Timer{Type: "Timer", TriggerName: "EveryMinute", Time: "2026-01-02T03:04:00Z", Message: "text"}},
		{`{"Message":"","Time":"2026-01-02T03:04:00Z","TriggerName":"t","Type":"Timer"}`, scf.Timer{Type: "Timer", TriggerName: "t", Time: "2026-01-02T03:04:00Z"}},
		{`{"Type":7,"Message":"text"}`, scf.Timer{Message: "text"}},
		{``, scf.Timer{}}, {`{}`, scf.Timer{}}, {`null`, scf.Timer{}}, {`[1]`, scf.Timer{}}, {`"x"`, scf.Timer{}}, {`{"Type":"Ti`, scf.Timer{}},
		{`{"key1":"value1"}`, scf.Timer{}},
	}
	for _, tt := range tests {
		answer, err := f.invoke(t, tt.event)
		if err != nil {
			t.Fatalf("%s: %v", tt.event, err)
		}
		var got struct {
			Timer   scf.Timer
			Left    float64
			Expired bool
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if got.Timer != tt.want || got.Left < 100 || got.Left > 200 || got.Expired {
			t.Errorf("%s: run saw %+v", tt.event, got)
		}
	}

	for message, says := range map[string]string{"error": "on purpose", "panic": "panic: on purpose", "unencodable": "unsupported type"} {
		_, err := f.invoke(t, `{"Message":"`+message+`"}`)
		e, ok := errors.AsType[*local.Error](err)
		if !ok || !strings.Contains(e.Message, says) || e.ShouldExit {
			t.Errorf("%s: %v, want a function error with %q", message, err, says)
		}
	}
	f.Close()
	if s := f.log.String(); !strings.Contains(s, "main.onTimer") {
		t.Errorf("log %q, want the stack of the panic", s)
	}
}

// A caller that names no deadline gets a time to work in all the same.
func TestNoDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		limit    int32
		deadline time.Time
		want     time.Duration
		expired  bool
	}{
		{"no limit", 0, time.Unix(0, 0), 15 * time.Second, false},
		{"a limit", 3000, time.Unix(0, 0), 3 * time.Second, false},
		{"a deadline", 3000, time.Now().Add(time.Hour), time.Hour, false},
		{"a deadline that is over", 3000, time.Now().Add(-time.Hour), -time.Hour, true},
	}
	for _, tt := range tests {
		ctx, cancel := context.WithDeadline(t.Context(), tt.deadline)
		defer cancel()
		ctx = functioncontext.NewContext(ctx, &functioncontext.FunctionContext{RequestID: "r", TimeLimitInMs: tt.limit})
		scf.Func(func(ctx context.Context, _ []byte) ([]byte, error) {
			end, _ := ctx.Deadline()
			if left := time.Until(end); left > tt.want || left < tt.want-time.Minute || (ctx.Err() != nil) != tt.expired {
				t.Errorf("%s: %v left, error %v", tt.name, left, ctx.Err())
			}
			if fc, ok := functioncontext.FromContext(ctx); !ok || fc.RequestID != "r" {
				t.Errorf("%s: the context lost its values", tt.name)
			}
			return nil, nil
		}).Invoke(ctx, nil)
	}
}

// Go's memory is kept well below the function's.
func TestMemoryLimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	ctx := functioncontext.NewContext(t.Context(), &functioncontext.FunctionContext{MemoryLimitInMb: 1000})
	scf.Func(func(context.Context, []byte) ([]byte, error) { return nil, nil }).Invoke(ctx, nil)
	if got := debug.SetMemoryLimit(-1); got != 300<<20 {
		t.Errorf("Go may use %d MB of 1000", got>>20)
	}
}

// host is a function as an ordinary process.
type host struct {
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	stdout output
}

func startHost(t *testing.T, env ...string) *host {
	t.Helper()
	h := &host{cmd: exec.Command(function)}
	h.cmd.Env, h.cmd.Stdout = env, &h.stdout
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.lines = bufio.NewScanner(stderr)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.cmd.Process.Kill()
		h.cmd.Wait()
		if s := h.stdout.String(); s != "" {
			t.Errorf("the function wrote to standard output: %q", s)
		}
	})
	return h
}

// wait reads the log up to the line with msg.
func (h *host) wait(t *testing.T, msg string) map[string]any {
	t.Helper()
	for h.lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(h.lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", h.lines.Text(), err)
		}
		if line["msg"] == msg {
			return line
		}
	}
	t.Fatalf("the log ended without %q", msg)
	return nil
}

func (h *host) stop(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := h.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

func startServer(t *testing.T, env ...string) (*host, string) {
	t.Helper()
	h := startHost(t, append(env, "LISTEN_ADDR=127.0.0.1:0")...)
	return h, "http://" + h.wait(t, "listening")["addr"].(string)
}

func do(t *testing.T, method, url string, body io.Reader) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestHost(t *testing.T) {
	t.Parallel()
	// LISTEN_ADDR wins.
	h, url := startServer(t, "_LAMBDA_SERVER_PORT=1", "VOD_RPC_SOCKET=/nowhere/s")

	body := "\xff\x00{}"
	status, answer := do(t, "POST", url+"/a//b?x=1&x=2", strings.NewReader(body))
	var s seen
	if err := json.Unmarshal([]byte(answer), &s); err != nil || status != 202 {
		t.Fatalf("answer %d %q, %v", status, answer, err)
	}
	if s.Method != "POST" || s.Path != "/a//b" || string(s.Body) != body || s.Length != len(body) || len(s.Query["x"]) != 2 || s.Left < 5 || s.Left > 15 {
		t.Errorf("the handler saw %+v", s)
	}

	for _, tt := range []struct {
		method, path string
		body         io.Reader
		status       int
		says         string
	}{
		{"GET", "/healthz", nil, 200, `{"status":"ok"}`},
		{"HEAD", "/healthz", nil, 200, ""},
		{"POST", "/healthz", strings.NewReader("x"), 202, `"path":"/healthz"`},
		{"POST", "/panic", nil, 500, `{"error":"internal error`},
		{"POST", "/", bytes.NewReader(make([]byte, scf.MaxBody+1)), 413, "6 MB"},
		{"POST", "/", io.LimitReader(rand.NewChaCha8([32]byte{}), scf.MaxBody+1), 413, "6 MB"}, // chunked
		{"HEAD", "/", nil, 202, ""},
	} {
		status, answer := do(t, tt.method, url+tt.path, tt.body)
		if status != tt.status || !strings.Contains(answer, tt.says) {
			t.Errorf("%s %s = %d %.200q, want %d and %q", tt.method, tt.path, status, answer, tt.status, tt.says)
		}
	}
	h.wait(t, "panic")

	// A body that ends too soon.
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{}")
	conn.(*net.TCPConn).CloseWrite()
	if line, _ := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "400") {
		t.Errorf("a cut body was answered %q", line)
	}
}

// That the caller has hung up is no reason to drop what it sent.
func TestHostCallerHangsUp(t *testing.T) {
	t.Parallel()
	h, url := startServer(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "POST /stop HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
	h.wait(t, "holding")
	conn.Close()
	h.stop(t, syscall.SIGTERM)
	h.wait(t, "finished")
}

// SIGTERM: no new requests, those in flight are finished, exit status 0.
func TestHostStop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		h, url := startServer(t)
		inFlight := make(chan string, 1)
		go func() {
			status, answer := do(t, "POST", url+"/stop", strings.NewReader("x"))
			inFlight <- fmt.Sprint(status, " ", answer)
		}()
		h.wait(t, "holding")
		h.stop(t, sig)
		if sig == os.Interrupt {
			h.stop(t, syscall.SIGTERM) // the handler waits for this one, which must not kill it
		}
		if got := <-inFlight; got != "200 finished" {
			t.Errorf("%v: the request in flight was answered %q", sig, got)
		}
		if err := h.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

func TestHostAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, addr := range []string{l.Addr().String(), "undefined"} {
		h := startHost(t, "LISTEN_ADDR="+addr)
		line := h.wait(t, "stopped")
		if s, _ := line["error"].(string); !strings.Contains(s, "LISTEN_ADDR") || !strings.Contains(s, addr) {
			t.Errorf("log line %v, want LISTEN_ADDR and %s named", line, addr)
		}
		if err := h.cmd.Wait(); h.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("it ended with %v, want status 1", err)
		}
	}
}

func TestLoop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		h := startHost(t, "TRIGGER=timer")
		h.wait(t, "looping")
		h.stop(t, sig)
		if err := h.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
	for end, want := range map[string]string{"error": "loop: on purpose", "panic": "panic: on purpose"} {
		h := startHost(t, "TRIGGER=timer", "LOOP="+end)
		if got := h.wait(t, "stopped")["error"]; got != want {
			t.Errorf("it stopped with %q, want %q", got, want)
		}
		if err := h.cmd.Wait(); h.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("it ended with %v, want status 1", err)
		}
	}
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

// A handler is tested without SCF by giving its function an event.
func ExampleOnHTTP() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "%s %s: %s", r.Method, r.URL, body)
	})
	answer, err := scf.OnHTTP(hello)(context.Background(), []byte(`{
		"httpMethod": "POST", "path": "/callback", "queryString": {"a": "1"},
		"headers": {"x-scf-remote-addr": "203.0.113.7"}, "body": "{}"
	}`))
	fmt.Println(string(answer), err)
	// Output: {"statusCode":200,"headers":{"Content-Type":"text/plain"},"body":"POST /callback?a=1: {}"} <nil>
}

func ExampleOnTimer() {
	pull := func(ctx context.Context, t scf.Timer) (any, error) {
		return map[string]string{"fired": t.Time}, nil
	}
	result, err := scf.OnTimer(pull)(context.Background(), []byte(`{"Type":"Timer","Time":"2026-01-02T03:04:00Z"}`))
	fmt.Println(string(result), err)
	// Output: {"fired":"2026-01-02T03:04:00Z"} <nil>
}

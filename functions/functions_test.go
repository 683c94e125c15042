// Package functions_test drives the two built functions as SCF does, over the
// rpc protocol, against the stand-in of VOD.
package functions_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// Paths of the binaries: the functions as they are, and with the handler of
// testdata in the place of the user's.
var callbackBin, pullBin, callbackHandlerBin, pullHandlerBin string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "functions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	overlay, err := overlay(dir)
	if err != nil {
		log.Print(err)
		return 1
	}
	for _, b := range []struct {
		callback, pull *string
		dir            string
		args           []string
	}{
		{&callbackBin, &pullBin, "plain", nil},
		{&callbackHandlerBin, &pullHandlerBin, "handler", []string{"-overlay", overlay}},
	} {
		into := filepath.Join(dir, b.dir)
		*b.callback, *b.pull = filepath.Join(into, "callback"), filepath.Join(into, "pull")
		// As they are deployed, and linked in half the time.
		args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", into + string(filepath.Separator)}, b.args...)
		build := exec.Command("go", append(args, "./callback", "./pull")...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			log.Printf("building the functions: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// overlay makes the file that has go build take testdata/handler.go for the
// user's code.
func overlay(dir string) (string, error) {
	theirs, err := filepath.Abs("../shared/handler/handler.go")
	if err != nil {
		return "", err
	}
	ours, err := filepath.Abs("testdata/handler.go")
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{theirs: ours}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, b, 0o600)
}

// output is what a process writes. It is a file and no pipe, which somebody
// would have to read: what is written before an answer is there after it.
type output struct {
	*os.File
	wanted func(line []byte) bool // nil: all lines
	taken  int64
}

func newOutput(t *testing.T) *output {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &output{File: f}
}

// only is the same output, of which take returns only some lines.
func (o *output) only(wanted func(line []byte) bool) *output {
	return &output{File: o.File, wanted: wanted}
}

// take returns the lines that were written since it was called last.
func (o *output) take() (lines []string) {
	text, err := io.ReadAll(io.NewSectionReader(o, o.taken, math.MaxInt64-o.taken))
	if err != nil {
		log.Print(err)
	}
	o.taken += int64(len(text))
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSuffix(line, []byte("\n")); o.wanted == nil || o.wanted(line) {
			lines = append(lines, string(line))
		}
	}
	return lines
}

func isLog(line []byte) bool { return !local.IsEvent(line) }

type function struct {
	*local.Function
	t        *testing.T
	out, log *output
}

func start(t *testing.T, binary string, env ...string) *function {
	t.Helper()
	return startWithin(t, 64, binary, env...)
}

// startWithin starts a function that is told how many MB of memory it has.
func startWithin(t *testing.T, memory int, binary string, env ...string) *function {
	t.Helper()
	all := newOutput(t)
	f := &function{t: t, out: all.only(local.IsEvent), log: all.only(isLog)}
	fn, err := local.Start(t.Context(), binary, append([]string{"PATH=" + os.Getenv("PATH")}, env...),
		local.WithStdout(f.out.File), local.WithStderr(f.log.File), local.WithMemory(memory))
	if err != nil {
		t.Fatal(err)
	}
	f.Function = fn
	t.Cleanup(func() {
		fn.Kill()
		if t.Failed() {
			t.Logf("log of the function:\n%s", strings.Join(f.log.take(), "\n"))
		}
	})
	return f
}

// post sends a body in the shape of a function URL's event.
func (f *function) post(body []byte) (status int, answer string) {
	f.t.Helper()
	return f.invokeRaw(local.PostEvent(body))
}

// postWithin is post with a timeout of the function other than 15 s.
func (f *function) postWithin(body []byte, timeout time.Duration) (status int, answer string) {
	f.t.Helper()
	return f.invokeWithin(local.PostEvent(body), timeout)
}

func (f *function) invoke(trigger any) (status int, answer string) {
	f.t.Helper()
	payload, err := json.Marshal(trigger)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.invokeRaw(payload)
}

func (f *function) invokeRaw(payload []byte) (status int, answer string) {
	f.t.Helper()
	return f.invokeWithin(payload, 15*time.Second)
}

func (f *function) invokeWithin(payload []byte, timeout time.Duration) (status int, answer string) {
	f.t.Helper()
	raw, err := f.Invoke(f.t.Context(), payload, timeout, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	var a struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		f.t.Fatalf("%s: %v", raw, err)
	}
	return a.StatusCode, a.Body
}

// drain fires the timer once.
func (f *function) drain(timeout time.Duration) map[string]any {
	f.t.Helper()
	raw, err := f.Invoke(f.t.Context(), local.TimerEvent(time.Now()), timeout, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		f.t.Fatalf("%s: %v", raw, err)
	}
	return r
}

// shapes are the trigger events in which a callback can arrive.
func shapes(body []byte) map[string]map[string]any {
	gateway := func(m map[string]any) map[string]any {
		m["requestContext"] = map[string]any{"serviceId": "service-7abcdefg", "path": "/vod", "httpMethod": "POST", "stage": "release"}
		m["headerParameters"], m["pathParameters"], m["queryStringParameters"] = map[string]any{}, map[string]any{}, map[string]any{}
		m["queryString"] = map[string]any{"a": []string{"1", "2"}, "b": true, "c": nil, "d": 7}
		m["stageVariables"] = map[string]any{"stage": "release"}
		return m
	}
	base := func() map[string]any {
		return map[string]any{"httpMethod": "POST", "path": "/vod", "headers": map[string]any{"Content-Type": "application/json"}, "queryString": map[string]any{}}
	}
	plain, coded := base(), base()
	plain["body"] = string(body)
	coded["body"], coded["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	gatewayPlain, gatewayCoded := base(), base()
	gatewayPlain["body"], gatewayPlain["isBase64Encoded"] = string(body), false
	gatewayCoded["body"], gatewayCoded["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	return map[string]map[string]any{
		"function URL": plain, "function URL, base64": coded,
		"API Gateway": gateway(gatewayPlain), "API Gateway, base64": gateway(gatewayCoded),
	}
}

// cloudEvent is a line of a function's standard output.
type cloudEvent struct {
	Id, Source, Type, Subject, VodMode string
	ParkReason                         string
	ParkAttempts                       int
	Data                               json.RawMessage
}

func readCloudEvent(t *testing.T, line string) cloudEvent {
	t.Helper()
	var c cloudEvent
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Fatalf("line on stdout is no JSON: %v: %s", err, line)
	}
	return c
}

// Events of all kinds come out with the bytes they came with, whatever shape
// the trigger gave them; sent again they keep their id and come out once.
func TestCallbackEveryKind(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i, kind := range event.Kinds {
		body, err := vodfake.Make(seed+uint64(i), time.Now(), kind.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := event.Parse(body, event.Origin{})
		if err != nil {
			t.Fatal(err)
		}
		printed, ids := 0, make(map[string]bool)
		for shape, trigger := range shapes(body) {
			status, answer := f.invoke(trigger)
			var a struct{ Id string }
			if err := json.Unmarshal([]byte(answer), &a); status != 200 || err != nil || a.Id == "" {
				t.Errorf("%s, %s: %d %s", kind.Type, shape, status, answer)
			}
			ids[a.Id] = true
			for _, line := range f.out.take() {
				printed++
				c := readCloudEvent(t, line)
				if !bytes.Contains(c.Data, want.Payload) || c.Id != a.Id || c.Type != "com.tencent.cloud.vod."+kind.Type || c.VodMode != "normal" {
					t.Errorf("%s, %s: came out as %s", kind.Type, shape, line)
				}
			}
		}
		// Kinds whose payload can truthfully repeat come every time.
		times := 1
		if !want.StableID {
			times = 4
		}
		if printed != times || len(ids) != times {
			t.Errorf("%s: came out %d times with %d ids, want %d", kind.Type, printed, len(ids), times)
		}
	}
}

// A callback does not say which application it comes from: it is known where
// there is only one.
func TestCallbackSource(t *testing.T) {
	t.Parallel()
	for ids, want := range map[string]string{"": "/tencentcloud/vod", "1490012345": "/tencentcloud/vod/1490012345", "7,8": "/tencentcloud/vod"} {
		f := start(t, callbackBin, "VOD_SUB_APP_IDS="+ids)
		if status, answer := f.post(uploadNamed(1, "a")); status != 200 {
			t.Errorf("%q: %d %s", ids, status, answer)
		}
		if lines := f.out.take(); len(lines) != 1 || readCloudEvent(t, lines[0]).Source != want {
			t.Errorf("%q: got %s, want the source %s", ids, lines, want)
		}
	}
}

func TestCallbackBadBodies(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin)
	good := []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1"}}`)
	bodies := map[string][]byte{
		"empty": nil, "cut": good[:len(good)-5], "null": []byte("null"), "list": []byte(`[{"EventType":"X"}]`),
		"deep": bytes.Repeat([]byte("["), 200_000), "a raw tab": []byte("{\"EventType\":\"\t\",\"X\":{}}"), "NaN": []byte(`{"EventType":"X","X":{"a":NaN}}`),
		"no type": []byte(`{"FileId":"1"}`), "text": []byte("hello"), "two values": append(good, good...),
	}
	for name, body := range bodies {
		for shape, trigger := range shapes(body) {
			if status, answer := f.invoke(trigger); status != 400 || !strings.Contains(answer, "error") {
				t.Errorf("%s, %s: %d %s", name, shape, status, answer)
			}
		}
	}
	if status, _ := f.invoke(map[string]any{"httpMethod": "POST", "path": "/", "isBase64Encoded": true, "body": "%%%"}); status != 400 {
		t.Errorf("bad base64: %d", status)
	}
	for _, trigger := range []string{`{}`, `null`, `[]`, `7`, `"x"`, `{`, strings.Repeat("[", 200_000)} {
		if status, _ := f.invokeRaw([]byte(trigger)); status != 400 {
			t.Errorf("trigger %.20s: %d", trigger, status)
		}
	}
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 405, "DELETE": 405} {
		if status, _ := f.invoke(map[string]any{"httpMethod": method, "path": "/", "queryString": map[string]string{"token": "hush"}}); status != want {
			t.Errorf("%s: %d, want %d", method, status, want)
		}
	}
	if lines := f.out.take(); lines != nil {
		t.Errorf("came out: %s", lines)
	}
	for _, line := range f.log.take() {
		if strings.Contains(line, "hush") {
			t.Errorf("a value of the query is in the log: %s", line)
		}
	}
	if status, answer := f.post(good); status != 200 {
		t.Errorf("after all that a good one: %d %s", status, answer)
	}
}

func TestCallbackSignature(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "CALLBACK_SIGN_KEY=oldkey1,newkey2")
	body := func(n int) []byte {
		return fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, n)
	}
	later := time.Now().Add(10 * time.Minute)
	for name, tt := range map[string]struct {
		body   []byte
		status int
	}{
		"unsigned":             {body(1), 401},
		"unsigned and no JSON": {[]byte("secret text"), 401},
		"other key":            {event.Sign(body(2), "wrong", later), 401},
		"expired":              {event.Sign(body(3), "newkey2", time.Now().Add(-time.Minute)), 401},
		"first key":            {event.Sign(body(4), "oldkey1", later), 200},
		"second key":           {event.Sign(body(5), "newkey2", later), 200},
		"signed, no event":     {event.Sign([]byte(`{"x":"kept"}`), "newkey2", later), 400},
	} {
		if status, answer := f.post(tt.body); status != tt.status {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	signed := event.Sign([]byte(`{}`), "newkey2", later)
	e, _ := event.Parse(signed, event.Origin{})
	if status, answer := f.invoke(map[string]any{
		"httpMethod": "POST", "path": "/", "body": string(body(6)), "queryString": map[string]any{"sign": strings.ToUpper(e.Sign), "t": e.T},
	}); status != 200 {
		t.Errorf("signed in the query: %d %s", status, answer)
	}
	if n := len(f.out.take()); n != 3 {
		t.Errorf("%d events came out, want 3", n)
	}
	log := strings.Join(f.log.take(), "\n")
	for _, secret := range []string{"secret text", "oldkey1", "newkey2", e.Sign} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if !strings.Contains(log, `kept`) {
		t.Error("a signed body that is no event must be in the log")
	}
}

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"SINK=ftp://u:hush@files.test/x", "DEDUP=redis://:hush@h", "LOG_LEVEL=ERROR+1", "VOD_SUB_APP_IDS=undefined", "DEAD_LETTER=${env:X}"} {
		name, _, _ := strings.Cut(env, "=")
		f := start(t, callbackBin, env)
		status, answer := f.post([]byte(`{"EventType":"X","P":{}}`))
		if status != 500 || !strings.Contains(answer, name) || strings.Contains(answer, "hush") {
			t.Errorf("%s: %d %s", env, status, answer)
		}
		p := start(t, pullBin, env)
		_, err := p.Invoke(t.Context(), []byte(`{}`), 15*time.Second, nil)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: pull says %v", env, err)
		}
		if log := strings.Join(append(f.log.take(), p.log.take()...), "\n"); strings.Contains(log, "hush") {
			t.Errorf("%s: a secret is in the log: %s", env, log)
		}
	}
}

// A bad value of a variable that only the other function uses stops nothing.
func TestBadConfigurationOfTheOther(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "PULL_RATE=fast", "PULL_CONCURRENCY=0", "MAX_ATTEMPTS=none", "PULL_UNTIL=undefined", "VOD_ENDPOINT=ftp://x", "VOD_SECRET_KEY=undefined", "TENCENTCLOUD_SECRETID=undefined")
	if status, answer := f.post(uploadNamed(1, "a")); status != 200 || len(f.out.take()) != 1 {
		t.Errorf("callback: %d %s", status, answer)
	}
	s := vodfake.RunT(t)
	s.Queue(0, uploadNamed(2, "a"))
	p := start(t, pullBin, append(vodEnv(s), "CALLBACK_SIGN_KEY=!", "LISTEN_ADDR=8080")...)
	if r := p.drain(15 * time.Second); r["confirmed"] != 1.0 {
		t.Errorf("pull: %v", r)
	}
	p = start(t, pullBin, append(vodEnv(s), "MAX_ATTEMPTS=0")...)
	if _, err := p.Invoke(t.Context(), local.TimerEvent(time.Now()), 15*time.Second, nil); err == nil || !strings.Contains(err.Error(), "MAX_ATTEMPTS") {
		t.Errorf("pull with its own variable bad: %v", err)
	}
}

// vodEnv lets a function call the stand-in.
func vodEnv(s *vodfake.Server) []string {
	return []string{"VOD_ENDPOINT=" + s.URL, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey}
}

func uploadNamed(id int, name string) []byte {
	return fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d","MediaBasicInfo":{"Name":%q}}}`, id, name)
}

func TestPull(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{Alternatives: vodfake.Alternatives{NullMembers: true}})
	f := start(t, pullBin, vodEnv(s)...)
	bodies := make(map[string][]byte)
	for i, kind := range event.Kinds {
		body, err := vodfake.Make(uint64(i), time.Now(), kind.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(0, body)
		bodies["com.tencent.cloud.vod."+kind.Type] = body
	}
	r := f.drain(30 * time.Second)
	if all := float64(len(bodies)); r["delivered"] != all || r["confirmed"] != all || r["left"] != 0.0 || r["stopped"] != "empty" {
		t.Errorf("got %v", r)
	}
	lines := f.out.take()
	if len(lines) != len(bodies) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		c := readCloudEvent(t, line)
		// Without the members that are null it is the event as it was queued.
		if !bytes.Equal(c.Data, bodies[c.Type]) || c.VodMode != "reliable" {
			t.Errorf("came out as %s\nwant data %s", line, bodies[c.Type])
		}
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d pending", s.Pending(0))
	}
}

// The variables reach what they are for.
func TestPullVariables(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{Alternatives: vodfake.Alternatives{RequireSubAppId: true}, SubAppIds: []uint64{7, 8}})
	var regions sync.Map
	s.Control("", func(c *vodfake.Call) *vodfake.Fault {
		regions.Store(c.Header.Get("X-TC-Region"), true)
		return nil
	})
	f := start(t, pullBin, append(vodEnv(s), "VOD_SUB_APP_IDS=7,8", "VOD_REGION=ap-guangzhou", "PULL_UNTIL=deadline", "LOG_LEVEL=debug")...)
	s.Queue(7, uploadNamed(1, "a"))
	s.Queue(8, uploadNamed(2, "a"))
	s.Queue(8, uploadNamed(3, "a"))
	r := f.drain(12 * time.Second)
	apps, _ := r["apps"].([]any)
	if r["stopped"] != "deadline" || r["confirmed"] != 3.0 || len(apps) != 2 {
		t.Fatalf("got %v", r)
	}
	for i, want := range []map[string]float64{{"SubAppId": 7, "confirmed": 1}, {"SubAppId": 8, "confirmed": 2}} {
		for k, v := range want {
			if app := apps[i].(map[string]any); app[k] != v {
				t.Errorf("application %d: %v, want %v", i, app, want)
			}
		}
	}
	for _, line := range f.out.take() {
		c := readCloudEvent(t, line)
		if want := map[bool]string{true: "/tencentcloud/vod/7", false: "/tencentcloud/vod/8"}[c.Subject == "1"]; c.Source != want {
			t.Errorf("event %s has the source %s", c.Subject, c.Source)
		}
	}
	regions.Range(func(region, _ any) bool {
		if region != "ap-guangzhou" {
			t.Errorf("a call was for the region %q", region)
		}
		return true
	})
	if log := strings.Join(f.log.take(), "\n"); !strings.Contains(log, `"DEBUG"`) {
		t.Errorf("nothing at level debug: %s", log)
	}
}

func TestPullWarnsOfShortTimeout(t *testing.T) {
	t.Parallel()
	f := start(t, pullBin, append(vodEnv(vodfake.RunT(t)), "PULL_RATE=0")...)
	warnings := 0
	for _, timeout := range []time.Duration{12, 900, 11, 11} {
		f.drain(timeout * time.Second)
		log := strings.Join(f.log.take(), "\n")
		warnings += strings.Count(log, "give the function a timeout of 12 s")
		if timeout != 11 && warnings > 0 {
			t.Errorf("%d s: %s", timeout, log)
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings", warnings)
	}
}

func TestPullWithSCFKeys(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{Credentials: []vodfake.Credential{{SecretId: "AKIDtemp", SecretKey: "k", Token: "tok"}}})
	s.Queue(0, uploadNamed(1, "a"))
	// The platform gives new keys with each invocation.
	f := start(t, pullBin, "VOD_ENDPOINT="+s.URL)
	if _, err := f.Invoke(t.Context(), []byte(`{}`), 15*time.Second, nil); err == nil || !strings.Contains(err.Error(), "role") {
		t.Errorf("without keys: %v", err)
	}
	raw, err := f.Invoke(t.Context(), []byte(`{}`), 15*time.Second, map[string]string{
		"TENCENTCLOUD_SECRETID": "AKIDtemp", "TENCENTCLOUD_SECRETKEY": "k", "TENCENTCLOUD_SESSIONTOKEN": "tok",
	})
	if err != nil || !bytes.Contains(raw, []byte(`"confirmed":1`)) {
		t.Errorf("got %s, %v", raw, err)
	}
}

// The user's handler decides: what fails comes back and is parked at the last
// attempt, what fails for ever is parked at once, the rest goes its way.
func TestHandlerAndParking(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	f := start(t, pullHandlerBin, append(vodEnv(s), "DEAD_LETTER=file:"+dead, "MAX_ATTEMPTS=3")...)
	for i, name := range []string{"fails", "good", "never", "panics", "good"} {
		s.Queue(0, uploadNamed(i, name))
	}
	s.Queue(0, []byte(`{"no":"event"}`))
	for attempt := 1; attempt <= 3; attempt++ {
		r := f.drain(20 * time.Second)
		want := map[int][3]float64{1: {2, 2, 2}, 2: {0, 0, 2}, 3: {0, 2, 0}}[attempt] // delivered, parked, left
		if r["delivered"] != want[0] || r["parked"] != want[1] || r["left"] != want[2] {
			t.Errorf("attempt %d: %v", attempt, r)
		}
		s.FastForward(vodfake.Lease)
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d pending", s.Pending(0))
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		c := readCloudEvent(t, line)
		got[c.Subject] = fmt.Sprint(c.ParkReason, " ", c.ParkAttempts)
	}
	want := map[string]string{"0": "attempts 3", "2": "permanent 1", "3": "attempts 3", "": "unparsed 1"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
}

// Without DEAD_LETTER an event that fails stays in VOD's queue, and one that
// fails for ever is whole in the log.
func TestParkingWithoutDeadLetter(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	f := start(t, pullHandlerBin, append(vodEnv(s), "MAX_ATTEMPTS=1")...)
	s.Queue(0, uploadNamed(1, "fails"))
	s.Queue(0, uploadNamed(2, "never"))
	if r := f.drain(20 * time.Second); r["left"] != 1.0 || r["parked"] != 1.0 {
		t.Errorf("got %v", r)
	}
	whole := 0
	for _, line := range f.log.take() {
		var l struct {
			Level string
			parklog.Part
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("log line is no JSON: %s", line)
		}
		if e, err := event.ParseCloudEvent([]byte(l.Text)); err == nil && l.Level == "ERROR" && l.Of == 1 && e.ID == l.ID && e.Subject == "2" {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("the event is %d times whole in the log", whole)
	}
}

// A callback that a handler refuses is tried until the invocation's time is
// nearly over, and then kept.
func TestCallbackThatFails(t *testing.T) {
	t.Parallel()
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	f := start(t, callbackHandlerBin, "DEAD_LETTER=file:"+dead)
	began := time.Now()
	raw, err := f.Invoke(t.Context(), local.PostEvent(uploadNamed(1, "fails")), 5*time.Second, nil) // no answer within them is an error
	if err != nil || !bytes.Contains(raw, []byte(`"statusCode":503`)) {
		t.Errorf("got %s, %v", raw, err)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("gave up after %v of 5 s", took)
	}
	text, err := os.ReadFile(dead)
	if err != nil || !bytes.Contains(text, []byte(`"parkreason":"deadline"`)) {
		t.Errorf("dead letter %s, %v", text, err)
	}
}

// Real processes that are killed in the middle of their batches, one after the
// other, lose nothing.
func TestPullKilled(t *testing.T) {
	t.Parallel()
	const total = 2000
	s := vodfake.RunT(t)
	for i := range total {
		s.Queue(0, uploadNamed(i, "a"))
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	env := append(vodEnv(s), "SINK=file:"+path)
	kills := 0
	for s.Pending(0) > 0 && t.Context().Err() == nil {
		f := start(t, pullBin, env...)
		ctx, cancel := context.WithCancel(t.Context())
		if kills < 8 {
			before := s.Confirmed(0)
			done := make(chan struct{})
			var once sync.Once
			stop := s.Watch(func(c vodfake.Change) {
				// In the middle: some are confirmed, more are pulled.
				if c.State == vodfake.Confirmed && c.Delivery > 0 && len(c.Handle) > 0 {
					if kills == 0 || rand.IntN(40) == 0 {
						once.Do(func() { close(done) })
					}
				}
			})
			go func() {
				select {
				case <-done:
					f.Kill()
				case <-ctx.Done():
				}
			}()
			_, err := f.Invoke(ctx, []byte(`{}`), 30*time.Second, nil)
			stop()
			kills++
			t.Logf("kill %d: %v after %d confirms", kills, err, s.Confirmed(0)-before)
		} else if _, err := f.Invoke(ctx, []byte(`{}`), 30*time.Second, nil); err != nil {
			t.Error(err)
		}
		cancel()
		f.Kill()
		s.FastForward(vodfake.Lease) // what was leased to the dead comes back
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[string]int)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if e, err := event.ParseCloudEvent([]byte(line)); err == nil {
			have[e.Subject]++
		}
	}
	if len(have) != total {
		t.Errorf("%d of %d events are in the file", len(have), total)
	}
}

// On an ordinary host pull is a loop that no empty queue ends, but SIGTERM does:
// it confirms what it has and exits with status 0.
func TestPullLoop(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	var fill, begin sync.Once
	s.Control("PullEvents", func(c *vodfake.Call) *vodfake.Fault {
		if c.N == 2 { // the first poll found nothing
			fill.Do(func() {
				for i := range 500 {
					s.Queue(0, uploadNamed(i, "a"))
				}
			})
		}
		return nil
	})
	half := make(chan struct{})
	s.Watch(func(c vodfake.Change) {
		if c.State == vodfake.Confirmed {
			begin.Do(func() { close(half) })
		}
	})
	cmd := exec.Command(pullBin)
	out, logged := newOutput(t), newOutput(t)
	cmd.Stdout, cmd.Stderr = out.File, logged.File
	cmd.Env = vodEnv(s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-half:
	case err := <-ended:
		t.Fatalf("the loop has ended: %v\n%s", err, strings.Join(logged.take(), "\n"))
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("exit: %v\n%s", err, strings.Join(logged.take(), "\n"))
	}
	d := s.App(0)
	if n := len(out.take()); n != d.Confirmed || n == 0 {
		t.Errorf("%d events came out, %d are confirmed", n, d.Confirmed)
	}
	if leased := d.Leased; leased != 0 {
		t.Errorf("%d are still leased", leased)
	}
}

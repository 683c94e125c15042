package functions_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/longtest"
)

func zip(t *testing.T, b []byte) []byte {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return zipped.Bytes()
}

// strangeBodies are trigger events with the body plain, in forms that a gateway
// or proxy on the way may have given it.
func strangeBodies(t *testing.T, plain []byte) map[string]map[string]any {
	code := base64.StdEncoding.EncodeToString
	marked := append([]byte("\ufeff"), plain...)
	bodies := map[string]map[string]any{
		"byte order mark":          {"body": string(marked)},
		"byte order mark, coded":   {"body": code(marked), "isBase64Encoded": true},
		"gzip":                     {"body": code(zip(t, plain)), "isBase64Encoded": true, "headers": map[string]string{"Content-Encoding": "gzip"}},
		"gzip, its flag lost":      {"body": code(zip(t, plain)), "headers": map[string]string{"Content-Encoding": "gzip"}},
		"gzip, undone already":     {"body": string(plain), "headers": map[string]string{"Content-Encoding": "gzip"}},
		"base64 without its flag":  {"body": code(plain)},
		"the flag on a plain body": {"body": string(plain), "isBase64Encoded": true},
	}
	for _, b := range bodies {
		b["httpMethod"], b["path"] = "POST", "/"
	}
	return bodies
}

// Whatever happened to a callback on its way, its event is delivered.
func TestStrangeBodies(t *testing.T) {
	t.Parallel()
	const key = "bodykey1"
	plain := event.Sign([]byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"61","Name":"été"}}`), key, time.Now().Add(time.Hour))
	want, err := event.Parse(plain, event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, callbackBin, "CALLBACK_SIGN_KEY="+key, "DEDUP=off")
	for name, trigger := range strangeBodies(t, plain) {
		status, answer := f.invoke(trigger)
		lines := f.out.take()
		if status != 200 || len(lines) != 1 {
			t.Errorf("%s: %d %s, %q", name, status, answer, lines)
			continue
		}
		if c := readCloudEvent(t, lines[0]); c.Id != want.ID || !bytes.Equal(c.Data, want.AppendData(nil)) {
			t.Errorf("%s: came out %s", name, lines[0])
		}
	}
}

// An event with a byte that is not UTF-8 is delivered, whether the byte is in the
// trigger event itself or in base64. A replay gets the exact bytes.
func TestInvalidUTF8(t *testing.T) {
	t.Parallel()
	body := []byte("{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"62\",\"Name\":\"caf\xe9\"}}")
	f := start(t, callbackBin, "DEDUP=off")
	quoted := strings.ReplaceAll(string(body), `"`, `\"`)
	for name, trigger := range map[string]string{
		"in the trigger": `{"httpMethod":"POST","path":"/","body":"` + quoted + `"}`,
		"in base64":      `{"httpMethod":"POST","path":"/","isBase64Encoded":true,"body":"` + base64.StdEncoding.EncodeToString(body) + `"}`,
	} {
		status, answer := f.invokeRaw([]byte(trigger))
		lines := f.out.take()
		if status != 200 || len(lines) != 1 {
			t.Errorf("%s: %d %s, %q", name, status, answer, lines)
			continue
		}
		e, err := event.ParseCloudEvent([]byte(lines[0]))
		if err != nil || e.Subject != "62" || !bytes.Equal(e.RawData(), body) || !strings.Contains(lines[0], "caf\ufffd") {
			t.Errorf("%s: %v, came out %s", name, err, lines[0])
		}
	}
}

// On a host the same bodies come over HTTP.
func TestStrangeBodiesOnAHost(t *testing.T) {
	t.Parallel()
	plain := []byte(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"63"}}`)
	want, err := event.Parse(plain, event.Origin{Mode: event.Normal})
	if err != nil {
		t.Fatal(err)
	}
	url := startHost(t, callbackBin, "LISTEN_ADDR=127.0.0.1:0", "DEDUP=off")
	for name, body := range map[string][]byte{
		"plain": plain, "byte order mark": append([]byte("\ufeff"), plain...), "gzip": zip(t, plain),
		"base64": []byte(base64.StdEncoding.EncodeToString(plain)),
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if name == "gzip" {
			r.Header.Set("Content-Encoding", "gzip")
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Id string }
		err = json.NewDecoder(resp.Body).Decode(&answer)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || answer.Id != want.ID {
			t.Errorf("%s: %d %v %v", name, resp.StatusCode, answer, err)
		}
	}
}

// runOnHost starts a function as an ordinary process, which ends with the test.
func runOnHost(t *testing.T, binary string, env ...string) *output {
	t.Helper()
	out := newOutput(t)
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = out.File, out.File
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return out
}

// startHost is runOnHost that returns the address on which the function says that
// it listens.
func startHost(t *testing.T, binary string, env ...string) string {
	t.Helper()
	out := runOnHost(t, binary, env...)
	for {
		for _, line := range out.take() {
			var l struct{ Addr string }
			if json.Unmarshal([]byte(line), &l) == nil && l.Addr != "" {
				return "http://" + l.Addr
			}
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the function does not say where it listens")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// A callback with a good signature that is not an event is answered 400 and
// parked, with every byte. Nothing is kept of one with a wrong signature.
func TestSignedCallbackThatIsNoEvent(t *testing.T) {
	t.Parallel()
	const key = "bodykey2"
	dead := t.TempDir() + "/dead"
	f := start(t, callbackBin, "CALLBACK_SIGN_KEY="+key, "DEAD_LETTER=file:"+dead)
	later := time.Now().Add(time.Hour)
	bodies := [][]byte{
		event.Sign([]byte("{\"EventType\":\"X\",\"P\":{\"Name\":\"tab\there\"}}"), key, later),
		event.Sign([]byte("{\"EventType\":\"X\",\"P\":{\"Name\":\"\xff\",\"Size\":NaN}}"), key, later),
	}
	for _, body := range bodies {
		status, answer := f.invoke(map[string]any{
			"httpMethod": "POST", "path": "/", "body": base64.StdEncoding.EncodeToString(body), "isBase64Encoded": true,
		})
		if status != 400 {
			t.Errorf("%q: %d %s", body, status, answer)
		}
	}
	if status, _ := f.post(event.Sign([]byte("{\"secret\":\"\t\"}"), "forged", later)); status != 401 {
		t.Errorf("forged: %d", status)
	}
	if log := strings.Join(f.log.take(), "\n"); strings.Contains(log, "secret") {
		t.Errorf("a forged body is in the log: %s", log)
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != len(bodies) {
		t.Fatalf("%d are parked: %s", len(lines), text)
	}
	for i, line := range lines {
		e, err := event.ParseCloudEvent([]byte(line))
		if err != nil || e.Type != event.TypeUnparsed || !bytes.Equal(e.RawData(), bodies[i]) || e.Parking == nil || e.Parking.Reason != "unparsed" {
			t.Errorf("parked: %v, %s", err, line)
		}
	}
}

// hostileBodies are bodies, of about size bytes each, with which a stranger may
// try to keep the function busy.
func hostileBodies(size int) map[string][]byte {
	repeat := func(head, unit, tail string) []byte {
		return []byte(head + strings.Repeat(unit, (size-len(head)-len(tail))/len(unit)) + tail)
	}
	distinct := func(key, value string) []byte {
		b := []byte(`{"EventType":"X"`)
		for i := 0; len(b) < size-2*len(key)-40; i++ {
			b = fmt.Appendf(b, `,"`+key+`%d":`+value, i)
		}
		return append(b, '}')
	}
	escaped := []byte("{\"a0\":1")
	for i := range 990 {
		escaped = fmt.Appendf(escaped, `,"\u0061\u0062%d":1`, i)
	}
	long := strings.Repeat(`\u0061`, size/6/500)
	return map[string][]byte{
		"null members":             repeat(`{"a":1`, `,"\u0062":null`, `}`),
		"null after escaped names": append(escaped, repeat("", `,"\u0062":null`, `}`)...),
		"distinct members":         distinct("m", "1"),
		"distinct null members":    distinct(`\u006d`, "null"),
		"long escaped names":       distinct(long, "{}"),
		"one member, again":        repeat(`{"P":{}`, `,"P":{}`, `}`),
		"one member in turns":      repeat(`{"P":{}`, `,"P":null,"\u0050":1`, `}`),
		"members of a payload":     repeat(`{"EventType":"X","P":{"a":1`, `,"\u0046ileId":"1"`, `}}`),
		"one escaped string":       repeat(`{"EventType":"`, `\ud83d`, `"}`),
		"one escaped name":         repeat(`{"`, `\u0053`, `":1}`),
		"lists":                    repeat("", "[", ""),
		"objects":                  repeat("", `{"a":`, ""),
		"lists in an event":        repeat(`{"EventType":"X","P":`, "[", ""),
		"numbers":                  repeat(`{"P":[1`, ",1e131071", `]}`),
		"quotes":                   repeat(`{"a":1,`, `"`, ""),
		"backslashes":              repeat(`{"a":"`, `\`, ""),
		"spaces":                   repeat(`{"a"`, " ", ""),
		"invalid UTF-8":            repeat(`{"EventType":"`, "\xff", `"}`),
		"signatures":               repeat(`{"EventType":"X","P":{}`, `,"Sign":"a","T":1`, `}`),
		"base64":                   []byte(base64.StdEncoding.EncodeToString(repeat(`{"a":1`, `,"\u0062":null`, `}`)[:size*3/4])),
	}
}

// A stranger without the key cannot keep the function busy: refusing any body
// takes at most a few times as long as encoding/json needs to check it. Both are
// measured side by side, so a slow or busy machine does not matter. A quadratic
// cost would be ten times over the bound, and in the long tests, whose bodies are
// as large as SCF lets them be, sixty times.
func TestHostileBodies(t *testing.T) {
	f := start(t, callbackBin, "CALLBACK_SIGN_KEY=bodykey3")
	for _, size := range []int{100_000, int(longtest.Scale(1<<20, 6<<20))} {
		for name, body := range hostileBodies(size) {
			body = body[:min(len(body), size)]
			trigger, err := json.Marshal(map[string]any{"httpMethod": "POST", "path": "/", "body": base64.StdEncoding.EncodeToString(body), "isBase64Encoded": true})
			if err != nil {
				t.Fatal(err)
			}
			var took, check time.Duration
			for range 5 { // once without anybody else on the machine is enough
				check = max(checkTwice(t, len(body)), 2*time.Millisecond)
				began, before := time.Now(), f.cpu()
				status, answer := f.invokeRaw(trigger)
				took = time.Since(began)
				if cpu := f.cpu() - before; cpu > 0 { // while it waits for a core it costs nobody anything
					took = min(took, cpu)
				}
				if status != 401 {
					t.Fatalf("%s of %d bytes: %d %s", name, len(body), status, answer)
				}
				if took < 10*check {
					break
				}
			}
			t.Logf("%7d bytes, %s: %v, encoding/json %v", len(body), name, took, check)
			if took > 10*check {
				t.Errorf("%s of %d bytes was refused after %v, encoding/json needs %v", name, len(body), took, check)
			}
		}
	}
}

// cpu returns how long the function's process has run on a core, or 0 where the
// kernel does not say.
func (f *function) cpu() (sum time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", f.PID())) // the pattern is good
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		var ns int64
		if _, err := fmt.Sscan(string(text), &ns); err == nil {
			sum += time.Duration(ns)
		}
	}
	return sum
}

// checkTwice returns how long encoding/json takes to check size bytes twice.
func checkTwice(t *testing.T, size int) time.Duration {
	t.Helper()
	valid := []byte("[" + strings.Repeat("1,", size/2) + "1]")
	began := time.Now()
	for range 2 {
		if !json.Valid(valid) {
			t.Fatal("no JSON")
		}
	}
	return time.Since(began)
}

// An element of an answer that is not JSON does not cost its neighbors: they are
// delivered, it is parked, and all are confirmed.
func TestPulledElementThatIsNoJSON(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	broken := []string{
		"{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"1\",\"Name\":\"a\tb\"}}",
		`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"2","Duration":NaN}}`,
	}
	invalid := "{\"EventType\":\"NewFileUpload\",\"FileUploadEvent\":{\"FileId\":\"71\",\"Name\":\"\xff\"}}"
	for _, body := range append(broken, invalid, string(uploadNamed(72, "a"))) {
		s.Queue(0, []byte(body))
	}
	dead := t.TempDir() + "/dead"
	f := start(t, pullBin, append(vodEnv(s), "DEAD_LETTER=file:"+dead)...)
	r := f.drain(20 * time.Second)
	for name, want := range map[string]float64{"pulled": 4, "delivered": 2, "parked": 2, "confirmed": 4, "left": 0} {
		if r[name] != want {
			t.Errorf("%s: %v, want %v", name, r[name], want)
		}
	}
	for _, line := range f.out.take() {
		if e, err := event.ParseCloudEvent([]byte(line)); err != nil || e.Type != "NewFileUpload" || e.Subject == "71" && string(e.RawData()) != invalid {
			t.Errorf("%v: came out %s", err, line)
		}
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		e, err := event.ParseCloudEvent([]byte(line))
		if err != nil || e.Type != event.TypeUnparsed || !strings.HasSuffix(string(e.RawData()), broken[i][1:]) {
			t.Errorf("%v: parked %s", err, line)
		}
	}
}

package operating_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/porttest"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

var update = flag.Bool("update", false, "write README.md")

var binaries string // the folder of callback, pull and vodctl

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "operating")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	binaries = dir
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir+string(filepath.Separator), "../../functions/callback", "../../functions/pull", "../vodctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		log.Printf("%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// world is one trouble: a stand-in for VOD, a receiver of events, and what an operator
// does and sees.
type world struct {
	t        *testing.T
	name     string
	dir      string
	vod      *vodfake.Server
	receiver *receiver
	env      map[string]string
	masks    []string // pairs: a text that only this run has, and what replaces it
	seen     strings.Builder
}

func newWorld(t *testing.T, name string) *world {
	w := &world{t: t, name: name, dir: t.TempDir(), vod: vodfake.New(vodfake.Options{Rate: -1, StateLag: -1}), receiver: newReceiver(t)}
	w.configure(vodfake.EventConfig{Mode: vodfake.Pull})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := &http.Server{Handler: w.vod}
	go api.Serve(l)
	t.Cleanup(func() { w.vod.Close(); api.Close() })
	w.env = map[string]string{
		"VOD_ENDPOINT": "http://" + l.Addr().String(), "VOD_SUB_APP_IDS": fmt.Sprint(app), "VOD_SECRET_ID": vodfake.SecretId,
		"VOD_SECRET_KEY": vodfake.SecretKey, "SINK": "stdout:", "HOME": w.dir,
	}
	w.masks = []string{l.Addr().String(), "vod.tencentcloudapi.com", w.receiver.port.Address(), "sink.example.com", w.dir, "/var/lib/vod"}
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) file(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) queue(body string) { w.vod.Queue(app, []byte(body)) }

// configure makes VOD send all events, in the mode that is given.
func (w *world) configure(c vodfake.EventConfig) {
	w.t.Helper()
	c.UploadMediaCompleteEventSwitch, c.DeleteMediaCompleteEventSwitch, c.PersistenceCompleteEventSwitch = "ON", "ON", "ON"
	if err := w.vod.SetEventConfig(app, c); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) environ() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(w.env)) {
		all = append(all, name+"="+w.env[name])
	}
	return all
}

// output is what a process has written so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) line(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b.Write(append(line, '\n'))
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) log() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// enough is a time that no machine needs.
const enough = 5 * time.Minute

// invoked is one invocation of a function on SCF: a new instance.
type invoked struct {
	*output
	result string // or the function error
}

func (w *world) start(name string) invoked {
	w.t.Helper()
	return w.invoke(name, local.TimerEvent(time.Now()), 15*time.Second)
}

// post sends a callback to the function on SCF. The function has little time, and uses
// all of it to try.
func (w *world) post(body string) invoked {
	w.t.Helper()
	return w.invoke("callback", local.PostEvent([]byte(body)), 4*time.Second)
}

func (w *world) invoke(name string, trigger []byte, limit time.Duration) invoked {
	w.t.Helper()
	out := new(output)
	f, err := local.Start(w.t.Context(), filepath.Join(binaries, name), w.environ(), local.WithLines(nil, out.line), local.WithGrace(enough))
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := f.Invoke(w.t.Context(), trigger, limit, nil)
	f.Close()
	result := string(raw)
	if err != nil {
		result = err.Error()
	}
	return invoked{out, result}
}

// server is the function callback on a host.
type server struct {
	*output
	w   *world
	url string
}

var listening = regexp.MustCompile(`"msg":"listening","addr":"([^"]+)"`)

func (w *world) serve() *server {
	w.t.Helper()
	out := new(output)
	c := exec.Command(filepath.Join(binaries, "callback"))
	c.Env, c.Stderr = append(w.environ(), "LISTEN_ADDR=127.0.0.1:0"), out
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	for end := time.Now().Add(enough); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if found := listening.FindStringSubmatch(out.log()); found != nil {
			w.masks = append(w.masks, found[1], "callback.example.com")
			return &server{out, w, "http://" + found[1]}
		}
	}
	w.t.Fatalf("callback does not listen: %s", out.log())
	return nil
}

// logged waits until the log has a line that matches, and returns the log.
func (s *server) logged(pattern string) string {
	s.w.t.Helper()
	for end := time.Now().Add(enough); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if text := s.log(); regexp.MustCompile(pattern).MatchString(text) {
			return text
		}
	}
	s.w.t.Fatalf("the log has no %s: %s", pattern, s.log())
	return ""
}

func (s *server) get(path string) string {
	s.w.t.Helper()
	answer, err := http.Get(s.url + path)
	return s.read(answer, err)
}

// signed posts a callback that VOD signed with a key.
func (s *server) signed(key, body string) string {
	s.w.t.Helper()
	answer, err := http.Post(s.url+"/callback", "application/json", bytes.NewReader(event.Sign([]byte(body), key, time.Now().Add(time.Hour))))
	return s.read(answer, err)
}

func (s *server) read(answer *http.Response, err error) string {
	s.w.t.Helper()
	if err != nil {
		s.w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return answer.Status + " " + string(text)
}

// receiver is a webhook that can be stopped.
type receiver struct {
	t      *testing.T
	port   porttest.Port
	srv    *http.Server
	refuse atomic.Bool // every event, for good
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, port: porttest.KeepT(t)}
	r.goOn()
	t.Cleanup(func() { r.srv.Close() })
	return r
}

func (r *receiver) url() string { return "http://" + r.port.Address() + "/hook" }

func (r *receiver) goOn() {
	r.t.Helper()
	l, err := r.port.Listen()
	if err != nil {
		r.t.Fatal(err)
	}
	r.srv = &http.Server{Handler: r}
	go r.srv.Serve(l)
}

func (r *receiver) stop() { r.srv.Close() }

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if r.refuse.Load() && q.Method == http.MethodPost {
		http.Error(w, "the field owner is missing", http.StatusUnprocessableEntity)
	}
}

// run runs a command and shows what it printed, or the lines of it that match.
func (w *world) run(line string, only ...string) {
	w.t.Helper()
	words := strings.Fields(line)
	c := exec.CommandContext(w.t.Context(), filepath.Join(binaries, words[0]), words[1:]...)
	c.Env, c.Dir = w.environ(), w.dir
	out, err := c.CombinedOutput()
	if err != nil && len(out) == 0 {
		w.t.Fatal(err)
	}
	fmt.Fprintf(&w.seen, "$ %s\n%s", line, w.lines(string(out), only...))
}

func (w *world) curl(path, answer string, only ...string) {
	w.t.Helper()
	fmt.Fprintf(&w.seen, "$ curl https://callback.example.com%s\n%s", path, w.lines(answer, only...))
}

// show shows what was seen somewhere: all of it, or the lines that match.
func (w *world) show(where, text string, only ...string) {
	w.t.Helper()
	fmt.Fprintf(&w.seen, "# %s\n%s", where, w.lines(text, only...))
}

// Lines are shown without their time, their invocation, and how long it took.
var (
	leftOut = regexp.MustCompile(`"time":"[^"]*",|,"request_id":"[^"]*"`)
	figures = regexp.MustCompile(`("?\w+_(?:ms|s)"?:|, in |vod_seconds_since_last_event )\d[\d.]*(e-?\d+)?(?:m?s)?`)
	silence = regexp.MustCompile(`\d+ seconds since`)
	request = regexp.MustCompile(`RequestId [0-9a-f-]+`)
	instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	parking = regexp.MustCompile(`("parking":")[^"]*"`)
	sha     = regexp.MustCompile(`("sha256":")[^"]*"`)
	port    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// longest is how many characters of a line are shown.
const longest = 500

func (w *world) lines(text string, only ...string) string {
	w.t.Helper()
	text = strings.NewReplacer(w.masks...).Replace(text)
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if len(only) > 0 && !regexp.MustCompile(only[0]).MatchString(line) || line == "" {
			continue
		}
		line = leftOut.ReplaceAllString(line, "")
		line = figures.ReplaceAllString(line, "${1}…")
		line = silence.ReplaceAllString(request.ReplaceAllString(line, "RequestId …"), "… seconds since")
		line = instant.ReplaceAllString(line, "2026-11-27T08:00:00Z")
		line = sha.ReplaceAllString(parking.ReplaceAllString(line, `${1}…"`), `${1}…"`)
		line = port.ReplaceAllString(line, "127.0.0.1")
		if runes := []rune(line); len(runes) > longest {
			line = string(runes[:longest]) + "…"
		}
		b.WriteString(line + "\n")
	}
	if b.Len() == 0 {
		w.t.Errorf("nothing matches %q in\n%s", only, text)
	}
	return b.String()
}

var readme sync.Mutex

// compare compares what was seen with what README.md has between the marks of the
// trouble.
func (w *world) compare() {
	w.t.Helper()
	readme.Lock()
	defer readme.Unlock()
	text, err := os.ReadFile("README.md")
	if err != nil {
		w.t.Fatal(err)
	}
	begin, end := "<!-- "+w.name+" -->\n```console\n", "```\n<!-- /"+w.name+" -->\n"
	before, rest, ok := strings.Cut(string(text), begin)
	quoted, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		w.t.Fatalf("README.md has no marks of %s", w.name)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(before+begin+w.seen.String()+end+after), 0o644); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	if quoted != w.seen.String() {
		w.t.Errorf("README.md differs; go test -update writes it. Seen:\n%s", w.seen.String())
	}
}

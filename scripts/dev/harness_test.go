package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
)

// The test binary is the command dev too, found by PATH.
func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){"dev": main})
}

// cleaning runs the tests and removes what they built.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	defer func() {
		if dir, err := programs(); err == nil {
			os.RemoveAll(dir)
		}
	}()
	return c.M.Run()
}

// programs builds both functions once, for all tests.
var programs = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "vodevents-dev-test-"); err != nil {
		return "", err
	}
	return dir, runner.Build(context.Background(), dir)
})

// patience is how long a test waits for anything: the machine may be busy.
const patience = 5 * time.Minute

// output is a program's output, which can be waited for.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced when there is more
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the pattern is in the output and returns its groups.
func (o *output) await(ctx context.Context, pattern string) ([]string, error) {
	re := regexp.MustCompile("(?m)" + pattern)
	for {
		o.mu.Lock()
		found, more := re.FindStringSubmatch(o.text.String()), o.more
		o.mu.Unlock()
		if found != nil {
			return found, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, errors.New("never printed: " + pattern)
		}
	}
}

// program is a running dev.
type program struct {
	t              testing.TB
	base, api      string
	stdout, stderr *output
	stop           func() (status int)
	exited         chan struct{}
}

// launch runs dev on free ports until the test ends.
func launch(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := newProgram(t)
	o, err := parse(append([]string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"}, args...), p.stderr)
	if err != nil {
		t.Fatal(err)
	}
	if o.programs, err = programs(); err != nil {
		t.Fatal(err)
	}
	p.start(func(ctx context.Context) int { return o.serve(ctx, append(os.Environ(), env...), p.stdout, p.stderr) })
	p.base = strings.TrimSuffix(p.await(`^  callback  (\S+)$`)[1], "/callback")
	p.api = strings.TrimSuffix(p.await(`^  VOD API   (\S+)`)[1], "/")
	return p
}

func newProgram(t testing.TB) *program {
	return &program{t: t, stdout: newOutput(), stderr: newOutput(), exited: make(chan struct{})}
}

// start runs dev until the test ends. A test that failed shows what dev printed.
func (p *program) start(serve func(context.Context) (status int)) {
	ctx, cancel := context.WithCancel(context.Background())
	status := 0
	go func() {
		defer close(p.exited)
		status = serve(ctx)
	}()
	p.stop = func() int {
		cancel()
		<-p.exited
		return status
	}
	p.t.Cleanup(func() {
		p.stop()
		if p.t.Failed() {
			p.t.Logf("stdout of dev:\n%s\nstderr of dev:\n%s", p.stdout, p.stderr)
		}
	})
}

func (p *program) await(pattern string) []string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	go func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	found, err := p.stdout.await(ctx, pattern)
	if err != nil {
		p.t.Fatalf("%v\nstdout:\n%s\nstderr:\n%s", err, p.stdout, p.stderr)
	}
	return found
}

// request makes a request and returns its answer with the body read.
func (p *program) request(method, path, body string, header ...string) (*http.Response, string) {
	p.t.Helper()
	u := path
	if strings.HasPrefix(u, "/") {
		u = p.base + path
	}
	r, err := http.NewRequest(method, u, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	answer, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer, string(b)
}

var client = &http.Client{Timeout: patience}

// call calls the API, which must answer with status, and decodes into v, if
// there is one.
func (p *program) call(status int, method, path, body string, v any) {
	p.t.Helper()
	answer, text := p.request(method, path, body, "Content-Type", "application/json")
	if answer.StatusCode != status {
		p.t.Fatalf("%s %s: %s, want %d: %s", method, path, answer.Status, status, text)
	}
	if status >= 400 {
		var got struct {
			Type, Title, Detail string
			Status              int
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || answer.Header.Get("Content-Type") != "application/problem+json" ||
			got.Status != status || got.Title != http.StatusText(status) || got.Detail == "" || got.Type != "about:blank" {
			p.t.Errorf("%s %s: no problem+json: %s %s", method, path, answer.Header.Get("Content-Type"), text)
		}
	}
	if v != nil {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			p.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

// send makes events by the API and returns their ids.
func (p *program) send(path, body string) []string {
	p.t.Helper()
	var made struct {
		Count int
		IDs   []string
	}
	p.call(http.StatusAccepted, "POST", path, body, &made)
	if made.Count != len(made.IDs) || made.Count == 0 {
		p.t.Fatalf("%s: count %d, ids %q", path, made.Count, made.IDs)
	}
	return made.IDs
}

// detail is an event opened, as the API answers it.
type detail struct {
	journal.Detail
	Curl string
}

func (p *program) event(id string) (d detail) {
	p.t.Helper()
	p.call(http.StatusOK, "GET", "/api/events/"+id, "", &d)
	return d
}

// until reads the stream until fn says that an event is as it should be, and
// returns the event.
func (p *program) until(id, what string, fn func(detail) bool) detail {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	messages := p.stream(ctx)
	for {
		d := p.event(id)
		if fn(d) {
			return d
		}
		if _, ok := <-messages; !ok {
			p.t.Fatalf("event %s never became %s: it is %s; %q\n%+v", id, what, d.State, d.Error, d.History)
		}
	}
}

func (p *program) untilState(id, state string) detail {
	p.t.Helper()
	return p.until(id, state, func(d detail) bool { return string(d.State) == state })
}

// streamed is a message of the stream.
type streamed struct{ name, data string }

// stream gives the messages of GET /api/stream until ctx ends. They must be
// read.
func (p *program) stream(ctx context.Context) <-chan streamed {
	p.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", p.base+"/api/stream", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		p.t.Fatalf("the stream is %q", kind)
	}
	messages := make(chan streamed)
	go func() {
		defer close(messages)
		defer answer.Body.Close()
		in := bufio.NewScanner(answer.Body)
		in.Buffer(nil, 8<<20)
		var m streamed
		for in.Scan() {
			switch name, value, _ := strings.Cut(in.Text(), ": "); name {
			case "event":
				m.name = value
			case "data":
				m.data = value
				select {
				case messages <- m:
				case <-ctx.Done():
				}
			}
		}
	}()
	return messages
}

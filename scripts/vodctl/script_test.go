package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/callback"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
	"vodevents/shared/sink/lines"
	"vodevents/shared/vodfake"
)

var update = flag.Bool("update", false, "write the golden files, README.md among them")

func TestMain(m *testing.M) {
	testscript.Main(closing{m}, map[string]func(){"vodctl": main})
}

// The scripts in testdata/script are to be read, as a tutorial. Beside the
// commands of testscript they have those of this table.
func TestScripts(t *testing.T) {
	t.Parallel()
	p := scripts(postgres)
	p.Dir = filepath.Join("testdata", "script")
	p.UpdateScripts = *update
	testscript.Run(t, p)
}

// Those with a database run on each kind. The second time they use vodctl as users
// build it, because the race detector has seen them and takes most of the time.
func TestScriptsOnMariaDB(t *testing.T) {
	t.Parallel()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p := scripts(mariaDB)
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("PATH", filepath.Dir(program)+string(filepath.ListSeparator)+e.Getenv("PATH"))
		return setup(e)
	}
	all, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(text), "[!database] skip\n") {
			p.Files = append(p.Files, file)
		}
	}
	if len(p.Files) == 0 {
		t.Fatal("no script has a database")
	}
	testscript.Run(t, p)
}

// scripts are the parameters of scripts that have a kind of database.
func scripts(db server) testscript.Params {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of the receivers in this process
	return testscript.Params{
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"vod":       startVOD,
			"queue":     queue,
			"forward":   forward,
			"queued":    checkQueued,
			"deny":      deny,
			"fail":      fail,
			"calls":     checkCalls,
			"signkey":   checkSignKey,
			"receiver":  startReceiver,
			"refuser":   startRefuser,
			"status":    checkStatus,
			"settoken":  setToken,
			"decodable": checkJSON,
			"sort":      sortLines,
			"database":  db.startDatabase,
			"sql":       db.runSQL,
			"bucket":    startBucket,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "database":
				return db.isThere(), nil
			case postgres.name, mariaDB.name:
				return name == db.name, nil
			}
			return false, errors.New("unknown condition")
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // it is a second for each command
			e.Values[theVOD] = new(*vodfake.Server)
			return nil
		},
	}
}

type valueKey int

const theVOD valueKey = 0

// serve serves h until the script ends and returns its URL.
func serve(ts *testscript.TestScript, h http.Handler) string {
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	return s.URL
}

// vod starts a stand-in for VOD and points vodctl at it:
//
//	vod [-apps ID,ID] [-task-time D] [-state-lag D] [-clock-skew D] [-date D]
//
// -date is how far the Date of its answers is off. It has no limit of calls a second,
// because the rate of a script's calls depends on the machine.
func startVOD(ts *testscript.TestScript, _ bool, args []string) {
	o := vodfake.Options{Rate: -1}
	fs := flag.NewFlagSet("vod", flag.ContinueOnError)
	fs.DurationVar(&o.TaskTime, "task-time", 10*time.Millisecond, "")
	fs.DurationVar(&o.StateLag, "state-lag", -1, "")
	fs.DurationVar(&o.ClockSkew, "clock-skew", 0, "")
	date := fs.Duration("date", 0, "")
	count := fs.String("count", "", "")
	fs.Func("apps", "", func(s string) error {
		o.RequireSubAppId = true
		for id := range strings.SplitSeq(s, ",") {
			n, err := strconv.ParseUint(id, 10, 64)
			if err != nil {
				return err
			}
			o.SubAppIds = append(o.SubAppIds, n)
		}
		return nil
	})
	ts.Check(fs.Parse(args))
	s := vodfake.New(o)
	endpoint := serve(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(*date).UTC().Format(http.TimeFormat))
		if *count == "" {
			s.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		w.Write(regexp.MustCompile(`"CountOfEventsToPull":[0-9]+`).ReplaceAll(answer.Body.Bytes(), []byte(`"CountOfEventsToPull":`+*count)))
	}))
	ts.Defer(s.Close) // before the listener, which waits for held polls
	ts.Setenv("ENDPOINT", endpoint)
	ts.Setenv("VOD_ENDPOINT", endpoint)
	ts.Setenv("VOD_SECRET_ID", vodfake.SecretId)
	ts.Setenv("VOD_SECRET_KEY", vodfake.SecretKey)
	*ts.Value(theVOD).(**vodfake.Server) = s
}

func fake(ts *testscript.TestScript) *vodfake.Server {
	s := *ts.Value(theVOD).(**vodfake.Server)
	if s == nil {
		ts.Fatalf("no stand-in: call vod first")
	}
	return s
}

func app(ts *testscript.TestScript, arg string) uint64 {
	id, err := strconv.ParseUint(arg, 10, 64)
	ts.Check(err)
	return id
}

// queue puts files into the queue of an application: queue APP FILE…
func queue(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args[1:] {
		fake(ts).Queue(app(ts, args[0]), []byte(strings.TrimSpace(ts.ReadFile(file))))
	}
}

// forward moves VOD's clock: forward 30s
func forward(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	fake(ts).FastForward(d)
}

// queued checks a queue: queued APP WAITING LEASED CONFIRMED
func checkQueued(ts *testscript.TestScript, _ bool, args []string) {
	a := fake(ts).App(app(ts, args[0]))
	got := []string{strconv.Itoa(a.Waiting), strconv.Itoa(a.Leased), strconv.Itoa(a.Confirmed)}
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("waiting, leased, confirmed: %v, want %v", got, args[1:])
	}
}

// deny removes the right to an action: deny ACTION
func deny(ts *testscript.TestScript, _ bool, args []string) {
	fake(ts).Control(args[0], func(*vodfake.Call) *vodfake.Fault {
		return &vodfake.Fault{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}
	})
}

// fail makes VOD answer the next calls of an action with a code: fail ACTION CODE N
func fail(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	for range n {
		fake(ts).Next(args[0], vodfake.Fault{Kind: vodfake.Fail, Code: args[1]})
	}
}

// calls checks how often an action was called: calls ACTION N
func checkCalls(ts *testscript.TestScript, _ bool, args []string) {
	if n := len(fake(ts).Calls(args[0])); strconv.Itoa(n) != args[1] {
		ts.Fatalf("%d calls of %s, want %s", n, args[0], args[1])
	}
}

// signkey checks the key that VOD signs with: signkey APP KEY
func checkSignKey(ts *testscript.TestScript, _ bool, args []string) {
	if got := fake(ts).EventConfig(app(ts, args[0])).SignKey; got != args[1] {
		ts.Fatalf("SignKey is %q, want %q", got, args[1])
	}
}

// receiver starts the function callback, which appends to the file received,
// and sets CALLBACK to its URL: receiver [KEY,KEY]. "receiver broken" has a bad
// variable, "receiver silent" never answers.
func startReceiver(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse("file:" + ts.MkAbs("received"))
	ts.Check(err)
	out, err := lines.Open(u)
	ts.Check(err)
	ts.Defer(func() { out.Close() })
	p := deliver.Pipeline{Way: deliver.Pushed, Sinks: []deliver.Sink{out}, Store: deliver.NewMemory()}
	o := callback.Options{Deliver: p.Deliver}
	h := callback.Handler(func() (callback.Options, error) { return o, nil })
	if len(args) > 0 {
		switch args[0] {
		case "broken":
			h = callback.Handler(func() (callback.Options, error) { return o, errors.New("PULL_RATE: not a rate") })
		case "silent":
			ended, end := context.WithCancel(context.Background())
			ts.Setenv("CALLBACK", serve(ts, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-ended.Done():
				case <-r.Context().Done():
				}
			}))+"/callback")
			ts.Defer(end)
			return
		default:
			o.SignKeys = strings.Split(args[0], ",")
		}
	}
	ts.Setenv("CALLBACK", serve(ts, h)+"/callback")
}

// refuser starts a sink that refuses events whose subject is given, for good,
// and sets REFUSER to its URL: refuser SUBJECT
func startRefuser(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("REFUSER", serve(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct{ Subject string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.Subject == args[0] {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
	})))
}

// bucket starts an S3 and sets BUCKET to the URL of a sink in it, which has put
// the events of a file there: bucket FILE
func startBucket(ts *testscript.TestScript, _ bool, args []string) {
	s, err := costest.Run()
	ts.Check(err)
	ts.Defer(s.Close)
	ts.Setenv("BUCKET", s.URL("vod"))
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		e, err := event.ParseCloudEvent([]byte(line))
		ts.Check(err)
		ts.Check(s.Put("vod/"+e.Received.Format("2006/01/02/")+e.ID+".json", e.AppendCloudEvent(nil)))
	}
}

// status runs a command and checks its exit status: status 3 vodctl …
func checkStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// settoken sets a variable to the first word of stdout: settoken NAME
func setToken(ts *testscript.TestScript, _ bool, args []string) {
	words := strings.Fields(ts.ReadFile("stdout"))
	if len(words) == 0 {
		ts.Fatalf("stdout is empty")
	}
	ts.Setenv(args[0], words[0])
}

// decodable checks that stdout is JSON.
func checkJSON(ts *testscript.TestScript, _ bool, _ []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
}

// sort sorts the lines of a file into the file sorted: batches have no order.
func sortLines(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs("sorted"), []byte(strings.Join(lines, "")), 0o666))
}

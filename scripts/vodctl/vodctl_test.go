package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/callback"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink/lines"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

var update = flag.Bool("update", false, "write the golden files, and the page of symptoms in README.md")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"vodctl": main})
}

// The scripts in testdata/script are to be read, as a tutorial. Beside the
// commands of testscript they have those of this table.
func TestScripts(t *testing.T) {
	t.Parallel()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of the receivers in this process
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
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
		},
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // it is a second for each command
			e.Values[theVOD] = new(*vodfake.Server)
			return nil
		},
	})
}

type valueKey int

const theVOD valueKey = 0

// serve serves h until the script ends and returns its URL.
func serve(ts *testscript.TestScript, h http.Handler) string {
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	return s.URL
}

// vod starts a stand-in of VOD and points vodctl at it:
//
//	vod [-apps ID,ID] [-task-time D] [-state-lag D] [-clock-skew D] [-date D]
//
// -date is how far the Date of its answers is off. It has no limit of calls a
// second: how many a script makes in one depends on the machine.
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

// deny takes the right to an action away: deny ACTION
func deny(ts *testscript.TestScript, _ bool, args []string) {
	fake(ts).Control(args[0], func(*vodfake.Call) *vodfake.Fault {
		return &vodfake.Fault{Kind: vodfake.Fail, Code: "UnauthorizedOperation"}
	})
}

// fail has VOD answer the next calls of an action with a code: fail ACTION CODE N
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

// The manual is complete, and a golden file shows how it reads.
func TestManual(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	if status := run(t.Context(), []string{"help"}, func(string) string { return "" }, nil, &out, &errs); status != statusOK || errs.Len() > 0 {
		t.Fatalf("exit status %d, stderr %q", status, errs.String())
	}
	golden(t, filepath.Join("testdata", "help.txt"), out.String())
	for i, line := range strings.Split(out.String(), "\n") {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("line %d has %d characters: %s", i+1, n, line)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test -update writes it. Got:\n%s", file, got)
	}
}

// README.md holds the page of symptoms between two markers.
func TestSymptomsInReadme(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- symptoms -->\n", "<!-- /symptoms -->"
	file := filepath.Join("..", "..", "README.md")
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no README.md")
	}
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Skip("README.md has no place for it: " + begin + end)
	}
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("README.md has no %s", end)
	}
	want := symptomsMarkdown()
	if got == want {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the page of symptoms in README.md is not that of symptoms.go; go test ./scripts/vodctl -update writes it")
}

func TestShownURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"https://example.com/callback", "https://example.com/callback"},
		{"https://user:s3cret@example.com:8443/a%20b", "https://(masked)@example.com:8443/a%20b"},
		{"https://example.com/?token=s3cret&x=s3cret", "https://example.com/?token=(masked)&x=(masked)"},
		{"https://example.com/?s3cret", "https://example.com/?(masked)"},
		{"https://example.com/#s3cret", "https://example.com/"},
		{"https://admin:2024/s3cret@example.com/callback", "https://(masked)"},
		{"https://admin:2024?s3cret@example.com/callback", "https://(masked)"},
		{"https://admin:2024#s3cret@example.com/callback", "https://(masked)"},
		{"https://example.com/%zzs3cret", "(not a URL)"},
		{"", ""},
	} {
		if got := shownURL(test.address); got != test.want {
			t.Errorf("shownURL(%q) = %q, want %q", test.address, got, test.want)
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "::1": true, "10.0.0.7": true, "169.254.0.1": true, "callback": true,
		"1300000000-abc.in.ap-guangzhou.tencentscf.com": true,
		"1300000000-abc.ap-guangzhou.tencentscf.com":    false,
		"vod.tencentcloudapi.com":                       false,
		"203.0.113.5":                                   false, "": false,
	} {
		if got := private(host); got != want {
			t.Errorf("private(%q) = %t", host, got)
		}
	}
}

// What VOD answers is told apart by its code.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code       string
		want       cause
		everywhere bool
	}{
		{"AuthFailure.SignatureExpire", causeClock, true},
		{"AuthFailure.SecretIdNotFound", causeKeys, true},
		{"AuthFailure.TokenFailure", causeKeys, true},
		{"AuthFailure.UnauthorizedOperation", causeRights, false},
		{"UnauthorizedOperation", causeRights, false},
		{"FailedOperation.InvalidVodUser", causeInactive, false},
		{"InvalidParameterValue.SubAppId", causeSubAppId, false},
		{"MissingParameter", causeSubAppId, false},
		{"ClientError.NetworkError", causeEndpoint, true},
		{"RequestLimitExceeded", causeAPI, false},
		{"InternalError", causeAPI, false},
		{"ClientError.StrangeAnswer", causeStrange, false},
	} {
		got, everywhere := diagnose(&vod.Error{Action: "DescribeEventConfig", Code: test.code})
		if got.what != test.want.what || everywhere != test.everywhere {
			t.Errorf("%s: %q, %t", test.code, got.what, everywhere)
		}
	}
}

// Of events that come along those of the demonstration are picked, and what
// went wrong in VOD is told.
func TestDemonstrationSorts(t *testing.T) {
	t.Parallel()
	parse := func(body string) pulled {
		e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable})
		if err != nil {
			t.Fatal(err)
		}
		return pulled{Event: e}
	}
	upload := parse(`{"EventHandle":"1","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"f"}}`)
	stored := parse(`{"EventHandle":"2","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"u","FileId":"f"}}`)
	procedure := func(handle, task string, errCode, subErrCode int) pulled {
		return parse(fmt.Sprintf(`{"EventHandle":%q,"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":%q,"FileId":"f","Status":"FINISH","ErrCode":%d,
			"MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"ErrCode":%d,"Message":"source file broken"}}]}}`, handle, task, errCode, subErrCode))
	}
	for _, test := range []struct {
		name   string
		pulls  [][]pulled
		want   string // handles of its own
		others int
		fails  string
	}{
		{"in the order of the tutorial", [][]pulled{{stored}, {upload}, {procedure("3", "p", 0, 0)}}, "2 1 3", 0, ""},
		{"upload first", [][]pulled{{upload, stored}, {procedure("3", "p", 0, 0)}}, "2 1 3", 0, ""},
		{"others", [][]pulled{{
			parse(`{"EventHandle":"7","EventType":"NewFileUpload","FileUploadEvent":{"FileId":"g"}}`),
			parse(`{"EventHandle":"8","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"v","FileId":"g"}}`),
			parse(`{"EventHandle":"9","EventType":"SomethingNew"}`),
			parse(`{"EventHandle":"10","EventType":"NewFileUpload","FileUploadEvent":{"FileId":1}}`),
			procedure("11", "q", 0, 70000),
		}, {stored, procedure("3", "p", 0, 0)}}, "2 3", 5, ""},
		{"the deprecated ErrCode", [][]pulled{{procedure("3", "p", 40000, 0)}}, "3", 0, ""},
		{"a sub-task fails", [][]pulled{{procedure("3", "p", 0, 60000)}}, "3", 0, "Transcode: 60000 source file broken"},
		{"the upload fails", [][]pulled{{parse(`{"EventHandle":"2","EventType":"PullComplete","PullCompleteEvent":{"TaskId":"u","ErrCode":40000,"Message":"no such file"}}`)}},
			"2", 0, "PullUpload: 40000 no such file"},
	} {
		d := demonstration{upload: "u", process: "p", others: map[string]bool{}}
		var handles []string
		for _, events := range test.pulls {
			for _, e := range d.sort(events) {
				handles = append(handles, e.Handle)
			}
		}
		if got := strings.Join(handles, " "); got != test.want || len(d.others) != test.others || d.failure != test.fails {
			t.Errorf("%s: own %q, others %d, failure %q", test.name, got, len(d.others), d.failure)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		b := progress{w: &out}
		b.show("%d", 1)
		b.show("%d", 2) // too soon
		time.Sleep(time.Second)
		b.show("%d", 3)
		b.clear()
		b.clear()
		b.show("%d", 4)
		const line = "\r\x1b[K"
		if got, want := out.String(), line+"1"+line+"3"+line+line+"4"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		none := (&program{stderr: &out}).progress()
		none.show("5")
		none.clear()
		if strings.Contains(out.String(), "5") {
			t.Error("a line where there is no terminal")
		}
	})
}

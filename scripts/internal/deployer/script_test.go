package main

import (
	"bytes"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vodevents/shared/event"
	"vodevents/shared/scf/scffake"
)

type valueKey int

const theCloud valueKey = 0

// The scripts in testdata/script can be read as a tutorial. In addition to the
// commands of testscript they have those of this table.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"cloud":     startCloud(t),
			"functions": countFunctions,
			"url":       setURL,
			"post":      postCallback,
			"queue":     queueEvent,
			"timer":     fireTimer,
			"foreign":   makeForeign,
			"readme":    checkREADME,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[theCloud] = new(*cloud)
			e.Setenv("HOME", e.WorkDir)
			dir, err := dist()
			if err != nil {
				return err
			}
			e.Setenv("PATH", dir+string(filepath.ListSeparator)+e.Getenv("PATH"))
			return nil
		},
	})
}

func of(ts *testscript.TestScript) *cloud { return *ts.Value(theCloud).(**cloud) }

// cloud starts a stand-in for the cloud and sets the variables of a deployment
// there: cloud [-no-role]
func startCloud(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		var o scffake.Options
		fs := flag.NewFlagSet("cloud", flag.ContinueOnError)
		noRole := fs.Bool("no-role", false, "")
		ts.Check(fs.Parse(args))
		if *noRole {
			o.Roles = []scffake.Role{{Name: "SCF_QcsRole", Trust: `{"principal":{"service":["scf.qcloud.com"]}}`}}
		}
		c := newCloud(t, o)
		*ts.Value(theCloud).(**cloud) = c
		for name, value := range c.env {
			if name != "SINK" {
				ts.Setenv(name, value)
			}
		}
	}
}

// functions checks how many functions there are: functions N
func countFunctions(ts *testscript.TestScript, _ bool, args []string) {
	if n := len(of(ts).Functions()); strconv.Itoa(n) != args[0] {
		ts.Fatalf("there are %d functions, want %s", n, args[0])
	}
}

// url sets URL to the function URL that a deployment printed: url FILE
func setURL(ts *testscript.TestScript, _ bool, args []string) {
	_, rest, found := strings.Cut(ts.ReadFile(args[0]), "\nURL      ")
	if !found {
		ts.Fatalf("no URL in the output")
	}
	url, _, _ := strings.Cut(rest, "\n")
	ts.Setenv("URL", url)
}

// post sends a file as VOD sends a callback, signed: post URL FILE
func postCallback(ts *testscript.TestScript, _ bool, args []string) {
	body := event.Sign([]byte(strings.TrimSpace(ts.ReadFile(args[1]))), signKey, time.Now().Add(time.Minute))
	resp, err := http.Post(args[0], "application/json", bytes.NewReader(body))
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("it is answered %d", resp.StatusCode)
	}
}

// queue puts a file into VOD's queue: queue FILE
func queueEvent(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).vod.Queue(0, []byte(strings.TrimSpace(ts.ReadFile(args[0]))))
}

// timer fires the timer of the deployed pull.
func fireTimer(ts *testscript.TestScript, _ bool, _ []string) {
	_, err := of(ts).FireTimer(region, pull, "pull")
	ts.Check(err)
}

// foreign changes the description of pull as somebody in the console would.
func makeForeign(ts *testscript.TestScript, _ bool, _ []string) {
	of(ts).describeByHand(ts.Check)
}

// What differs from run to run, and what README.md has in its place.
var volatile = []struct {
	find *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+/callback`), "https://1250000000-abcdefghij.ap-guangzhou.tencentscf.com/callback"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "https://vod.tencentcloudapi.com"},
	{regexp.MustCompile(`sha256 [0-9a-f]{16}`), "sha256 0123456789abcdef"},
	{regexp.MustCompile(`\d+\.\d\d MB`), "7.20 MB"},
	{regexp.MustCompile(`One run of pull: \{"pulled":0.*"stopped":"empty".*`), `One run of pull: {"pulled":0,"delivered":0,…,"polls":1,"stopped":"empty","elapsed_ms":5012}`},
	{regexp.MustCompile(`\d+ ms`), "12 ms"},
	{regexp.MustCompile(`topic_id=\S+`), "topic_id=01234567-89ab-cdef-0123-456789abcdef"},
	{regexp.MustCompile(`(?m)^The address is not HTTPS.*\n`), ""}, // the stand-in's
	{regexp.MustCompile(`(?m)^.*longer than the 64 bytes.*\n`), ""},
}

// readme compares the output of a deployment with what README.md of scripts shows:
// readme FILE
func checkREADME(ts *testscript.TestScript, _ bool, args []string) {
	const begin, end = "<!-- deploy -->\n```console\n$ ./scripts/deploy -api -yes -configure\n", "```\n<!-- /deploy -->"
	text := ts.ReadFile(args[0])
	for _, v := range volatile {
		text = v.find.ReplaceAllString(text, v.text)
	}
	file := filepath.Join(of(ts).env["TEST_REPOSITORY"], "scripts", "README.md")
	readme, err := os.ReadFile(file)
	ts.Check(err)
	before, rest, found := strings.Cut(string(readme), begin)
	shown, after, closed := strings.Cut(rest, end)
	switch {
	case !found || !closed:
		ts.Fatalf("scripts/README.md has no place for the output of a deployment")
	case shown == text:
	case *update:
		ts.Check(os.WriteFile(file, []byte(before+begin+text+end+after), 0o644))
	default:
		ts.Fatalf("scripts/README.md shows\n%s\nand the output is\n%s\nRun this test with -update.", shown, text)
	}
}

package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vodevents/scripts/dev/page/internal/browser"
	"vodevents/shared/longtest"
)

// pictures is where a test that fails leaves a picture: a folder that Git
// ignores.
const pictures = "../../../.build/page"

// TestPage runs the tests of the page: each test of each *_test.js, in a window
// of one Chromium, beside a dev of its own.
func TestPage(t *testing.T) {
	chromium, err := browser.Start(context.Background())
	switch {
	case errors.Is(err, browser.ErrNone) && os.Getenv("CI") != "true":
		t.Skip(err, "; or set CI=true to have this fail")
	case err != nil:
		t.Fatal(err)
	}
	defer chromium.Close()
	dev, err := browser.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.js")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no tests: ", err)
	}
	t.Run("files", func(t *testing.T) { // ends when all parallel tests have
		for _, file := range files {
			t.Run(strings.TrimSuffix(file, "_test.js"), func(t *testing.T) {
				t.Parallel() // else the next file waits for the slowest test of this one
				script, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for n, c := range listed(t, chromium, file, script) {
					t.Run(c.Name, func(t *testing.T) {
						t.Parallel()
						w := &window{t: t, chromium: chromium, program: dev, test: c}
						w.run(file, script, n)
					})
				}
			})
		}
	})
}

// testCase is a test as its file tells of it.
type testCase struct {
	Name    string
	Args    []string
	Env     []string
	VOD     bool
	Refused int    // a status that dev may answer
	From    string // a kind of database: dev runs with -from
}

// source is a script that tells its own name and lines in errors.
func source(name string, script []byte) string { return string(script) + "\n//# sourceURL=" + name }

// listed are the tests of a file.
func listed(t *testing.T, chromium *browser.Browser, file string, script []byte) (cases []testCase) {
	t.Helper()
	tab, err := chromium.Blank()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	load(t, tab, file, script)
	list, err := browser.Evaluate[string](tab, "JSON.stringify(tests)")
	if err == nil {
		err = json.Unmarshal([]byte(list), &cases)
	}
	if err != nil || len(cases) == 0 {
		t.Fatalf("%s has no tests: %v", file, err)
	}
	return cases
}

// load loads a file of tests, and what they are written with, into a tab.
func load(t *testing.T, tab *browser.Tab, file string, script []byte) {
	t.Helper()
	tools, err := os.ReadFile("testing.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{source("testing.js", tools), source(file, script)} {
		if _, err := browser.Evaluate[chromedp.Void](tab, script); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// window is where one test runs.
type window struct {
	t        *testing.T
	chromium *browser.Browser
	program  string // dev
	test     testCase
	tab      *browser.Tab
	dev, vod *browser.Dev
}

func (w *window) run(file string, script []byte, n int) {
	t := w.t
	args, env := w.test.Args, w.test.Env
	if w.test.VOD {
		w.vod = w.start(nil, "-every", "off", "-headless")
		env = []string{"VOD_ENDPOINT=" + w.vod.VOD, "VOD_SECRET_ID=fake-secret-id", "VOD_SECRET_KEY=fake-secret-key"}
		args = append([]string{"-real"}, args...)
	}
	if w.test.From != "" {
		var database []string
		database, args = parkedTable(t, w.test.From, args)
		env = append(env, database...)
	}
	w.dev = w.start(env, args...)
	first := []chromedp.Action[chromedp.Void]{chromedp.ExposeFunc("hand", w.hand)}
	if longtest.On() {
		late, err := os.ReadFile("late.js")
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, browser.Before(string(late)))
	}
	tab, err := w.chromium.Open(w.dev.Base, first...)
	if err != nil {
		t.Fatal(err)
	}
	w.tab = tab
	defer tab.Close()
	load(t, tab, file, script)
	faults, err := browser.Evaluate[[]string](tab, fmt.Sprintf(
		`until('live', () => one('#conn').dataset.state === 'live').then(() => runTest(%d))`, n))
	if err != nil {
		t.Error(err)
	}
	for _, fault := range append(faults, tab.Faults()...) {
		if !w.expected(fault) {
			t.Error(fault)
		}
	}
	if t.Failed() {
		w.picture()
		t.Logf("dev printed:\n%s", w.dev.Output())
	}
}

// expected tells whether a fault is the browser's note of an answer that the test asks
// for.
func (w *window) expected(fault string) bool {
	return w.test.Refused != 0 && strings.Contains(fault, fmt.Sprintf("responded with a status of %d", w.test.Refused))
}

// start starts a dev that is stopped at the end of the test.
func (w *window) start(env []string, args ...string) *browser.Dev {
	w.t.Helper()
	dev, err := browser.StartDev(context.Background(), w.program, env, args...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(dev.Stop)
	return dev
}

// picture keeps a picture of the window.
func (w *window) picture() {
	b, err := w.tab.Picture()
	if err == nil {
		err = os.MkdirAll(pictures, 0o755)
	}
	name := filepath.Join(pictures, strings.ReplaceAll(strings.TrimPrefix(w.t.Name(), "TestPage/files/"), "/", " ")+".png")
	if err == nil {
		err = os.WriteFile(name, b, 0o644)
	}
	w.t.Log("the window, as a picture: ", name, " ", err)
}

// hand does what a script cannot do. The functions of testing.js call it.
func (w *window) hand(ctx context.Context, args []any) (any, error) {
	word := func(i int) string { return fmt.Sprint(args[i]) }
	switch word(0) {
	case "click":
		return nil, w.tab.Click(word(1))
	case "focus":
		return nil, w.tab.Focus(word(1))
	case "write":
		return nil, w.tab.Write(word(1), word(2))
	case "keys":
		return nil, w.keys(args[1:])
	case "ctrl":
		return nil, w.tab.Keys(named(word(1)), chromedp.ModifierCtrl)
	case "size":
		return nil, w.tab.Size(int64(args[1].(float64)), int64(args[2].(float64)))
	case "scheme":
		return nil, w.tab.Scheme(word(1))
	case "parts":
		return w.tab.Parts()
	case "shell":
		out, err := exec.CommandContext(ctx, "sh", "-c", word(1)).CombinedOutput()
		return string(out), err
	case "stop dev":
		w.tab.Offline()
		w.dev.Stop()
		return nil, nil
	case "start dev":
		dev, err := browser.StartDev(ctx, w.program, nil, append(w.test.Args, "-addr", strings.TrimPrefix(w.dev.Base, "http://"))...)
		if err == nil {
			w.t.Cleanup(dev.Stop)
		}
		return nil, err
	case "vod":
		out, err := w.vod.Call(word(1), word(2), word(3))
		return string(out), err
	}
	return nil, fmt.Errorf("there is no hand for %q", args)
}

func (w *window) keys(names []any) error {
	for _, name := range names {
		if err := w.tab.Keys(named(fmt.Sprint(name))); err != nil {
			return err
		}
	}
	return nil
}

// named is a key by its name, or text as it is.
func named(key string) string {
	switch key {
	case "Tab":
		return kb.Tab
	case "Enter":
		return kb.Enter
	case "Escape":
		return kb.Escape
	case "Home":
		return kb.Home
	case "End":
		return kb.End
	case "ArrowDown":
		return kb.ArrowDown
	case "ArrowUp":
		return kb.ArrowUp
	case "ArrowLeft":
		return kb.ArrowLeft
	case "ArrowRight":
		return kb.ArrowRight
	}
	return key
}

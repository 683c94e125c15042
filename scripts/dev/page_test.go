package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vodevents/shared/vodfake"
)

// screenshots is where the tests of the page leave their pictures: a folder
// that Git ignores, kept after the run.
const screenshots = "../../.build/page"

// tab is a tab of a Chromium in which the page of a running dev is open. Every
// test ends with a look at the console, which must be empty, and at the
// requests, which must all have gone to dev.
type tab struct {
	*program
	t   *testing.T
	ctx context.Context

	mu        sync.Mutex
	console   []string
	elsewhere []string
	offline   bool // dev is away on purpose: failed requests are right
}

// openPage starts dev and opens its page, 1440 by 900, in a browser of its own.
func openPage(t *testing.T, args ...string) *tab { return openPageWith(t, nil, args...) }

func openPageWith(t *testing.T, env []string, args ...string) *tab {
	t.Helper()
	p := &tab{t: t}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" && os.Getenv("CI") == "true" {
		t.Fatal("there is no Chromium: install the package chromium")
	}
	if path == "" {
		t.Skip("there is no Chromium: install it, or set CI=true to have this fail")
	}
	p.program = launch(t, env, args...)

	allocator, closeBrowser := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", false), chromedp.Flag("disable-component-update", true))...)
	t.Cleanup(closeBrowser)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if t.Failed() && ctx.Err() == nil {
			p.shot("failed")
		}
		closeTab()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, line := range p.console {
			t.Errorf("console: %s", line)
		}
		for _, u := range p.elsewhere {
			t.Errorf("request to another host: %s", u)
		}
	})
	p.ctx = ctx
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		return err
	}))
	p.size(1440, 900)
	p.scheme("light")
	p.do(chromedp.Navigate(p.base + "/"))
	p.until("live", `document.querySelector('#conn').dataset.state === 'live'`)
	return p
}

func (p *tab) listen(e any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		p.console = append(p.console, e.ExceptionDetails.Text)
		if x := e.ExceptionDetails.Exception; x != nil {
			p.console = append(p.console, x.Description)
		}
	case *runtime.EventConsoleAPICalled:
		p.console = append(p.console, fmt.Sprint(e.Type))
	case *log.EventEntryAdded:
		if !p.offline {
			p.console = append(p.console, fmt.Sprint(e.Entry.Text, " ", e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && "http://"+u.Host != p.base {
			p.elsewhere = append(p.elsewhere, e.Request.URL)
		}
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// js evaluates an expression, which may be a promise.
func js[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits, frame by frame, until an expression is true. (chromedp.Poll
// builds a function from a text, which the page's Content-Security-Policy
// forbids.)
func (p *tab) until(what, expression string) {
	p.t.Helper()
	if !js[bool](p, fmt.Sprintf(`new Promise((done) => {
		const end = performance.now() + 45e3;
		const look = () => { if (%s) done(true); else if (performance.now() > end) done(false); else setTimeout(look, 20); };
		look();
	})`, expression)) {
		p.t.Fatalf("never: %s (%s)", what, expression)
	}
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) keys(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// write replaces the text of a field by typing.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
	p.keys("a", chromedp.ModifierCtrl)
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// slide sets a slider as the keys do: 0, or a share of its range.
func (p *tab) slide(selector, key string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
	p.keys(key)
}

func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// scheme is what the reader's system prefers: light or dark.
func (p *tab) scheme(scheme string) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}

// shot keeps a picture of the tab.
func (p *tab) shot(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(screenshots, strings.TrimPrefix(p.t.Name(), "TestPage")+"-"+name+".png"), b, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// row is an expression: the text of the n-th row that is shown, from 1.
func row(n int) string {
	return fmt.Sprintf(`(document.querySelector('.event:not([hidden])[aria-rowindex="%d"]')?.innerText ?? '')`, n+1)
}

func text(id string) string { return fmt.Sprintf(`document.getElementById(%q).innerText`, id) }

// focused is an expression: the id of the element that has the focus, or of
// the nearest around it.
const focused = `(document.activeElement?.closest('[id]')?.id ?? '')`

func (p *tab) openedID() string { return js[string](p, `location.hash.slice(1)`) }

// A first visit invites; its commands run.
func TestPageFirstVisit(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.until("the invitation", `!document.querySelector('#empty').hidden`)
	p.shot("light")
	p.scheme("dark")
	p.shot("dark")
	p.size(360, 740)
	p.shot("narrow")

	// What it says to type in a shell works.
	command := js[string](p, `document.querySelector('#tries pre').innerText`)
	if exec.Command("curl", "--version").Run() == nil {
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil || !strings.Contains(string(out), `"id"`) {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		p.until("the callback", row(1)+`.includes('answered')`)
	}
}

// big is an event whose numbers no float can hold.
const big = `{
  "EventType": "NewFileUpload",
  "FileUploadEvent": {
    "FileId": "9007199254740993",
    "Number": 9007199254740993,
    "Spelled": 1.0
  }
}`

// An event is sent, seen confirmed, opened, searched, edited and sent again.
func TestPageSendOpenResend(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.click("#open-send")
	p.until("the kinds", `document.querySelectorAll('#kind option').length === 36`)
	p.until("a sample", `document.querySelector('#json').value.includes('FileUploadEvent')`)
	p.shot("form")
	p.write("#json", `{"EventType": "NewFileUpload",}`)
	p.until("the error", text("json-state")+`.startsWith('Line 1, column 31')`)
	p.write("#json", big)
	p.until("valid JSON", text("json-state")+`.startsWith('Valid JSON')`)
	p.click("#send-now")
	p.until("confirmed", row(1)+`.includes('confirmed')`)
	p.click(".event")
	p.until("the event", `document.querySelector('#panel-body').innerText.includes('"Number": 9007199254740993,') && document.querySelector('#panel-body').innerText.includes('"Spelled": 1.0')`)
	p.until("its history", `['queued', 'pulled', 'delivered', 'confirmed'].every((s) => `+text("history")+`.includes(s))`)
	p.shot("opened")
	p.scheme("dark")
	p.shot("opened-dark")
	p.scheme("light")

	p.click("#tab-cloud")
	p.until("the CloudEvent", `document.querySelector('#panel-cloud').innerText.includes('"specversion": "1.0"') && document.querySelector('#panel-cloud').innerText.includes('9007199254740993,')`)
	p.write("#panel-cloud input", "fileid")
	p.until("a match", `document.querySelector('#panel-cloud mark')?.innerText === 'FileId' && document.querySelector('#panel-cloud .found').innerText === '1 of 1'`)
	p.shot("cloudevent")
	p.click("#tab-log")
	p.until("the log", `!document.querySelector('#panel-log').hidden`)
	p.click("#tab-body")

	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: p.base,
		}); err != nil {
			t.Fatal(err)
		}
	}
	p.click("#curl")
	p.until("the curl line", text("toasts")+`.includes('copied')`)
	if line := js[string](p, `navigator.clipboard.readText()`); !strings.HasPrefix(line, "curl ") || !strings.Contains(line, "9007199254740993") {
		t.Errorf("copied %q", line)
	}

	first := p.openedID()
	p.click("#resend")
	p.until("the resent one", `/duplicate|resent/.test(`+row(1)+`) && `+row(1)+`.includes('confirmed')`) // a duplicate, unless another instance of pull got it

	p.click("#edit")
	p.until("the editor", `document.querySelector('#json').value.includes('9007199254740993')`)
	edited := strings.ReplaceAll(big, "9007199254740993", "18446744073709551615")
	p.write("#json", edited)
	p.shot("edit")
	p.click("#send-now")
	p.until("the edited event", row(1)+`.includes('18446744073709551615') && `+row(1)+`.includes('confirmed') && `+row(1)+`.includes('resent')`)
	p.click(`.event[aria-rowindex="2"]`)
	p.until("the edited number", `document.querySelector('#panel-body').innerText.includes('"Number": 18446744073709551615,')`)
	if d := p.event(p.openedID()); d.Body != edited || d.ResendOf != first {
		t.Errorf("sent %q as resend of %q, want %q of %q", d.Body, d.ResendOf, edited, first)
	}
}

// The editor takes and refuses what the browser's own parser does, and its
// Format button changes nothing but white space: 3,000 texts made by chance.
func TestPageJSON(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "off")
	p.click("#open-send")
	p.until("a sample", `document.querySelector('#json').value.includes('FileUploadEvent')`)
	if wrong := js[[]string](p, formatByChance); len(wrong) > 0 {
		t.Errorf("%d wrong, such as %q", len(wrong), wrong[0])
	}
}

const formatByChance = `(() => {
	const editor = document.querySelector('#json'), format = document.querySelector('#format');
	let seed = 1;
	const pick = (list) => list[(seed = seed * 48271 % 2147483647) % list.length];
	const space = () => pick(['', ' ', '\n', '\t\r ']);
	const some = (make) => Array.from({ length: pick([0, 1, 2, 3]) }, make).join();
	const object = (depth) => '{' + space() + some(() => space() + '"k' + pick('abc') + '"' + space() + ':' + space() + value(depth) + space()) + '}';
	const value = (depth) => pick(depth > 4 ? [0] : [0, 0, 1, 2]) === 0
		? pick(['9007199254740993', '18446744073709551615', '1.0', '-0', '1e5', '-1.25E-3', 'true', 'false', 'null', '""', '"\\u00e9\\"\\\\"', '"中{,}"'])
		: pick([true, false]) ? '[' + space() + some(() => space() + value(depth + 1) + space()) + ']' : object(depth + 1);
	const bare = (text) => text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
	const wrong = [];
	for (let n = 0; n < 3000; n++) {
		let text = space() + object(0) + space();
		if (n % 3 === 0) { // broken somewhere, most likely
			const at = seed % text.length;
			text = text.slice(0, at) + pick([',', '"', '}', ']', '[', ':', '0', '.', 'x', '\\']) + text.slice(at + pick([0, 1]));
		}
		let valid = true;
		try { JSON.parse(text); } catch { valid = false; }
		editor.value = text;
		format.click();
		if ((editor.getAttribute('aria-invalid') === 'false') !== valid) wrong.push('valid is ' + valid + ': ' + text);
		else if (valid && bare(editor.value) !== bare(text)) wrong.push('changed: ' + text);
	}
	return wrong;
})()`

// Many events of a kind keep what was changed and differ in the rest.
func TestPageSendMany(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.click("#open-send")
	p.until("a sample", `document.querySelector('#json').value.includes('FileUploadEvent')`)
	p.do(chromedp.Focus(chromedp.CSS("#kind")))
	p.keys("PullC")
	p.until("another sample", `document.querySelector('#kind').value === 'PullComplete' && document.querySelector('#json').value.includes('"SessionContext": ""')`)
	p.write("#json", strings.Replace(js[string](p, `document.querySelector('#json').value`), `"SessionContext": ""`, `"SessionContext": "all of them"`, 1))
	p.click(`#how-many label:nth-child(3)`)
	p.shot("hundred")
	p.click("#send-now")
	p.until("a hundred", text("matched")+` === '100 events'`)
	var list struct{ Events []summary }
	p.call(http.StatusOK, "GET", "/api/events?q=all+of+them&limit=1000", "", &list)
	different := map[string]bool{}
	for _, e := range list.Events {
		different[e.Subject] = true
	}
	if len(list.Events) != 100 || len(different) != 100 {
		t.Errorf("%d events with %d subjects, want 100 and 100", len(list.Events), len(different))
	}

	// The text filter finds what stands in the bodies too.
	p.write("#q", "all of THEM")
	p.until("all found", text("matched")+` === '100 of 100 events'`)
	p.write("#q", "none of them")
	p.until("none found", `!document.querySelector('#none').hidden`)
	p.shot("none")
	p.click("#unfilter")
	p.until("confirmed", `document.querySelector('#states [data-state=confirmed] .count')?.innerText === '100'`)

	// By state and by type.
	p.send("/api/events?kind=FileDeleted&mode=normal", "")
	p.until("answered", row(1)+`.includes('answered')`)
	p.click("#states [data-state=answered]")
	p.until("the answered", text("matched")+` === '1 of 101 events'`)
	p.click("#states [data-state=confirmed]")
	p.until("the answered and confirmed", text("matched")+` === '101 of 101 events'`)
	p.do(chromedp.Focus(chromedp.CSS("#type")))
	p.keys("FileD")
	p.until("those deleted", text("matched")+` === '1 of 101 events'`)
}

// In mode PUSH events go to the callback, signed when the switch is on.
func TestPageMode(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "off")
	p.click("#mode label:nth-child(2)")
	p.until("PUSH", text("mode-hint")+`.includes('/callback')`)
	p.click("[data-config=signed]")
	var c struct {
		Mode   string
		Signed bool
	}
	p.until("signing", `document.querySelector('[data-config=signed]').checked`)
	for c.Mode != vodfake.Push || !c.Signed {
		p.call(http.StatusOK, "GET", "/api/config", "", &c)
	}
	p.click("#open-send")
	p.until("a sample", `document.querySelector('#json').value.includes('FileUploadEvent')`)
	if way := js[string](p, `document.querySelector('[name=way]:checked').value`); way != "normal" {
		t.Errorf("in mode PUSH the form proposes %q", way)
	}
	p.click("#send-now")
	p.until("answered", row(1)+`.includes('answered') && `+row(1)+`.includes('normal')`)
	if d := p.event("1"); d.Status != http.StatusOK {
		t.Errorf("a signed callback was answered %d", d.Status)
	}

	// What is set by curl shows.
	p.call(http.StatusOK, "PUT", "/api/config", `{"Mode":"PULL","signed":false}`, nil)
	p.until("PULL", `document.querySelector('[name=Mode][value=PULL]').checked && !document.querySelector('[data-config=signed]').checked`)
}

// The answer of a pull is lost, the lease runs out as the clock is forwarded,
// the event is redelivered and confirmed.
func TestPageRedelivery(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "off")
	const lost = `[data-fault="PullEvents lost"]`
	p.slide(lost, kb.End)
	p.until("the fault", text("fault-badge")+` === '1'`)
	id := p.send("/api/events?kind=NewFileUpload&mode=reliable", "")[0]
	p.until("queued", row(1)+`.includes('queued')`)
	p.click("#timer")
	p.until("leased", row(1)+`.includes('pulled') && / \d+ s/.test(`+row(1)+`.replaceAll('\n', ' '))`)
	p.click(".event")
	p.until("the lease", `document.querySelector('#d-facts .lease')?.innerText.includes(' s')`)
	p.shot("leased")
	p.slide(lost, kb.Home)
	p.until("no fault", `document.querySelector('#fault-badge').hidden`)
	p.until("the end of the pull", `!document.querySelector('#timer').hasAttribute('aria-busy')`)
	p.click("#forward")
	p.until("redelivered", row(1)+`.includes('redelivered') && `+text("history")+`.includes('redelivered')`)
	p.until("the clock", text("clock-offset")+` === '30 s ahead'`)
	p.until("a lease miss", `document.querySelector('[data-figure=misses] output').innerText === '1'`)
	p.shot("redelivered")
	p.click("#timer")
	p.until("confirmed", row(1)+`.includes('confirmed')`)
	p.until("two tries", text("d-facts")+`.includes('2 tries')`)
	if d := p.event(id); d.Attempts != 2 || d.Outs != 1 {
		t.Errorf("%d attempts, came out %d times; want 2 and 1", d.Attempts, d.Outs)
	}
}

// The answer to a callback is lost: after 5 s VOD sends it again. A sink that
// refuses parks.
func TestPageFaults(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.click(".fault-group:last-of-type summary")
	p.slide(`[data-fault="Callback lost"]`, kb.End)
	p.until("the fault", text("fault-badge")+` === '1'`)
	p.send("/api/events?kind=NewFileUpload&mode=normal", "")
	p.click(".event")
	p.until("timed out", text("history")+`.includes('timed out')`)
	p.until("the retry", text("d-facts")+`.includes('2 tries')`)
	p.shot("retry")
	p.click("#calm")
	p.until("no fault", `document.querySelector('#fault-badge').hidden`)

	p.slide("[data-sink=probability]", kb.End)
	p.do(chromedp.Focus(chromedp.CSS("[data-sink=status]")))
	p.keys("400")
	p.until("the hint", text("sink-hint")+`.includes('parked')`)
	p.until("the sink", text("fault-badge")+` === '1'`)
	p.send("/api/events?kind=PullComplete&mode=reliable", "")
	p.until("parked", row(1)+`.includes('parked')`)
	p.click(`.event[aria-rowindex="2"]`)
	p.until("its log", text("log-count")+` !== ''`)
	p.click("#tab-log")
	p.until("the reason", text("panel-log")+`.includes('parked')`)
	p.shot("parked")
	p.scheme("dark")
	p.shot("parked-dark")
}

// All of it without a mouse.
func TestPageKeyboard(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.keys(kb.Tab)
	p.until("the skip link", `document.activeElement.matches('.skip')`)
	p.keys(kb.Enter)
	p.until("the list", focused+` === 'grid'`)

	p.keys("n")
	p.until("the form", focused+` === 'kind' && document.querySelector('#json').value !== ''`)
	for range 24 { // the focus stays in the dialog
		p.keys(kb.Tab)
		if !js[bool](p, `document.activeElement === document.body || document.querySelector('#send').contains(document.activeElement)`) {
			t.Fatalf("the focus left the dialog for %s", js[string](p, `document.activeElement.outerHTML.slice(0, 200)`))
		}
	}
	p.do(chromedp.Focus(chromedp.CSS("#json")))
	p.keys(kb.Enter, chromedp.ModifierCtrl)
	p.until("sent and closed", `!document.querySelector('#send').open && `+row(1)+`.includes('confirmed')`)
	p.until("the list again", focused+` === 'grid'`)

	p.send("/api/events?kind=PullComplete&mode=reliable&n=40", "")
	p.until("all of them", `document.querySelector('#states [data-state=confirmed] .count').innerText === '41'`)
	p.keys("g")
	p.keys("jjj" + kb.ArrowDown + "k")
	p.until("the fourth row", `document.querySelector('#' + document.querySelector('#grid').getAttribute('aria-activedescendant'))?.ariaRowIndex === '5'`)
	p.shot("cursor")
	p.keys(kb.Enter)
	p.until("the event", focused+` === 'd-type'`)
	fourth := p.openedID()
	p.keys("j")
	p.until("the next event", `location.hash.slice(1) !== '`+fourth+`' && document.querySelector('#panel-body .line')`)

	// Fold the JSON: to the tree, left.
	for range 30 {
		if js[bool](p, `document.activeElement.matches('#panel-body .line')`) {
			break
		}
		p.keys(kb.Tab)
	}
	lines := js[int](p, `document.querySelectorAll('#panel-body .line').length`)
	p.keys(kb.ArrowDown + kb.ArrowDown)
	p.until("the payload", `document.activeElement.innerText.includes('PullCompleteEvent')`)
	p.keys(kb.ArrowLeft)
	p.until("folded", `document.activeElement.ariaExpanded === 'false'`)
	if now := js[int](p, `document.querySelectorAll('#panel-body .line').length`); now >= lines {
		t.Errorf("%d lines before folding, %d after", lines, now)
	}
	p.keys(kb.ArrowRight)
	p.until("unfolded", `document.activeElement.ariaExpanded === 'true'`)

	p.keys("r")
	p.until("resent", `document.querySelector('#matched').innerText === '42 events'`)
	p.keys("e")
	p.until("the editor", focused+` === 'json'`)
	p.keys(kb.Escape)
	p.until("closed", `!document.querySelector('#send').open`)
	p.keys(kb.Escape)
	p.until("the list", focused+` === 'grid' && !document.querySelector('#detail').open`)

	p.keys("/")
	p.until("the filter", focused+` === 'q'`)
	p.keys("nosuchthing")
	p.until("no event", `!document.querySelector('#none').hidden`)
	p.keys(kb.Escape)
	p.until("all events", `document.querySelector('#none').hidden && document.querySelector('#q').value === ''`)
	p.keys(kb.Escape)
	p.keys("?")
	p.until("the keys", `document.querySelector('#keys').open`)
	p.shot("keys")
	p.keys(kb.Escape)
	p.keys("f")
	p.until("forward", text("clock-offset")+` === '30 s ahead'`)

	// From the top through everything: the focus is always to be seen.
	js[bool](p, `(document.activeElement.blur(), document.querySelector('.skip').focus(), true)`)
	visited := map[string]bool{}
	for range 80 {
		p.keys(kb.Tab)
		at := js[string](p, `(() => {
			const e = document.activeElement;
			if (e === document.body) return '';
			const shown = [e, e.nextElementSibling, e.querySelector('[data-cursor]')].some((x) => x && getComputedStyle(x).outlineStyle !== 'none');
			return (shown ? '' : 'NO FOCUS SEEN ') + e.tagName + '#' + e.id + '.' + e.className + ' ' + (e.name ?? '') + JSON.stringify(e.dataset);
		})()`)
		if strings.HasPrefix(at, "NO FOCUS") {
			t.Error(at)
		}
		if at == "" || visited[at] && strings.Contains(at, "skip") {
			break
		}
		visited[at] = true
	}
	if len(visited) < 25 {
		t.Errorf("only %d stops of the Tab key: %v", len(visited), visited)
	}
}

// Ten thousand events stay smooth: few rows are in the document, and a key in
// the filter or a scroll is on the screen within 100 ms.
func TestPageTenThousand(t *testing.T) {
	p := openPage(t, "-every", "off")
	p.send("/api/events?kind=NewFileUpload&mode=reliable&n=6000", "")
	p.send("/api/events?kind=ProcedureStateChanged&mode=reliable&n=3993", "")
	p.until("nearly ten thousand", text("matched")+` === '9,993 events'`)
	p.shot("list")

	const frame = `const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));`
	check := func(what string, ms []float64) {
		t.Helper()
		t.Logf("%s: median %.0f ms, most %.0f ms", what, ms[len(ms)/2], ms[len(ms)-1])
		if ms[len(ms)/2] > 100 {
			t.Errorf("%s takes %.0f ms at the median: %.0f", what, ms[len(ms)/2], ms)
		}
		if n := js[int](p, `document.querySelectorAll('.event').length`); n > 60 {
			t.Errorf("%d rows are in the document", n)
		}
	}
	check("a key in the filter", js[[]float64](p, `(async () => {
		`+frame+`
		const q = document.querySelector('#q'), took = [];
		for (const text of ['n', 'ne', 'new', 'newf', 'newfi', 'newf', 'p', 'pr', 'pro', '99', '997', '9', '']) {
			await frame();
			const begin = performance.now();
			q.value = text;
			q.dispatchEvent(new Event('input'));
			await frame();
			took.push(performance.now() - begin);
		}
		return took.sort((a, b) => a - b);
	})()`))
	check("a scroll", js[[]float64](p, `(async () => {
		`+frame+`
		const v = document.querySelector('#viewport'), took = [];
		for (let y = 0; y < v.scrollHeight; y += v.scrollHeight / 50) {
			const begin = performance.now();
			v.scrollTop = y;
			await frame();
			took.push(performance.now() - begin);
		}
		return took.sort((a, b) => a - b);
	})()`))

	// The oldest is at the end, and what the reader looks at stays when more come.
	p.do(chromedp.Focus(chromedp.CSS("#grid")))
	p.keys("G")
	p.until("the oldest", row(9993)+`.includes('NewFileUpload')`)
	js[bool](p, `(document.querySelector('#viewport').scrollTop = 36 * 5000, true)`)
	p.until("the middle", row(5010)+` !== ''`)
	before := js[string](p, row(5010))
	p.send("/api/events?kind=PullComplete&mode=reliable&n=7", "")
	p.until("seven newer", text("newer")+`.includes('7 newer')`)
	if after := js[string](p, row(5017)); after != before {
		t.Errorf("the row moved: %q, now %q", before, after)
	}
	p.shot("middle")
	p.click("#newer")
	p.until("the newest", row(1)+`.includes('PullComplete')`)

	// All of them through the functions, while the page watches.
	p.call(http.StatusOK, "PUT", "/api/config", `{"every":"300ms"}`, nil)
	p.until("all confirmed", `document.querySelector('#states [data-state=confirmed] .count')?.innerText === '10,000'`)
	if newest := js[string](p, row(1)); !strings.Contains(newest, "PullComplete") {
		t.Errorf("the newest is %q", newest)
	}
	p.shot("confirmed")
}

// dev goes away and comes back; the page says so and recovers by itself.
func TestPageConnectionLost(t *testing.T) {
	p := openPage(t, "-every", "300ms")
	p.send("/api/events?kind=NewFileUpload&mode=reliable", "")
	p.until("confirmed", row(1)+`.includes('confirmed')`)
	p.mu.Lock()
	p.offline = true
	p.mu.Unlock()
	p.stop()
	p.until("the banner", `!document.querySelector('#lost').hidden && `+text("conn-text")+` === 'connection lost'`)
	p.shot("lost")
	launch(t, nil, "-every", "300ms", "-addr", strings.TrimPrefix(p.base, "http://"))
	p.until("recovered", `document.querySelector('#lost').hidden && `+text("conn-text")+` === 'live'`)
	p.until("the new dev has no events", `!document.querySelector('#empty').hidden`)
	p.click("#first")
	p.until("confirmed", row(1)+`.includes('confirmed')`)
}

// With -real there is nothing to switch but the timer, and VOD's own events are
// seen. The real VOD is another dev's stand-in here.
func TestPageReal(t *testing.T) {
	t.Parallel()
	vod := launch(t, nil, "-every", "off", "-headless")
	p := openPageWith(t, []string{
		"VOD_ENDPOINT=" + vod.api, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey,
	}, "-real", "-every", "300ms")
	p.until("the real VOD", text("where")+` === 'the real VOD'`)
	if shown := js[[]string](p, `[...document.querySelectorAll('[data-standin]')].filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 80))`); len(shown) > 0 {
		t.Errorf("what only a stand-in can do is shown: %q", shown)
	}
	p.shot("empty")
	vod.send("/api/events?kind=PullComplete&mode=reliable", "")
	p.until("VOD's event", row(1)+`.includes('PullComplete') && `+row(1)+`.includes('delivered')`)
	p.click("#open-send")
	p.until("a sample", `document.querySelector('#json').value.includes('FileUploadEvent')`)
	p.click("#send-now")
	p.until("answered", row(1)+`.includes('answered')`)
	p.shot("events")
}

// A screen reader has a name for everything that can be operated.
func TestPageNames(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "300ms")
	p.send("/api/events?kind=NewFileUpload&mode=reliable", "")
	p.until("confirmed", row(1)+`.includes('confirmed')`)
	p.click(".event")
	p.until("the event", `document.querySelector('#panel-body .line')`)
	js[bool](p, `(document.querySelectorAll('details').forEach((d) => { d.open = true; }), true)`)
	seen := map[string]int{}
	look := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			t.Fatal(err)
		}
		of := func(v *accessibility.Value) string {
			if v == nil {
				return ""
			}
			var s string
			json.Unmarshal([]byte(v.Value), &s)
			return s
		}
		for _, n := range tree.Nodes {
			if n.Ignored {
				continue
			}
			switch role := of(n.Role); role {
			case "button", "textbox", "searchbox", "combobox", "slider", "switch", "radio", "radiogroup", "grid", "row", "tab", "tabpanel", "tree", "treeitem", "dialog", "region", "complementary", "link", "image", "figure":
				if seen[role]++; of(n.Name) == "" && role != "figure" {
					t.Errorf("a %s has no name: node %d", role, n.BackendDOMNodeID)
				}
			}
		}
	}
	look()
	for _, open := range []string{"#open-send", "#open-api", "#open-keys"} {
		p.click(open)
		look()
		p.keys(kb.Escape)
	}
	for _, role := range []string{"grid", "row", "slider", "switch", "tree", "treeitem", "dialog", "tab"} {
		if seen[role] == 0 {
			t.Errorf("there is no %s: %v", role, seen)
		}
	}
}

// The API's document names every call, and its commands are for this address.
func TestPageAPI(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "off")
	p.click("#open-api")
	p.until("the API", `document.querySelector('#api').open`)
	p.shot("api")
	doc := js[string](p, text("api-docs"))
	for _, call := range []string{"/api/events", "/api/events/{id}", "/api/events/{id}/resend", "/api/kinds", "/api/config", "/api/faults", "/api/clock", "/api/timer", "/api/figures", "/api/stream", p.base} {
		if !strings.Contains(doc, call) {
			t.Errorf("%s is not documented", call)
		}
	}
}

// Light and dark, narrow and wide: text has a contrast of 4.5, and nothing
// stands out of its place.
func TestPageColoursAndWidths(t *testing.T) {
	t.Parallel()
	p := openPage(t, "-every", "off")
	p.send("/api/events?kind=CreateSnapshotByTimeOffsetComplete&mode=normal&n=3", "")
	p.until("answered", row(3)+`.includes('answered')`)
	p.call(http.StatusOK, "PUT", "/api/faults", `{"sink":{"probability":1,"status":400,"delayMs":0}}`, nil)
	p.send("/api/events?kind=ComplexAdaptiveDynamicStreamingComplete&mode=reliable&n=3", "")
	p.click("#timer")
	p.until("parked", row(1)+`.includes('parked')`)
	p.until("the end of the pull", `!document.querySelector('#timer').hasAttribute('aria-busy')`)
	p.call(http.StatusOK, "PUT", "/api/faults", `{"faults":[{"action":"PullEvents","kind":"lost","probability":1}],"sink":{"probability":0}}`, nil)
	p.send("/api/events?kind=RestoreMediaComplete&mode=reliable&n=3", "")
	p.click("#timer")
	p.until("pulled", row(1)+`.includes('pulled')`)

	check := func(where string) {
		t.Helper()
		for _, fault := range js[[]string](p, contrastAndOverflow) {
			t.Errorf("%s: %s", where, fault)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		p.scheme(scheme)
		p.size(1600, 1000)
		check(scheme)
		p.click(`.event[aria-rowindex="5"]`)
		p.until("the event", `document.querySelector('#panel-body .line')`)
		p.write("#panel-body input", "complex")
		p.until("a match", `document.querySelector('#panel-body mark')`)
		p.shot("opened-1600-" + scheme)
		check(scheme + ", opened")
		p.keys(kb.Escape)
		p.keys(kb.Escape)
		for _, dialog := range []string{"send", "api"} {
			p.click("#open-" + dialog)
			p.until("the dialog", `document.querySelector('#`+dialog+`').open`)
			check(scheme + ", " + dialog)
			p.keys(kb.Escape)
		}
	}
	for _, width := range []int64{360, 480, 640, 768, 900, 1024, 1180, 1280} {
		p.size(width, 740)
		p.until("the width", fmt.Sprintf(`innerWidth === %d`, width))
		check(fmt.Sprint(width))
		p.shot(fmt.Sprint(width))
		p.click(`.event[aria-rowindex="5"]`)
		p.until("the event", `document.querySelector('#panel-body .line')`)
		check(fmt.Sprint(width, ", opened"))
		p.shot(fmt.Sprint(width, "-opened"))
		p.click("#detail [data-close]")
		p.until("closed", `!document.querySelector('#detail').open`)
		p.click("#open-send")
		p.until("the form", `document.querySelector('#json').value !== ''`)
		check(fmt.Sprint(width, ", form"))
		if width == 360 {
			p.shot("360-form")
		}
		p.keys(kb.Escape)
		if width < 1180 {
			p.click("#open-rail")
			p.until("the switches", `document.querySelector('#rail').open`)
			check(fmt.Sprint(width, ", switches"))
			if width == 360 {
				p.shot("360-switches")
			}
			p.keys(kb.Escape)
		}
	}

	// The switch in the page's head wins over the system, and is remembered.
	p.size(1440, 900)
	p.scheme("light")
	p.click("#theme")
	p.click("#theme")
	p.until("dark", `getComputedStyle(document.body).backgroundColor === 'rgb(17, 19, 21)'`)
	p.do(chromedp.Reload())
	p.until("still dark", `getComputedStyle(document.body).backgroundColor === 'rgb(17, 19, 21)'`)
}

// contrastAndOverflow lists every text that is shown with a contrast below 4.5
// to what is behind it, and every box whose content is wider than it is.
const contrastAndOverflow = `(() => {
	const faults = [];
	const colour = (text) => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
	const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = colour(getComputedStyle(e).backgroundColor);
			if (c.a === 1) return c;
		}
		return { r: 255, g: 255, b: 255 };
	};
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
	const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0;
	for (const e of document.querySelectorAll('body *')) {
		if (!(e instanceof HTMLElement) || !seen(e)) continue;
		const of = (what, style) => {
			const r = ratio(colour(style.color), behind(e));
			if (r < 4.5) faults.push('contrast ' + r.toFixed(2) + ' of ' + what + ' in ' + (e.closest('[class]')?.className || e.tagName));
		};
		const own = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim()).map((n) => n.data.trim()).join(' ');
		if (own) of(JSON.stringify(own.slice(0, 40)), getComputedStyle(e));
		if (e.matches('textarea, select')) of(e.id, getComputedStyle(e));
		if (e.placeholder) of('placeholder', getComputedStyle(e, '::placeholder'));
	}
	for (const e of document.querySelectorAll('html, .top, .filters, .rail, .detail, .modal, .modal-body, .cells, .lost, .empty, .panel, .group')) {
		if (seen(e) && e.scrollWidth > e.clientWidth + 1) faults.push('too wide: ' + (e.id || e.className) + ', ' + e.scrollWidth + ' in ' + e.clientWidth);
	}
	for (const e of document.querySelectorAll('.top > *, .filters > *, .buttons > *, .modal-foot > *')) {
		const r = e.getBoundingClientRect();
		if (seen(e) && (r.left < -1 || r.right > innerWidth + 1)) faults.push('out of the window: ' + (e.id || e.className) + ' at ' + r.right);
	}
	return [...new Set(faults)];
})()`

// The page is three files and needs no other: nothing inline, no other host.
func TestPageFiles(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
		b, err := os.ReadFile(filepath.Join("page", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"https://", "@import", "eval(", " onclick=", " style=", "<style", "innerHTML"} {
			if strings.Contains(string(b), word) {
				t.Errorf("%s holds %q", f.Name(), word)
			}
		}
	}
	if got, _ := json.Marshal(names); string(got) != `["app.js","index.html","style.css"]` {
		t.Errorf("the page is %s", got)
	}
}

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// Tab is a window in which the page is open. It has the focus at all times.
type Tab struct {
	ctx   context.Context
	close context.CancelFunc
	base  string

	mu        sync.Mutex
	offline   bool
	console   []string
	elsewhere []string
}

// Open opens a window of 1440 by 900 and goes to an address such as
// http://127.0.0.1:8080, of which nothing is remembered. First are done before.
func (b *Browser) Open(base string, first ...chromedp.Action[chromedp.Void]) (*Tab, error) {
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewWindow(true))
	t := &Tab{ctx: ctx, close: closeTab, base: base}
	err := b.letCopy(base)
	if err == nil {
		err = chromedp.Listen(ctx, t.listen)
	}
	if err == nil {
		err = t.Do(append(first,
			call(network.Enable, network.EnableParams{}),
			call(storage.ClearDataForOrigin, storage.ClearDataForOriginParams{Origin: base, StorageTypes: "all"}),
			call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
			chromedp.EmulateViewport(1440, 900),
			scheme("light"),
			chromedp.Navigate(base+"/"))...)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Before has a script run before those of the page.
func Before(script string) chromedp.Action[chromedp.Void] {
	return call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Blank opens a window in which there is nothing.
func (b *Browser) Blank() (*Tab, error) {
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewWindow(true))
	t := &Tab{ctx: ctx, close: closeTab}
	if err := chromedp.Do(ctx); err != nil { // opens it; a context with a deadline would close it again
		t.Close()
		return nil, err
	}
	return t, nil
}

// Close closes the window.
func (t *Tab) Close() { t.close() }

// call makes an action of a command of the DevTools protocol.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

func (t *Tab) listen(e any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		t.console = append(t.console, e.ExceptionDetails.Text)
		if x := e.ExceptionDetails.Exception; x != nil {
			t.console = append(t.console, x.Description)
		}
	case *runtime.EventConsoleAPICalled:
		t.console = append(t.console, fmt.Sprint(e.Type))
	case *log.EventEntryAdded:
		if !t.offline {
			t.console = append(t.console, fmt.Sprint(e.Entry.Text, " ", e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && "http://"+u.Host != t.base {
			t.elsewhere = append(t.elsewhere, e.Request.URL)
		}
	}
}

// Offline has failed requests be right from now on: dev is away on purpose.
func (t *Tab) Offline() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offline = true
}

// Faults are what the console tells, and requests that went to another host. A
// page that is right has none.
func (t *Tab) Faults() (faults []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range t.console {
		faults = append(faults, "console: "+line)
	}
	for _, u := range t.elsewhere {
		faults = append(faults, "request to another host: "+u)
	}
	return faults
}

// Do takes steps, one after another.
func (t *Tab) Do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, Patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Evaluate gives the value of an expression, which may be a promise, within 10
// minutes.
func Evaluate[T any](t *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, 10*time.Minute)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Click clicks on the first element that a selector finds.
func (t *Tab) Click(selector string) error { return t.Do(chromedp.Click(chromedp.CSS(selector))) }

// Focus gives an element the focus.
func (t *Tab) Focus(selector string) error { return t.Do(chromedp.Focus(chromedp.CSS(selector))) }

// Keys presses keys; see chromedp/kb.
func (t *Tab) Keys(keys string, modifiers ...chromedp.Modifier) error {
	return t.Do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// Write replaces the text of a field by typing.
func (t *Tab) Write(selector, text string) error {
	return t.Do(chromedp.Focus(chromedp.CSS(selector)),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)),
		call(input.InsertText, input.InsertTextParams{Text: text}))
}

// Size changes the size of the window.
func (t *Tab) Size(width, height int64) error { return t.Do(chromedp.EmulateViewport(width, height)) }

// Scheme is what the reader's system prefers: light or dark.
func (t *Tab) Scheme(name string) error { return t.Do(scheme(name)) }

func scheme(name string) chromedp.Action[chromedp.Void] {
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// Picture is what is to be seen, as PNG.
func (t *Tab) Picture() ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}

// Part is what a screen reader knows of one part of the page.
type Part struct {
	Role string `json:"role"`
	Name string `json:"name"`
}

// Parts are all parts that a screen reader knows.
func (t *Tab) Parts() (parts []Part, err error) {
	ctx, cancel := context.WithTimeout(t.ctx, Patience)
	defer cancel()
	tree, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, err
	}
	for _, n := range tree.Nodes {
		if !n.Ignored {
			parts = append(parts, Part{word(n.Role), word(n.Name)})
		}
	}
	return parts, nil
}

// word is a value of the accessibility tree that is a text.
func word(v *accessibility.Value) (s string) {
	if v != nil {
		_ = json.Unmarshal([]byte(v.Value), &s)
	}
	return s
}

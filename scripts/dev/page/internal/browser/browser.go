// Package browser opens the page of a running dev in a real Chromium: for the
// tests of the page and for its pictures.
package browser

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// Patience is how long one step in a browser may take. The machine may be busy.
const Patience = 2 * time.Minute

// ErrNone: there is no Chromium on this machine.
var ErrNone = errors.New("there is no Chromium: install the package chromium")

// Browser is a Chromium with a profile of its own, without a window.
type Browser struct {
	ctx   context.Context
	close []func()
}

// Start starts a Chromium, or gives ErrNone. End it with Close.
func Start(ctx context.Context) (*Browser, error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		return nil, ErrNone
	}
	b := &Browser{}
	// The defaults have it headless, without first-run pages, background
	// networking and sync, in a new profile under the temporary directory.
	ctx, closeAllocator := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("hide-scrollbars", false), chromedp.Flag("disable-component-update", true))...)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	b.ctx, b.close = ctx, []func(){closeBrowser, closeAllocator}
	if err := chromedp.Do(ctx); err != nil { // starts it
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends the Chromium and removes its profile.
func (b *Browser) Close() {
	for _, fn := range b.close {
		fn()
	}
}

// letCopy lets the pages of an origin use the clipboard.
func (b *Browser) letCopy(origin string) error {
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: origin,
		}); err != nil {
			return err
		}
	}
	return nil
}

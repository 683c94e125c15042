package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/event"
	"vodevents/shared/sink"
	"vodevents/shared/vod"
)

var doctorCommand = command{
	name:  "doctor",
	usage: "[FLAG…]",
	about: "find out why events do not arrive",
	text: `Run it with the environment of the deployed functions. It checks the variables, the
keys and the clock; for each application SubAppId, mode, URL, switches, the right to
confirm and the queue; and at the callback URL whether it can be reached by HTTPS,
answers within 5 s, and checks signatures by the key that is known here. All checks
run, the worst findings come first, and each says what to do.

It changes nothing, takes no event out of the queue and makes none: to the URL it posts
bodies that are no events, which the receiver refuses and logs. What it cannot see: the
sign key that VOD has, the role of a function (its keys are those of this environment),
and whether PullEvents is allowed, for pulling would hide events; "pull" tries that.

With -o json a list of Level (problem, warning, ok), SubAppId, Finding, Do and Docs.
The exit status is 1 when there is a problem; warnings do not count.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		output := outputFlag(fs)
		d := &doctor{program: p}
		fs.StringVar(&d.callbackURL, "callback-url", "", "the `address` of the deployed function callback (default: the one that VOD has)")
		fs.StringVar(&d.expect, "expect", "", "push or pull: the `way` in which events should come (with -callback-url push)")
		signKey := fs.String("sign-key", "", "the `key` that the receiver should have"+signKeyHelp+" (default env)")
		fs.BoolVar(&d.open, "open", false, "accept that callbacks are not signed")
		fs.DurationVar(&d.timeout, "timeout", callbackTimeout, "the `time` that the callback URL has to answer")
		page := fs.Bool("symptoms", false, "print the page of symptoms and their causes, and check nothing")
		return func(ctx context.Context, args []string) error {
			if *page {
				printSymptoms(p.stdout)
				return nil
			}
			if len(args) > 0 {
				return misuse("doctor takes no %q", args[0])
			}
			if d.callbackURL != "" {
				d.expect = cmp.Or(d.expect, "push")
			}
			d.expect = strings.ToUpper(d.expect)
			if d.expect != "" && d.expect != "PUSH" && d.expect != "PULL" {
				return misuse("-expect is push or pull")
			}
			if *signKey != "" || strings.TrimSpace(p.getenv("CALLBACK_SIGN_KEY")) != "" {
				keys, _, err := p.signKeys(cmp.Or(*signKey, "env"))
				if err != nil && *signKey != "" {
					return err
				}
				d.signKeys = keys // a bad variable is a finding
			}
			d.examine(ctx)
			return d.report(*output)
		}
	},
}

// level is how bad a finding is.
type level int

const (
	problem level = iota // events do not arrive, or strangers' do
	warning
	ok
)

func (l level) String() string { return [...]string{"problem", "warning", "ok"}[l] }

func (l level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// finding is what one check found.
type finding struct {
	Level    level
	SubAppId *uint64 `json:",omitempty"` // nil: not about one application
	Finding  string
	Do       string   `json:",omitempty"`
	Docs     []string `json:",omitempty"`
}

// doctor runs the checks.
type doctor struct {
	*program
	callbackURL string
	expect      string // PUSH, PULL or empty
	signKeys    []string
	open        bool
	timeout     time.Duration

	local    bool // VOD is a stand-in on this machine
	findings []finding
}

// find notes what ails, with particulars.
func (d *doctor) find(l level, app *uint64, c cause, format string, args ...any) {
	text := c.what
	if particulars := fmt.Sprintf(format, args...); particulars != "" {
		text += ": " + particulars
	}
	d.findings = append(d.findings, finding{l, app, text, c.do, c.docs})
}

// fine notes what is well.
func (d *doctor) fine(app *uint64, format string, args ...any) {
	d.findings = append(d.findings, finding{Level: ok, SubAppId: app, Finding: fmt.Sprintf(format, args...)})
}

// examine runs all checks.
func (d *doctor) examine(ctx context.Context) {
	d.checkSettings()
	addresses := d.checkAccount(ctx)
	if d.callbackURL != "" {
		addresses = []string{d.callbackURL}
	}
	for _, address := range addresses {
		d.checkCallback(ctx, address)
	}
	if d.expect == "PUSH" && len(addresses) == 0 {
		if len(d.signKeys) == 0 && !d.open {
			d.find(problem, nil, causeNoKey, "CALLBACK_SIGN_KEY is not set")
		}
		d.find(warning, nil, causeNoURL, "no URL is known, so none was tried; -callback-url names one")
	}
}

// checkSettings checks the environment as the functions do.
func (d *doctor) checkSettings() {
	cfg, err := config.Read(d.setting, config.Both)
	if err == nil {
		var outlets sink.Outlets
		_, err = outlets.Open(cfg.Sinks, cfg.DeadLetter, cfg.Dedup)
		outlets.Close() // nothing was written
	}
	if err == nil {
		d.fine(nil, "the variables are well formed")
		return
	}
	for line := range strings.Lines(err.Error()) {
		d.find(problem, nil, causeSettings, "%s", strings.TrimSpace(line))
	}
}

// checkAccount checks what VOD's API can tell, and returns the URLs to which
// VOD sends callbacks.
func (d *doctor) checkAccount(ctx context.Context) (addresses []string) {
	clock := &clock{RoundTripper: vod.NewTransport()}
	a, err := d.connect(clock)
	if err != nil {
		// A bad variable is told by checkSettings.
		if _, err := d.credentials(); err != nil {
			d.find(problem, nil, causeKeys, "%v (so nothing that VOD knows was checked)", err)
		}
		return nil
	}
	if u, err := url.Parse(d.setting("VOD_ENDPOINT")); err == nil {
		d.local = private(u.Hostname())
	}

	accepted := false
	for _, app := range a.apps {
		config, err := a.DescribeEventConfig(ctx, app)
		cause, everywhere := diagnose(err)
		switch {
		case err == nil:
			accepted = true
			if address := d.checkConfig(app, config); address != "" && !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		case errors.Is(err, vod.ErrAuth) && !everywhere:
			// The function's role needs no right to see it.
			accepted = true
			d.find(warning, &app, cause, "%s (so mode, URL and switches were not checked)", refusal(err))
		case everywhere:
			d.find(problem, nil, cause, "%s (so nothing else that VOD knows was checked)", refusal(err))
			return addresses
		default:
			d.find(problem, &app, cause, "%s", refusal(err))
			continue
		}
		d.checkQueue(ctx, a, app, config.Mode)
	}
	if accepted {
		d.fine(nil, "VOD accepts the keys from %s", a.keys.Source)
	}
	switch off := clock.off.Abs(); {
	case !clock.seen:
	case off >= 5*time.Minute:
		d.find(problem, nil, causeClock, "it differs from VOD's by %v", off)
	case off >= time.Minute:
		d.find(warning, nil, causeClock, "it differs from VOD's by %v", off)
	default:
		d.fine(nil, "the clock differs from VOD's by %v at most", off+time.Second)
	}
	return addresses
}

// checkConfig checks how an application gets its events. It returns the URL of
// its callbacks, if that is how.
func (d *doctor) checkConfig(app uint64, c vod.EventConfig) (address string) {
	address = c.NotificationUrl
	switch {
	case c.Mode == "PULL" && d.expect == "PUSH":
		d.find(problem, &app, causeModePull, "")
	case c.Mode == "PUSH" && d.expect == "PULL":
		d.find(problem, &app, causeModePush, "")
	case c.Mode == "PUSH" && address == "":
		d.find(problem, &app, causeNoURL, "")
	case c.Mode == "PUSH" && d.callbackURL != "" && address != d.callbackURL:
		d.find(problem, &app, causeOtherURL, "%s, not %s", shownURL(address), shownURL(d.callbackURL))
	case c.Mode == "PUSH":
		d.fine(&app, "mode is PUSH: the function callback gets the events, at %s", shownURL(address))
	case c.Mode == "PULL":
		d.fine(&app, "mode is PULL: the function pull gets the events")
	default:
		d.find(warning, &app, causeAPI, "mode is %q, which this release does not know", c.Mode)
	}
	var off []string
	for _, s := range switches {
		if *s.of(&c) != "ON" {
			off = append(off, s.eventType)
		}
	}
	if len(off) > 0 {
		d.find(warning, &app, causeSwitch, "%s will not come", strings.Join(off, ", "))
	} else {
		d.fine(&app, "all switches are ON")
	}
	if c.Mode == "PULL" {
		return ""
	}
	return address
}

// checkQueue checks the right to confirm, where it is needed, and how much
// waits.
func (d *doctor) checkQueue(ctx context.Context, a *account, app uint64, mode string) {
	if mode != "PUSH" && d.expect != "PUSH" || d.expect == "PULL" {
		// There is no such handle: who may confirm is told so.
		err := a.ConfirmEvents(ctx, app, []string{"vodctl-doctor"})
		cause, _ := diagnose(err)
		if err == nil || errors.Is(err, vod.ErrBadHandle) || errors.Is(err, vod.ErrRefused) && cause.what == causeAPI.what {
			d.fine(&app, "ConfirmEvents is allowed")
		} else {
			d.find(problem, &app, cause, "%s", refusal(err))
		}
	}
	n, err := a.DescribeEventsState(ctx, app)
	switch {
	case err != nil:
		cause, _ := diagnose(err)
		d.find(warning, &app, cause, "%s (so it is not known how many events wait)", refusal(err))
	case n > 0 && mode == "PUSH":
		d.find(warning, &app, causeStranded, "about %d", n)
	case n > 0:
		d.find(warning, &app, causeBacklog, "about %d some 3 minutes ago; if it is no less in 5 minutes, nobody confirms them", n)
	default:
		d.fine(&app, "no events waited in the queue some 3 minutes ago")
	}
}

// diagnose tells why VOD refused a call, and whether it would refuse every
// other one for the same reason.
func diagnose(err error) (c cause, everywhere bool) {
	if err == nil {
		return cause{}, false
	}
	var refused *vod.Error
	if !errors.As(err, &refused) {
		return causeEndpoint, true
	}
	is := func(prefix string) bool { return strings.HasPrefix(refused.Code, prefix) }
	switch {
	case errors.Is(err, vod.ErrStrange):
		return causeStrange, false
	case is("ClientError."):
		return causeEndpoint, true
	case is("AuthFailure.SignatureExpire"):
		return causeClock, true
	case is("AuthFailure.UnauthorizedOperation"), is("UnauthorizedOperation"):
		return causeRights, false
	case is("AuthFailure"):
		return causeKeys, true
	case is("FailedOperation.InvalidVodUser"):
		return causeInactive, false
	case is("InvalidParameter"), is("MissingParameter"):
		return causeSubAppId, false
	}
	return causeAPI, false
}

// refusal is an error of VOD without the advice in it, for a finding has its own.
func refusal(err error) string {
	var refused *vod.Error
	if !errors.As(err, &refused) {
		return err.Error()
	}
	text := refused.Action + " answers " + refused.Code + ": " + strings.TrimSuffix(refused.Message, ".")
	if refused.RequestId != "" {
		text += " (RequestId " + refused.RequestId + ")"
	}
	return text
}

// clock compares this machine's clock with the one that answers.
type clock struct {
	http.RoundTripper
	seen bool
	off  time.Duration // to whole seconds
}

func (c *clock) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.seen, c.off = true, time.Since(date).Truncate(time.Second)
	}
	return resp, nil
}

// private tells whether a host cannot be reached from outside.
func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(host, ".") && host != "" || // localhost
		strings.HasSuffix(host, ".tencentscf.com") && strings.Contains(host, ".in.")
}

// notAnEvent is what is posted to a receiver to see whether it takes it: a
// body that has neither a type nor a payload, so that it cannot become an event.
const notAnEvent = `{"vodctl":"doctor"}`

// checkCallback checks a receiver of callbacks from outside.
func (d *doctor) checkCallback(ctx context.Context, address string) {
	shown := shownURL(address)
	u, err := callbackURL(address)
	if err != nil {
		d.find(problem, nil, causeUnreachable, "%s: %v", shown, err)
		return
	}
	if !d.local && private(u.Hostname()) {
		d.find(problem, nil, causePrivate, "%s", shown)
	}
	if !d.local && u.Scheme == "http" {
		d.find(warning, nil, causeHTTP, "%s", shown)
	}

	poster := newPoster(d.timeout)
	try := func(method string, body []byte) (a answer, answered bool) {
		a, err := poster.do(ctx, method, address, body)
		switch {
		case errors.Is(err, errNoAnswer):
			d.find(problem, nil, causeSlow, "no answer to %s within %v, %s", method, d.timeout, shown)
		case err != nil:
			d.find(problem, nil, causeUnreachable, "%s: %v", shown, err)
		case a.took > d.timeout/2:
			d.find(warning, nil, causeSlow, "%d ms for %s, %s", a.took.Milliseconds(), method, shown)
		}
		return a, err == nil
	}

	greeting, answered := try(http.MethodGet, nil)
	if answered {
		var said struct{ Status, Error string }
		json.Unmarshal(greeting.body, &said) // what is no JSON is not ours
		switch {
		case greeting.status == http.StatusOK && said.Status == "ready":
			d.fine(nil, "%s answers, in %d ms", shown, greeting.took.Milliseconds())
		case greeting.status == http.StatusInternalServerError && said.Error != "":
			d.find(problem, nil, causeSettings, "%s answers %q", shown, greeting.text())
			return // to everything
		default:
			d.find(problem, nil, causeAnswer, "GET of %s answers %d %s", shown, greeting.status, greeting.text())
		}
	}
	var unsigned answer
	if answered {
		unsigned, answered = try(http.MethodPost, []byte(notAnEvent))
	}
	if !answered {
		if len(d.signKeys) == 0 && !d.open {
			d.find(problem, nil, causeNoKey, "CALLBACK_SIGN_KEY is not set")
		}
		return
	}

	strange := func(a answer) {
		d.find(warning, nil, causeAnswer, "POST of what is no event to %s answers %d instead of 400 or 401, so the signature was not checked", shown, a.status)
	}
	switch keys := len(d.signKeys); {
	case unsigned.status != http.StatusBadRequest && unsigned.status != http.StatusUnauthorized:
		strange(unsigned)
		if keys == 0 && !d.open {
			d.find(problem, nil, causeNoKey, "CALLBACK_SIGN_KEY is not set")
		}
	case unsigned.status == http.StatusUnauthorized && keys == 0:
		d.find(warning, nil, causeKeyUnknown, "%s refuses what is not signed", shown)
	case unsigned.status == http.StatusUnauthorized:
		for i, key := range d.signKeys {
			a, answered := try(http.MethodPost, event.Sign([]byte(notAnEvent), key, time.Now().Add(10*time.Minute)))
			switch {
			case !answered:
			case a.status == http.StatusBadRequest:
				d.fine(nil, "%s refuses what is not signed, and takes signatures by key %d of %d; whether VOD has that key nobody can see", shown, i+1, keys)
			case a.status == http.StatusUnauthorized && strings.Contains(a.text(), event.ErrExpired.Error()):
				d.find(problem, nil, causeClock, "%s takes a signature for expired that is good for 10 minutes", shown)
			case a.status == http.StatusUnauthorized:
				d.find(problem, nil, causeKey, "%s refuses a signature by key %d of %d", shown, i+1, keys)
			default:
				strange(a)
			}
		}
	case keys > 0:
		d.find(problem, nil, causeOpen, "%s", shown)
	case d.open:
		d.fine(nil, "%s takes unsigned callbacks, as you said", shown)
	default:
		d.find(problem, nil, causeNoKey, "%s", shown)
	}
}

// report prints the findings, worst first.
func (d *doctor) report(output format) error {
	slices.SortStableFunc(d.findings, func(a, b finding) int { return cmp.Compare(a.Level, b.Level) })
	var n [ok + 1]int
	for _, f := range d.findings {
		n[f.Level]++
		if output == "json" {
			continue
		}
		about := ""
		if f.SubAppId != nil {
			about = appName(*f.SubAppId) + ": "
		}
		d.print("%-8s %s%s\n", f.Level, about, f.Finding)
		if f.Do != "" {
			d.print("         %s\n", cause{"", f.Do, f.Docs}.advice())
		}
	}
	if output == "json" {
		if err := d.printJSON(d.findings); err != nil {
			return err
		}
	}
	summary := fmt.Sprintf("%d %s, %d %s", n[problem], plural(n[problem], "problem", "problems"), n[warning], plural(n[warning], "warning", "warnings"))
	if n[problem] > 0 {
		return &statusError{statusFailed, summary}
	}
	d.say("%s; for what cannot be seen from here: vodctl doctor -symptoms", summary)
	return nil
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/lease"
	"vodevents/shared/sink/webhook"
	"vodevents/shared/vod"
)

var listenCommand = command{
	name:  "listen",
	usage: "-forward-to URL [FLAG…]",
	about: "forward the events of the account to a server on this machine",
	text: `Pulls events out of the queue and posts each to the URL as one CloudEvents object,
signed as a sink https://… signs it, until you end it. For each it prints the time, the
status of the answer, how long it took, the type, what it is about, and the id. An
event is confirmed when the server has answered 2xx, and never before. After any other
answer, a redirect too, after none within -timeout, and after a broken connection the
event is left: it comes again 30 s after its pull, here or to whoever pulls then. While
no server listens at the URL, the command waits, so you may restart yours.

The signature is made with the parameter secret of the URL or, without one, with a new
secret, which is printed first. Verify it as Standard Webhooks says.

It takes events from whoever pulls them now, such as the function pull: each event
goes to one of you. So with an account you must say -live. With the local stand-in you
need not; start it with go run ./scripts/dev -every off, or its pull takes events too.
The application must have mode PULL (config shows it). Events that -events leaves out
are not confirmed either; they are hidden from others for 30 s at a time.

  vodctl listen -forward-to http://127.0.0.1:3000 \
    -endpoint http://127.0.0.1:8081
  vodctl listen -live -forward-to http://127.0.0.1:3000 -events NewFileUpload
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		l := &listening{program: p}
		fs.StringVar(&l.url, "forward-to", "", "the `address` of your server; env:NAME takes it from the variable NAME")
		fs.StringVar(&l.events, "events", "", "only these `types`, with commas between them; with ! in front all but these")
		fs.IntVar(&l.most, "n", 0, "end after so `many` events that were answered 2xx; 0: do not end")
		fs.BoolVar(&l.printing, "print", false, "print each CloudEvent, too")
		fs.BoolVar(&l.skipVerify, "skip-verify", false, "accept any certificate of the server")
		fs.BoolVar(&l.live, "live", false, "take events of a real account from whoever pulls them now")
		fs.DurationVar(&l.timeout, "timeout", callbackTimeout, "the `time` that the server has to answer")
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("listen takes no %q", args[0])
			}
			return l.run(ctx)
		}
	},
}

// listening is one run of the command.
type listening struct {
	*program
	url, events                string
	most                       int
	printing, skipVerify, live bool
	timeout                    time.Duration

	to    *webhook.Sink
	types event.Types
	ctx   context.Context // ends the listening
	stop  context.CancelFunc

	// The engine delivers one batch at a time, so nothing guards these.
	forwarded, failed, passed int
	gone                      bool   // the user was told that no server is there
	broken                    string // why there was no answer, as the user was told last
}

// open checks the flags and opens what they name.
func (l *listening) open() (*account, error) {
	switch {
	case l.url == "":
		return nil, misuse("listen: where to? For example -forward-to http://127.0.0.1:3000/hook")
	case l.most < 0:
		return nil, misuse("-n must not be below 0")
	case l.timeout <= 0:
		return nil, misuse("-timeout must be above 0")
	}
	if l.events != "" {
		var err error
		if l.types, err = event.ParseTypes(l.events); err != nil {
			return nil, misuse("-events %v", err)
		}
		if strange := l.types.Strange(); len(strange) > 0 {
			l.say("-events names kinds that this release does not know: %s", strings.Join(strange, ", "))
		}
	}
	address, variable := l.fromEnv(l.url, "FORWARD_TO")
	if address == "" {
		return nil, misuse("-forward-to: %s is not set", variable)
	}
	u, err := callbackURL(address)
	if err != nil {
		return nil, misuse("-forward-to: %v", err)
	}
	made := l.withSecret(u)
	if l.to, err = webhook.Open(u); err != nil {
		return nil, misuse("-forward-to: %v", err)
	}
	if l.skipVerify {
		l.to.SkipVerify()
	}
	if !l.live && !isLoopback(l.setting("VOD_ENDPOINT")) {
		return nil, misuse("listen takes events from whoever pulls them now, such as the function pull: each event goes to one of you. If you want that, say -live; for the local stand-in say -endpoint http://127.0.0.1:8081")
	}
	a, err := l.connect(vod.NewTransport())
	if err == nil && made != "" {
		l.say("Signed with the secret %s", made)
	}
	return a, err
}

// withSecret gives the URL a new secret if it has none, and returns it.
func (l *listening) withSecret(u *url.URL) (made string) {
	if u.Query().Has("secret") {
		return ""
	}
	key := make([]byte, 24) // the least that Standard Webhooks takes
	_, _ = rand.Read(key)   // it never fails
	made = "whsec_" + base64.StdEncoding.EncodeToString(key)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "secret=" + url.QueryEscape(made)
	return made
}

func (l *listening) run(ctx context.Context) error {
	a, err := l.open()
	if err != nil {
		return err
	}
	defer l.to.Close()
	l.ctx, l.stop = context.WithCancel(ctx)
	defer l.stop()
	if err := l.look(ctx, a); err != nil {
		return err
	}
	l.say("Listening; Ctrl-C ends it.")
	result, err := lease.Drain(l.ctx, lease.Options{
		Client: a.Client, SubAppIds: a.apps, Deliver: l.deliver,
		Until: lease.UntilStopped, Rate: 100, Concurrency: 1, // one: the lines keep the order of the queue
	})
	if err != nil {
		return err
	}
	l.say("%d forwarded, %d failed, %d skipped by -events; %d confirmed", l.forwarded, l.failed, l.passed, result.Confirmed)
	if lost := l.forwarded - result.Confirmed; lost > 0 {
		return &statusError{statusPartly, fmt.Sprintf("%d %s answered 2xx but could not be confirmed: %s again", lost, plural(lost, "event was", "events were"), plural(lost, "it comes", "they come"))}
	}
	return nil
}

// look warns of applications whose events do not go into the queue. It returns an error
// only if every later call would fail too, as with mistyped keys. Keys that may only
// pull may not ask; that is not an error.
func (l *listening) look(ctx context.Context, a *account) error {
	for _, app := range a.apps {
		c, err := a.DescribeEventConfig(ctx, app)
		if _, everywhere := diagnose(err); everywhere && ctx.Err() == nil {
			return err
		}
		if err == nil && c.Mode == "PUSH" && !isLoopback(l.setting("VOD_ENDPOINT")) {
			l.say("%s: %s: %s", appName(app), causeModePush.what, causeModePush.do)
		}
	}
	return nil
}

// deliver forwards a batch, one event after the other. ctx ends with the lease.
func (l *listening) deliver(ctx context.Context, events []*event.Event) []deliver.Result {
	results := make([]deliver.Result, len(events))
	for i, e := range events {
		results[i] = l.forward(ctx, e)
	}
	return results
}

var (
	errEnded   = errors.New("listen or the lease has ended")
	errNotIt   = errors.New("-events leaves it out")
	errRefused = errors.New("the server did not answer 2xx")
)

// forward posts one event. While no server listens at the URL, it waits until the lease
// is over. A connection that breaks later counts against the event: a handler that
// panics closes its connection, and must not hold up the other events.
func (l *listening) forward(ctx context.Context, e *event.Event) deliver.Result {
	if !l.types.Has(e.Type) {
		l.passed++
		return deliver.Result{Fate: deliver.Left, Cause: errNotIt}
	}
	for try := 1; ; try++ {
		if l.ctx.Err() != nil || ctx.Err() != nil {
			return deliver.Result{Fate: deliver.Left, Cause: errEnded, Down: l.gone}
		}
		begin := time.Now()
		status, err := l.post(ctx, e)
		took := time.Since(begin)
		switch {
		case err == nil:
			return l.answered(e, http.StatusText(status), status, took)
		case errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
			return l.answered(e, "no answer", 0, took)
		case !isAbsent(err):
			l.explain(err)
			return l.answered(e, "broken off", 0, took)
		}
		if !l.gone {
			l.gone = true
			l.say("%v: waiting for your server", err)
		}
		l.pause(ctx, min(time.Duration(try)*200*time.Millisecond, 2*time.Second))
	}
}

// isAbsent tells whether a post failed because nothing accepts connections.
func isAbsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// explain says why there was no answer, once per reason.
func (l *listening) explain(err error) {
	if text := err.Error(); text != l.broken {
		l.broken = text
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &untrusted) {
			l.say("%v; -skip-verify accepts any certificate", err)
			return
		}
		l.say("%v", err)
	}
}

func (l *listening) post(ctx context.Context, e *event.Event) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	return l.to.Post(ctx, e)
}

// answered prints an answer and tells whether the event may be confirmed.
func (l *listening) answered(e *event.Event, words string, status int, took time.Duration) deliver.Result {
	l.gone = false
	code := "---"
	if status > 0 {
		code = fmt.Sprint(status)
	}
	if err := l.line(e, code, words, took); err != nil {
		l.say("vodctl: %v", err)
		l.stop() // nobody reads the output; what the server took is still confirmed
	}
	if status/100 != 2 {
		l.failed++
		return deliver.Result{Fate: deliver.Left, Cause: errRefused}
	}
	if l.forwarded++; l.forwarded == l.most {
		l.stop()
	}
	return deliver.Result{Fate: deliver.Delivered}
}

func (l *listening) line(e *event.Event, code, words string, took time.Duration) error {
	err := l.print("%s  %s %-12s %6d ms  %s %s  %s\n", time.Now().Format(time.TimeOnly), code, words, took.Milliseconds(), e.Type, e.Subject, e.ID)
	if err != nil || !l.printing {
		return err
	}
	var text bytes.Buffer
	if err := json.Compact(&text, e.AppendCloudEvent(nil)); err != nil {
		return err
	}
	return l.printBytes("  ", text.Bytes())
}

// pause waits unless the lease or the listening ends.
func (l *listening) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-l.ctx.Done():
	}
}

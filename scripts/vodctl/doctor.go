package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/sink"
)

var doctorCommand = command{
	name:  "doctor",
	usage: "[FLAG…]",
	about: "find out why events do not arrive",
	text: `Run it with the environment of the deployed functions. It checks the variables, the
keys and the clock; how long ago the last event came, if a SINK is the table of a
database; for each application its SubAppId, mode, URL, switches and queue, the right to confirm
and, with CALLBACK_VERIFY=ask or media= in SINK, the rights to ask VOD; and whether the
callback URL can be reached by HTTPS, answers within 5 s and checks signatures with the
key that is known here. All checks run. The worst findings come first, and each says
what to do.

It changes nothing: it takes no event out of the queue and makes no event. To the URL it posts
bodies that are not events, which the receiver refuses and logs. It cannot see the sign
key that VOD has, nor the role of a function: it uses the keys of this environment. It
does not try PullEvents, which would hide events; "pull" does.

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
	problem level = iota // events do not arrive, or anybody can send them
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

// find adds a finding: its cause, and the details in which this case differs
// from others.
func (d *doctor) find(l level, app *uint64, c cause, format string, args ...any) {
	text := c.what
	if details := fmt.Sprintf(format, args...); details != "" {
		text += ": " + details
	}
	d.findings = append(d.findings, finding{l, app, text, c.do, c.docs})
}

// fine adds a check that found nothing wrong.
func (d *doctor) fine(app *uint64, format string, args ...any) {
	d.findings = append(d.findings, finding{Level: ok, SubAppId: app, Finding: fmt.Sprintf(format, args...)})
}

// examine runs all checks.
func (d *doctor) examine(ctx context.Context) {
	d.checkSettings(ctx)
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
func (d *doctor) checkSettings(ctx context.Context) {
	cfg, err := config.Read(d.setting, config.Both)
	if err == nil {
		var outlets sink.Outlets
		_, err = outlets.Pipeline(cfg, deliver.Pulled, nil)
		outlets.Close() // nothing was written
	}
	if err == nil {
		d.fine(nil, "the variables are well formed")
		d.checkTypes(cfg.Sinks)
		d.checkSilence(ctx, cfg)
		return
	}
	for line := range strings.Lines(err.Error()) {
		d.find(problem, nil, causeSettings, "%s", strings.TrimSpace(line))
	}
}

// checkTypes looks for kinds of events that no entry of SINK wants, and for names
// in types= that are no kinds.
func (d *doctor) checkTypes(sinks []string) {
	wanted := make([]event.Types, len(sinks))
	for i, u := range sinks {
		wanted[i], _ = sink.Types(u) // it is well formed
		if strange := wanted[i].Strange(); len(strange) > 0 {
			d.find(warning, nil, causeStrangeType, "entry %d of SINK, %s, has %s", i+1, config.Variable{Secrecy: config.URLs}.Show(u), strings.Join(strange, ", "))
		}
	}
	var unwanted []string
	for _, k := range event.Kinds {
		if !slices.ContainsFunc(wanted, func(t event.Types) bool { return t.Has(k.Type) }) {
			unwanted = append(unwanted, k.Type)
		}
	}
	if !slices.ContainsFunc(wanted, func(t event.Types) bool { return t.Has("") }) { // a name that stands in no list
		unwanted = append(unwanted, "kinds that this release does not know")
	}
	if len(unwanted) > 0 {
		d.find(warning, nil, causeUnwanted, "%s", strings.Join(unwanted, ", "))
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

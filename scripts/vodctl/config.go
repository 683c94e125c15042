package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"vodevents/shared/vod"
)

var configCommand = command{
	name:  "config",
	usage: "[FLAG…]",
	about: "show how each application gets its events: mode, URL and switches",
	text: `Mode PUSH sends each event to the URL, a normal callback; mode PULL keeps it in the
queue, a reliable callback. An application uses one or the other (266/33948,
266/33949). The three switches are OFF until somebody puts them ON; all other kinds
of events have none and always come (266/33781). VOD does not tell whether it signs
callbacks.

With -o json it prints a list with an element for each application, its members as VOD
spells them, and Error if VOD refused the call.
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		output := outputFlag(fs)
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("config takes no %q; to change something: config set", args[0])
			}
			return p.config(ctx, *output)
		}
	},
}

// switches are the three kinds of events that must be switched on.
var switches = []struct {
	name, eventType string
	of              func(*vod.EventConfig) *string
	change          func(*vod.EventConfigChange) **string
}{
	{"upload", "NewFileUpload",
		func(c *vod.EventConfig) *string { return &c.UploadMediaCompleteEventSwitch },
		func(c *vod.EventConfigChange) **string { return &c.UploadMediaCompleteEventSwitch }},
	{"delete", "FileDeleted",
		func(c *vod.EventConfig) *string { return &c.DeleteMediaCompleteEventSwitch },
		func(c *vod.EventConfigChange) **string { return &c.DeleteMediaCompleteEventSwitch }},
	{"persistence", "PersistenceComplete",
		func(c *vod.EventConfig) *string { return &c.PersistenceCompleteEventSwitch },
		func(c *vod.EventConfigChange) **string { return &c.PersistenceCompleteEventSwitch }},
}

func (p *program) config(ctx context.Context, output format) error {
	a, err := p.connect(vod.NewTransport())
	if err != nil {
		return err
	}
	type appConfig struct {
		SubAppId uint64
		*vod.EventConfig
		Error string `json:",omitempty"`
	}
	var all []appConfig
	err = p.each(a, func(app uint64) error {
		c, err := a.DescribeEventConfig(ctx, app)
		if err != nil {
			all = append(all, appConfig{SubAppId: app, Error: err.Error()})
			return err
		}
		if output == "json" {
			c.NotificationUrl = shownURL(c.NotificationUrl)
			all = append(all, appConfig{SubAppId: app, EventConfig: &c})
			return nil
		}
		p.print("%s\n", appName(app))
		p.print("  mode         %s\n", modeName(c.Mode))
		address := "none"
		if c.NotificationUrl != "" {
			address = shownURL(c.NotificationUrl)
		}
		p.print("  url          %s\n", address)
		for _, s := range switches {
			p.print("  %-12s %-3s (%s)\n", s.name, *s.of(&c), s.eventType)
		}
		return nil
	})
	if output == "json" && len(all) > 0 {
		if err := p.printJSON(all); err != nil {
			return err
		}
	}
	return err
}

func modeName(mode string) string {
	switch mode {
	case "PUSH":
		return "PUSH: callbacks to the URL, for the function callback"
	case "PULL":
		return "PULL: the queue, for the function pull"
	}
	return fmt.Sprintf("%q, which this release does not know", mode)
}

var configSetCommand = command{
	name:  "config set",
	usage: "[FLAG…]",
	about: "change how applications get their events",
	text: `Shows what would change, asks, and changes it. What you do not name stays. A change
takes about 10 minutes to work, and it affects whoever receives these events today
(266/37542).

The sign key makes VOD sign its callbacks: up to 32 letters and digits. VOD has one
key; CALLBACK_SIGN_KEY may hold several, of which the first one is taken. To change a
key without loss give the functions both, new one first, then set it here, and take
the old one away after 20 minutes.

  vodctl config set -mode push -url https://…/callback -sign-key env
  vodctl config set -mode pull -upload on -delete on
`,
	prepare: func(p *program, fs *flag.FlagSet) func(context.Context, []string) error {
		p.connectFlags(fs)
		var s settings
		fs.StringVar(&s.mode, "mode", "", "push or pull: the `way` in which events come")
		fs.StringVar(&s.url, "url", "", "the `address` for callbacks; this flag cannot remove it")
		fs.BoolVar(&s.clearURL, "clear-url", false, "remove the address for callbacks: in mode PUSH events then go nowhere")
		fs.StringVar(&s.signKey, "sign-key", "", "the `key` with which VOD should sign callbacks"+signKeyHelp)
		s.switches = make([]string, len(switches))
		for i, sw := range switches {
			fs.StringVar(&s.switches[i], sw.name, "", "whether VOD sends "+sw.eventType+", `on|off`")
		}
		yes := fs.Bool("yes", false, "do not ask; needed where there is no terminal")
		return func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return misuse("config set takes flags only, not %q", args[0])
			}
			fs.Visit(func(f *flag.Flag) { s.given = append(s.given, f.Name) })
			return p.configSet(ctx, s, *yes)
		}
	},
}

// settings are the flags of config set.
type settings struct {
	given              []string // the names of the flags that were given
	mode, url, signKey string
	clearURL           bool
	switches           []string
}

// change returns what the flags ask for.
func (s *settings) change(p *program) (c vod.EventConfigChange, keyFrom string, err error) {
	for _, name := range s.given {
		switch name {
		case "mode":
			mode := strings.ToUpper(s.mode)
			if mode != "PUSH" && mode != "PULL" {
				return c, "", misuse("-mode is push or pull, not %q", s.mode)
			}
			c.Mode = &mode
		case "url":
			if s.url == "" {
				return c, "", misuse("-url is empty, which would remove the address and send events nowhere; if that is what you want, say -clear-url")
			}
			if _, err := callbackURL(s.url); err != nil {
				return c, "", misuse("-url: %v", err)
			}
			if s.clearURL {
				return c, "", misuse("-url and -clear-url contradict each other")
			}
			c.NotificationUrl = &s.url
		case "clear-url":
			if s.clearURL {
				c.NotificationUrl = new("")
			}
		case "sign-key":
			keys, from, err := p.signKeys(s.signKey)
			if err != nil {
				return c, "", err
			}
			if from == "-sign-key" && len(keys) > 1 {
				return c, "", misuse("-sign-key: VOD has one key, not %d", len(keys))
			}
			c.SignKey, keyFrom = &keys[0], from
		}
		for i, sw := range switches {
			if name != sw.name {
				continue
			}
			value := strings.ToUpper(s.switches[i])
			if value != "ON" && value != "OFF" {
				return c, "", misuse("-%s is on or off, not %q", name, s.switches[i])
			}
			*sw.change(&c) = &value
		}
	}
	if c == (vod.EventConfigChange{}) {
		return c, "", misuse("config set: say what to change; see `vodctl help config set`")
	}
	return c, keyFrom, nil
}

// configSet changes the configuration of every application, or of none if one of
// them cannot be looked at.
func (p *program) configSet(ctx context.Context, s settings, yes bool) error {
	change, keyFrom, err := s.change(p)
	if err != nil {
		return err
	}
	a, err := p.connect(vod.NewTransport())
	if err != nil {
		return err
	}
	changing, err := p.preview(ctx, a, change, keyFrom)
	if err != nil {
		status := statusFailed
		if statusOf(err) == statusMisuse {
			status = statusMisuse
		}
		return &statusError{status, "nothing was changed: " + err.Error()}
	}
	if len(changing.apps) == 0 {
		return nil
	}
	if err := p.consent(ctx, change, keyFrom, yes); err != nil {
		return err
	}
	return p.each(changing, func(app uint64) error {
		if err := a.ModifyEventConfig(ctx, app, change); err != nil {
			return err
		}
		return p.print("%s: changed\n", appName(app))
	})
}

// preview prints what would change, and returns the applications that would change.
func (p *program) preview(ctx context.Context, a *account, change vod.EventConfigChange, keyFrom string) (changing *account, err error) {
	changing = &account{Client: a.Client}
	err = p.each(a, func(app uint64) error {
		old, err := a.DescribeEventConfig(ctx, app)
		if err != nil {
			return err
		}
		lines, err := difference(old, change, keyFrom)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			p.print("%s: nothing to change\n", appName(app))
			return nil
		}
		p.print("%s\n", appName(app))
		for _, line := range lines {
			p.print("  %s\n", line)
		}
		changing.apps = append(changing.apps, app)
		return nil
	})
	return changing, err
}

// consent says what a change brings with it and, unless yes is set, asks. An
// error means that nothing may be changed.
func (p *program) consent(ctx context.Context, change vod.EventConfigChange, keyFrom string, yes bool) error {
	if keyFrom == "-sign-key" {
		p.say("The sign key shows in the process list and in the shell's history; -sign-key env keeps it out of both.")
	}
	if change.NotificationUrl != nil && strings.HasPrefix(*change.NotificationUrl, "http:") {
		p.say("The address is not HTTPS: anybody on the network path can read events, and forge others with their signature.")
	}
	p.say("A change takes about 10 minutes to work, and affects whoever receives these events today (266/37542).")
	if yes {
		return nil
	}
	ok, err := p.ask(ctx, "Change it?")
	if err == nil && !ok {
		err = &statusError{statusFailed, "nothing was changed"}
	}
	return err
}

// difference returns what a change would change, one line for each setting. It
// is an error if events would go nowhere and the change does not say so.
func difference(old vod.EventConfig, change vod.EventConfigChange, keyFrom string) ([]string, error) {
	var lines []string
	compare := func(name, from string, to *string, show func(string) string) {
		if to == nil || *to == from {
			return
		}
		was, will := show(from), show(*to)
		if was == will {
			will += " with another secret in it"
		}
		lines = append(lines, fmt.Sprintf("%-12s %s → %s", name, was, will))
	}
	plain := func(s string) string { return s }
	address := func(s string) string {
		if s == "" {
			return "none"
		}
		return shownURL(s)
	}
	compare("mode", old.Mode, change.Mode, plain)
	compare("url", old.NotificationUrl, change.NotificationUrl, address)
	for _, s := range switches {
		compare(s.name, *s.of(&old), *s.change(&change), plain)
	}
	if change.SignKey != nil {
		lines = append(lines, fmt.Sprintf("%-12s unknown, VOD does not show it → the one from %s", "sign key", keyFrom))
	}
	if change.Mode != nil && *change.Mode == "PUSH" && old.NotificationUrl == "" && change.NotificationUrl == nil {
		return nil, misuse("mode PUSH without an address sends events nowhere: give -url too")
	}
	return lines, nil
}

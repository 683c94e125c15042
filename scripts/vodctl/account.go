package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"vodevents/shared/config"
	"vodevents/shared/credentials"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

// connectFlags registers the flags that name the VOD and the applications that a
// command works on.
func (p *program) connectFlags(fs *flag.FlagSet) {
	fs.StringVar(&p.endpoint, "endpoint", p.endpoint, "the `address` of the VOD API, such as http://127.0.0.1:8081 for the stand-in (default VOD_ENDPOINT)")
	fs.StringVar(&p.subAppIds, "sub-app-id", p.subAppIds, "the application's `id`, or several with commas between them (default VOD_SUB_APP_IDS)")
	fs.StringVar(&p.region, "region", p.region, "the `region` to name in calls, if your account needs one (default VOD_REGION)")
}

// setting returns a variable of the environment, or the flag that overrides it.
func (p *program) setting(name string) string {
	flags := map[string]string{"VOD_ENDPOINT": p.endpoint, "VOD_SUB_APP_IDS": p.subAppIds, "VOD_REGION": p.region}
	if v := flags[name]; v != "" {
		return v
	}
	return p.getenv(name)
}

// account is a client of VOD and the applications that the command works on.
type account struct {
	*vod.Client
	keys credentials.Credentials
	apps []uint64 // never empty; 0 is the account's default application
}

// connect makes the client. It reads the variables of the VOD API alone, so a bad
// value of another one does no harm.
func (p *program) connect(transport http.RoundTripper) (*account, error) {
	cfg, err := config.Read(func(name string) string {
		if strings.HasPrefix(name, "VOD_") || strings.HasPrefix(name, "TENCENTCLOUD_") {
			return p.setting(name)
		}
		return ""
	}, config.Pull)
	if err != nil {
		return nil, err
	}
	keys, err := p.credentials()
	if err != nil {
		return nil, err
	}
	client, err := vod.New(vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Credentials: keys, Transport: transport, Retry: p.retry, Pace: vod.NewPace(100)})
	if err != nil {
		return nil, err
	}
	a := &account{client, keys, cfg.SubAppIds}
	if len(a.apps) == 0 {
		a.apps = []uint64{0}
	}
	return a, nil
}

// credentials returns the user's keys. For a VOD on this machine, which can only
// be the stand-in, they default to the keys that the stand-in takes.
func (p *program) credentials() (credentials.Credentials, error) {
	keys, err := credentials.Find(p.setting, false)
	if p.setting("VOD_SECRET_ID")+p.setting("VOD_SECRET_KEY") != "" {
		return keys, err
	}
	if err != nil && isLoopback(p.setting("VOD_ENDPOINT")) {
		return credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey, Source: "the local stand-in"}, nil
	}
	return keys, err
}

// isLoopback tells whether an address of the VOD API is on this machine, which
// only the stand-in can be.
func isLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// each calls f for each application in turn and says which failed.
func (p *program) each(a *account, f func(app uint64) error) error {
	failed := 0
	for _, app := range a.apps {
		err := f(app)
		switch {
		case err == nil:
			continue
		case len(a.apps) == 1, errors.Is(err, context.Canceled):
			return err
		}
		failed++
		p.say("%s: %v", appName(app), err)
	}
	return count(failed, len(a.apps), "%d of %d applications failed", failed, len(a.apps))
}

// one returns the application, for a command that works on a single one.
func (a *account) one() (uint64, error) {
	if len(a.apps) > 1 {
		return 0, misuse("there are %d applications: say which one with -sub-app-id", len(a.apps))
	}
	return a.apps[0], nil
}

func appName(app uint64) string {
	if app == 0 {
		return "default application"
	}
	return fmt.Sprintf("SubAppId %d", app)
}

// signKeyHelp ends the help of every -sign-key.
const signKeyHelp = "; env takes it from CALLBACK_SIGN_KEY, env:NAME or '$NAME' from the variable NAME, which keeps it out of the process list"

// fromEnv returns the value of a flag or, where it is env, env:NAME or $NAME,
// that of a variable, and the variable's name. The name is empty if the value is
// the flag's own.
func (p *program) fromEnv(value, byDefault string) (found, variable string) {
	if value == "env" {
		value = "env:" + byDefault
	}
	name, ok := strings.CutPrefix(value, "env:")
	if !ok {
		name, ok = strings.CutPrefix(value, "$")
	}
	if !ok {
		return value, ""
	}
	return strings.TrimSpace(p.getenv(name)), name
}

// signKeys returns the sign keys that the value of a flag -sign-key names, and
// where they come from: a variable, which may hold several, or the value itself.
// It is an error if the variable is not set.
func (p *program) signKeys(value string) (keys []string, from string, err error) {
	value, from = p.fromEnv(value, "CALLBACK_SIGN_KEY") // no sign key has a $ or a colon
	if from == "" {
		from = "-sign-key"
	}
	if value == "" {
		return nil, from, misuse("%s holds no sign key", from)
	}
	cfg, err := config.Read(func(name string) string {
		if name == "CALLBACK_SIGN_KEY" {
			return value
		}
		return ""
	}, config.Callback)
	if err != nil {
		return nil, from, misuse("%s", strings.Replace(err.Error(), "CALLBACK_SIGN_KEY", from, 1))
	}
	return cfg.SignKeys, from, nil
}

// shownURL returns a URL without what may be secret in it: user, password, and the
// values of the query. If the URL may be misread, only its scheme is shown.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not a URL)"
	}
	shown := ""
	if u.Scheme != "" {
		shown = u.Scheme + "://"
	}
	if mayBeMisread(u) {
		return shown + "(masked)"
	}
	if u.User != nil {
		shown += "(masked)@"
	}
	shown += u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		params := strings.Split(u.RawQuery, "&")
		for i, param := range params {
			name, _, named := strings.Cut(param, "=")
			if !named {
				name = ""
			} else {
				name += "="
			}
			params[i] = name + "(masked)"
		}
		shown += "?" + strings.Join(params, "&")
	}
	return shown
}

// mayBeMisread tells whether an @ follows the host of a URL. It may end a
// password that holds an unescaped / ? or #, and what net/url takes for the host
// and the port is then the user and the rest of the password.
func mayBeMisread(u *url.URL) bool {
	return strings.Contains(u.Opaque+u.EscapedPath()+u.RawQuery+u.EscapedFragment(), "@")
}

// callbackURL checks the address of a receiver of callbacks. It refuses an address
// that may be misread, because network errors would name the wrong part as the host.
func callbackURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("it must begin with https:// (or http://) and a host")
	case mayBeMisread(u):
		return nil, errors.New("an @ follows the host: if it ends a password, write / as %2F, ? as %3F and # as %23 in there; if it does not, write %40 for it")
	}
	return u, nil
}

package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/config"
	"vodevents/shared/sink"
)

// checkSource checks that the callbacks of an application get the same source as its
// pulled events. The function callback knows the application if it is the only one,
// or from app in the URL.
func (d *doctor) checkSource(app uint64, address string) {
	u, err := url.Parse(address)
	if err != nil {
		return // checkCallback reports it
	}
	cfg := d.deployed()
	apps := cfg.SubAppIds
	named, id := u.Query().Get("app"), strconv.FormatUint(app, 10)
	switch {
	case u.Query().Has("app") && named != id:
		d.find(problem, &app, causeSource, "%s has app=%.20s instead of app=%s", shownURL(address), named, id)
	case u.Query().Has("app") && !slices.Contains(apps, app):
		d.find(problem, &app, causeSource, "VOD_SUB_APP_IDS does not hold the app of %s, and callback answers 500", shownURL(address))
	case named != "" || len(apps) < 2:
	case slices.ContainsFunc(cfg.Sinks, sink.KeepsMedia):
		d.find(problem, &app, causeSource, "%s has no app=%s, and with media= in SINK callback answers 500", shownURL(address), id)
	default:
		d.find(warning, &app, causeSource, "%s has no app=%s", shownURL(address), id)
	}
}

// deployed returns the settings of the functions, without the doctor's flags, which only
// narrow down what it looks at. A variable with a bad value has its zero value.
func (d *doctor) deployed() config.Config {
	cfg, _ := config.Read(func(name string) string { // checkSettings reports a bad value
		if name == "VOD_SUB_APP_IDS" && strings.TrimSpace(d.getenv(name)) == "" {
			return d.subAppIds
		}
		return d.getenv(name)
	}, config.Both)
	return cfg
}

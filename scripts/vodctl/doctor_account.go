package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/shared/vod"
)

// checkAccount checks what VOD's API can tell, and returns the URLs to which
// VOD sends callbacks.
func (d *doctor) checkAccount(ctx context.Context) (addresses []string) {
	clock := &clock{RoundTripper: vod.NewTransport()}
	a, err := d.connect(clock)
	if err != nil {
		// checkSettings reports bad variables.
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
			// The functions work without this right.
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
		d.checkAsking(ctx, a, app)
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
// its callbacks, if it has callbacks.
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
		d.checkSource(app, address)
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
		// There is no such handle. VOD says so only to those who may confirm.
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
		d.find(warning, &app, causeBacklog, "about %d some 3 minutes ago; if there are no fewer in 5 minutes, nobody confirms them", n)
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

// refusal returns the text of an error of VOD without its advice: a finding has
// advice of its own.
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

// clock compares this machine's clock with that of the server that answers.
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

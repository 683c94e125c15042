package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"vodevents/shared/event"
)

// private tells whether a host cannot be reached from outside.
func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(host, ".") && host != "" || // localhost
		strings.HasSuffix(host, ".tencentscf.com") && strings.Contains(host, ".in.")
}

// notAnEvent is the body that the doctor posts to a receiver. It has neither a type
// nor a payload, so it cannot become an event.
const notAnEvent = `{"vodctl":"doctor"}`

// checkCallback checks a receiver of callbacks from outside.
func (d *doctor) checkCallback(ctx context.Context, address string) {
	c := &callbackCheck{doctor: d, poster: newPoster(d.timeout), address: address, shown: shownURL(address)}
	if c.checkAddress() && c.greets(ctx) {
		c.checkSignature(ctx)
	}
}

// callbackCheck is the check of one receiver.
type callbackCheck struct {
	*doctor
	poster         *poster
	address, shown string
}

// checkAddress checks the URL itself. It tells whether that can be called.
func (c *callbackCheck) checkAddress() bool {
	u, err := callbackURL(c.address)
	if err != nil {
		c.find(problem, nil, causeUnreachable, "%s: %v", c.shown, err)
		return false
	}
	if !c.local && private(u.Hostname()) {
		c.find(problem, nil, causePrivate, "%s", c.shown)
	}
	if !c.local && u.Scheme == "http" {
		c.find(warning, nil, causeHTTP, "%s", c.shown)
	}
	return true
}

// try calls the receiver. No answer, or a slow one, is a finding.
func (c *callbackCheck) try(ctx context.Context, method string, body []byte) (a answer, answered bool) {
	a, err := c.poster.do(ctx, method, c.address, body)
	switch {
	case errors.Is(err, errNoAnswer):
		c.find(problem, nil, causeSlow, "no answer to %s within %v, %s", method, c.timeout, c.shown)
	case err != nil:
		c.find(problem, nil, causeUnreachable, "%s: %v", c.shown, err)
	case a.took > c.timeout/2:
		c.find(warning, nil, causeSlow, "%d ms for %s, %s", a.took.Milliseconds(), method, c.shown)
	}
	return a, err == nil
}

// greets checks that the receiver is this project's callback. It tells whether
// there is more to check.
func (c *callbackCheck) greets(ctx context.Context) bool {
	greeting, answered := c.try(ctx, http.MethodGet, nil)
	if !answered {
		c.checkKeyIsSet()
		return false
	}
	var said struct{ Status, Error string }
	json.Unmarshal(greeting.body, &said) // what is not JSON is not our callback's
	switch {
	case greeting.status == http.StatusOK && said.Status == "ready":
		c.fine(nil, "%s answers, in %d ms", c.shown, greeting.took.Milliseconds())
	case greeting.status == http.StatusInternalServerError && said.Error != "":
		c.find(problem, nil, causeSettings, "%s answers %q", c.shown, greeting.text())
		return false // it answers everything like that
	default:
		c.find(problem, nil, causeAnswer, "GET of %s answers %d %s", c.shown, greeting.status, greeting.text())
	}
	return true
}

// checkKeyIsSet is the only check of signatures that is left if the receiver says
// nothing about them.
func (c *callbackCheck) checkKeyIsSet() {
	if len(c.signKeys) == 0 && !c.open {
		c.find(problem, nil, causeNoKey, "CALLBACK_SIGN_KEY is not set")
	}
}

// checkSignature posts a body that is no event, unsigned and signed: a receiver with
// the key refuses the first for its signature and the second as no event.
func (c *callbackCheck) checkSignature(ctx context.Context) {
	unsigned, answered := c.try(ctx, http.MethodPost, []byte(notAnEvent))
	switch {
	case !answered:
		c.checkKeyIsSet()
	case unsigned.status == http.StatusUnauthorized && len(c.signKeys) == 0:
		c.find(warning, nil, causeKeyUnknown, "%s refuses what is not signed", c.shown)
	case unsigned.status == http.StatusUnauthorized:
		for i, key := range c.signKeys {
			c.checkKey(ctx, i+1, key)
		}
	case unsigned.status != http.StatusBadRequest:
		c.strange(unsigned)
		c.checkKeyIsSet()
	case len(c.signKeys) > 0:
		c.find(problem, nil, causeOpen, "%s", c.shown)
	case c.open:
		c.fine(nil, "%s takes unsigned callbacks, as you said", c.shown)
	default:
		c.find(problem, nil, causeNoKey, "%s", c.shown)
	}
}

// checkKey checks that the receiver takes signatures by a key, the n-th.
func (c *callbackCheck) checkKey(ctx context.Context, n int, key string) {
	of := len(c.signKeys)
	a, answered := c.try(ctx, http.MethodPost, event.Sign([]byte(notAnEvent), key, time.Now().Add(10*time.Minute)))
	switch {
	case !answered:
	case a.status == http.StatusBadRequest:
		c.fine(nil, "%s refuses what is not signed, and takes signatures by key %d of %d; nobody can see whether VOD has that key", c.shown, n, of)
	case a.status == http.StatusUnauthorized && strings.Contains(a.text(), event.ErrExpired.Error()):
		c.find(problem, nil, causeClock, "%s says that a signature has expired which is valid for 10 minutes", c.shown)
	case a.status == http.StatusUnauthorized:
		c.find(problem, nil, causeKey, "%s refuses a signature by key %d of %d", c.shown, n, of)
	default:
		c.strange(a)
	}
}

// strange notes an answer that says nothing about the signature.
func (c *callbackCheck) strange(a answer) {
	c.find(warning, nil, causeAnswer, "POST of a body that is no event to %s answers %d instead of 400 or 401, so the signature was not checked", c.shown, a.status)
}

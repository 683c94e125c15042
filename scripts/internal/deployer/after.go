package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
	"vodevents/shared/event"
	"vodevents/shared/vod"
)

// after checks that the deployed functions work, and prints the summary.
func (d *deployer) after(ctx context.Context, f *serverless.File, functions []*function) error {
	url, err := d.functionURL(ctx, f.FunctionName("callback"))
	if err != nil {
		return err
	}
	callback := url + "/callback"
	d.say("\nFunction URL: %s", callback)
	if err := d.greet(ctx, callback); err != nil {
		return err
	}
	d.probe(ctx, callback)
	if err := d.runPull(ctx, f.FunctionName("pull")); err != nil {
		return err
	}
	if d.options.configure {
		args := []string{"config", "set", "-mode", "push", "-url", callback}
		if d.setting("CALLBACK_SIGN_KEY") != "" {
			args = append(args, "-sign-key", "env")
		}
		if d.yes {
			args = append(args, "-yes")
		}
		if err := d.vodctl(ctx, args...); err != nil {
			return fmt.Errorf("deployed, but VOD was not pointed at the URL: vodctl config set: %w", err)
		}
	}
	d.say("\nvodctl doctor:")
	if err := d.vodctl(ctx, "doctor", "-callback-url", callback); err != nil && ctx.Err() == nil {
		d.say("(the deployment is done; doctor says what keeps events from coming)")
	}
	d.summary(ctx, f, functions, callback)
	return ctx.Err()
}

// urlOf returns the public address of a function URL among triggers, or "".
func urlOf(triggers []scfapi.Trigger) string {
	for _, t := range triggers {
		if t.Type == "http" {
			if u := t.HTTP().NetConfig.ExtranetUrl; u != "" {
				return strings.TrimSuffix(u, "/")
			}
		}
	}
	return ""
}

// ownURL tells whether a URL is a function URL of the account and region
// (583/96099).
func ownURL(raw string, appId int64, region string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "https" && strings.Trim(u.Path, "/") == "" &&
		strings.HasPrefix(u.Host, strconv.FormatInt(appId, 10)+"-") && strings.HasSuffix(u.Host, "."+region+".tencentscf.com")
}

// functionURL reads the URL back. It may be missing for some seconds.
func (d *deployer) functionURL(ctx context.Context, name string) (string, error) {
	for range 15 {
		triggers, err := d.api.ListTriggers(ctx, name)
		if err != nil {
			return "", err
		}
		if u := urlOf(triggers); u != "" {
			if !d.standIn() && !ownURL(u, d.user.AppId, d.region) {
				return "", fmt.Errorf("%s: SCF reports the function URL %s, which does not have the form https://%d-….%s.tencentscf.com: this run neither calls it nor points VOD at it\n  → compare it with the console, function URL", name, u, d.user.AppId, d.region)
			}
			return u, nil
		}
		if err := d.wait(ctx, time.Second); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s: SCF reports no public function URL\n  → see the console, function URL: public access must be on; then run this again", name)
}

// greet sends GET to the URL until the function greets. That one answer proves the
// URL, the code and the settings.
func (d *deployer) greet(ctx context.Context, url string) error {
	const most = 10
	for try := 1; ; try++ {
		status, body, err := d.request(ctx, http.MethodGet, url, nil)
		var said struct{ Status, Error string }
		json.Unmarshal(body, &said) // an answer that is not JSON is not from our callback
		switch {
		case err == nil && status == http.StatusOK && said.Status == "ready":
			d.say("  GET answers 200: the function runs, with settings that it can read.")
			return nil
		case err == nil && said.Error != "":
			return fmt.Errorf("deployed, but the function answers %d: %s\n  → correct that setting and run this again", status, said.Error)
		case try == most && err != nil:
			return fmt.Errorf("deployed, but the URL does not answer: %w\n  → a new URL may take a minute: run this again; it only looks", err)
		case try == most:
			return fmt.Errorf("deployed, but GET of the URL answers %d, and not as this project's callback does\n  → look at the function's log", status)
		}
		if err := d.wait(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// notAnEvent is posted as a probe. It has neither a type nor a payload, so a callback
// that accepts its signature still answers 400.
const notAnEvent = `{"deploy":"probe"}`

// probe posts a body that is no event, signed with the key that was deployed.
func (d *deployer) probe(ctx context.Context, url string) {
	key, _, _ := strings.Cut(d.setting("CALLBACK_SIGN_KEY"), ",")
	key = strings.TrimSpace(key)
	body, how := []byte(notAnEvent), "unsigned"
	if key != "" {
		body, how = event.Sign(body, key, time.Now().Add(10*time.Minute)), "signed"
	}
	switch status, _, err := d.request(ctx, http.MethodPost, url, body); {
	case err != nil:
		d.say("  ! A %s POST got no answer: %v", how, err)
	case status == http.StatusBadRequest && key != "":
		d.say("  A signed POST is accepted: the function has the key (400, because the probe is no event).")
	case status == http.StatusBadRequest:
		d.say("  An unsigned POST is accepted, as you said -open (400, because the probe is no event).")
	case status == http.StatusUnauthorized:
		d.say("  ! A %s POST is refused (401): the function has another key; warm instances may keep the old one for a while.", how)
	default:
		d.say("  ! A %s POST answers %d instead of 400.", how, status)
	}
}

func (d *deployer) request(ctx context.Context, method, url string, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, answer, err
}

// runPull runs the timer's function once and shows its result.
func (d *deployer) runPull(ctx context.Context, name string) error {
	now := time.Now().UTC().Format(time.RFC3339)
	event, _ := json.Marshal(map[string]string{"Type": "Timer", "TriggerName": "deploy", "Time": now, "Message": ""}) // of strings
	r, err := d.api.Invoke(ctx, name, scfapi.Qualifier, event)
	var e *scfapi.Error
	switch {
	case errors.As(err, &e):
		d.say("  ! A run of %s gave no result: %v", name, err)
	case err != nil:
		return err
	case r.ErrMsg != "":
		d.say("  ! One run of pull failed: %s", r.ErrMsg)
	default:
		d.say("  One run of pull: %s", r.RetMsg)
	}
	return nil
}

// vodState says how VOD is set up, and whether it sends callbacks to the URL.
func (d *deployer) vodState(ctx context.Context, url string) (state string, calls bool) {
	c, err := vod.New(vod.Options{Endpoint: d.setting("VOD_ENDPOINT"), Region: d.setting("VOD_REGION"), Credentials: d.vodKeys()})
	if err != nil {
		return "was not asked: " + err.Error(), false
	}
	ids := d.subAppIds()
	var states []string
	for _, id := range ids {
		about := ""
		if id != 0 {
			about = fmt.Sprintf("%d ", id)
		}
		config, err := c.DescribeEventConfig(ctx, id)
		switch {
		case err != nil:
			states = append(states, about+"does not tell: "+err.Error())
		case config.Mode == "PULL":
			states = append(states, about+"keeps events in the queue, for pull")
		case strings.HasPrefix(config.NotificationUrl+"/", strings.TrimSuffix(url, "/")+"/"):
			states = append(states, about+"sends callbacks to this URL")
			calls = true
		case config.NotificationUrl == "":
			states = append(states, about+"sends callbacks nowhere: ./scripts/deploy -configure points it at this URL")
		default:
			states = append(states, about+"sends callbacks elsewhere: ./scripts/deploy -configure points it at this URL")
		}
	}
	return strings.Join(states, "; "), calls
}

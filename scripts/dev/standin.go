package main

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// maxPushes is how many callbacks the stand-in has on their way at a time: of
// a thousand at once most would wait for an instance until they time out.
const maxPushes = 64

// standIn is the stand-in of VOD and what dev does with it.
type standIn struct {
	fake *vodfake.Server
	dev  *dev
	apps []uint64 // whose queues pull drains

	// pushed is an application of its own, always in Mode PUSH, so that events
	// can be sent as callbacks while the Mode of the others is PULL.
	pushed uint64
	pushes chan struct{} // holds a value for each of its events on their way

	told vodfake.EventConfig // as it was last asked for by configChanged
}

// newStandIn makes a stand-in in which pull has its queue and every event is
// told.
func newStandIn(d *dev, apps []uint64) *standIn {
	if len(apps) == 0 {
		apps = []uint64{0}
	}
	s := &standIn{dev: d, apps: apps, pushed: 1, pushes: make(chan struct{}, maxPushes)}
	for slices.Contains(apps, s.pushed) {
		s.pushed++
	}
	config := vodfake.EventConfig{
		Mode:                           vodfake.Pull,
		NotificationUrl:                d.base + "/callback",
		UploadMediaCompleteEventSwitch: "ON",
		DeleteMediaCompleteEventSwitch: "ON",
		PersistenceCompleteEventSwitch: "ON",
	}
	if keys := d.env.signKeys(); len(keys) > 0 {
		config.SignKey = keys[0]
	}
	s.told = config
	s.fake = vodfake.New(vodfake.Options{
		EventConfig:       config,
		Keep:              maxRecords,
		Seed:              1 + mathrand.Uint64N(1<<63),
		CallbackTransport: s,
	})
	s.fake.Watch(func(c vodfake.Change) {
		at := time.Now()
		if c.SubAppId == s.pushed && (c.State == vodfake.Answered || c.State == vodfake.Failed) {
			select {
			case <-s.pushes:
			default: // it was told by a call of the API, not by send
			}
		}
		d.inbox.put(func() {
			s.record(c.ID, "", at)
			d.store.change(c, at)
		})
	})
	return s
}

// record makes the record of an event, unless there is one.
func (s *standIn) record(id, resendOf string, at time.Time) {
	if !s.dev.store.known(id) {
		e, ok := s.fake.Event(id)
		if !ok {
			return // it is through and forgotten
		}
		r := newRecord(id, event.Mode(e.Mode), e.Body, at)
		r.copyOf = e.CopyOf
		if r.state = vodfake.Sent; r.mode == event.Reliable {
			r.state = vodfake.Queued
		}
		s.dev.store.add(r)
	}
	if resendOf != "" {
		s.dev.store.update(id, func(r *record) { r.resendOf = resendOf })
	}
}

// send gives VOD an event, to be told in a mode, or as the configuration says
// where mode is empty. It waits while too many callbacks are on their way.
func (s *standIn) send(mode event.Mode, body []byte, resendOf string) (id string, err error) {
	switch mode {
	case event.Reliable:
		id = s.fake.Queue(s.apps[0], body)
	case event.Normal:
		select {
		case s.pushes <- struct{}{}:
		case <-s.dev.done:
			return "", problemf(http.StatusServiceUnavailable, "dev is being stopped")
		}
		err := s.fake.SetEventConfig(s.pushed, vodfake.EventConfig{
			Mode:            vodfake.Push,
			NotificationUrl: s.dev.base + "/callback",
			SignKey:         s.config().SignKey,
		})
		if err != nil {
			return "", err
		}
		id = s.fake.Notify(s.pushed, body)
	default:
		if id = s.fake.Notify(s.apps[0], body); id == "" {
			return "", problemf(http.StatusConflict, "the switch for events of this kind is OFF: PUT /api/config, or name a mode to send it all the same")
		}
	}
	at := time.Now()
	s.dev.inbox.put(func() { s.record(id, resendOf, at) })
	return id, nil
}

// RoundTrip carries the stand-in's callbacks: those to dev's own URL straight
// to the function, so that they are told from what others post there.
func (s *standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	own, err := url.Parse(s.dev.base)
	if err != nil || r.URL.Host != own.Host || !isCallback(r.URL.Path) {
		return outside.RoundTrip(r)
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.Header.Set("User-Agent", "vodevents-stand-in")
	a, err := s.dev.request(r, body)
	if err != nil {
		return nil, err
	}
	return a.response(r), nil
}

var outside = &http.Transport{DisableKeepAlives: true}

func isCallback(path string) bool {
	return path == "/callback" || strings.HasPrefix(path, "/callback/")
}

// config is that of the application whose queue pull drains.
func (s *standIn) config() vodfake.EventConfig { return s.fake.EventConfig(s.apps[0]) }

func (s *standIn) setConfig(c vodfake.EventConfig) error {
	for _, app := range s.apps {
		if err := s.fake.SetEventConfig(app, c); err != nil {
			return problemf(http.StatusBadRequest, "%v", err)
		}
	}
	return nil
}

// configChanged says whether the configuration was changed since it was last
// asked, by ModifyEventConfig perhaps.
func (s *standIn) configChanged() bool {
	c := s.config()
	changed := c != s.told
	s.told = c
	return changed
}

// signKeys are the key that signs, and those of the user's that may sign too.
func (s *standIn) signKeys() []string {
	key := s.config().SignKey
	if key == "" {
		return nil
	}
	keys := slices.DeleteFunc(s.dev.env.signKeys(), func(k string) bool { return k == key })
	return slices.Insert(keys, 0, key)
}

// newSignKey is the user's, else a new one.
func (s *standIn) newSignKey() string {
	if keys := s.dev.env.signKeys(); len(keys) > 0 {
		return keys[0]
	}
	return rand.Text()
}

func (s *standIn) backlog() (waiting, leased int) {
	for _, app := range s.apps {
		a := s.fake.App(app)
		waiting += a.Waiting
		leased += a.Leased
	}
	return waiting, leased
}

// clock is the stand-in's.
type clock struct {
	Now      time.Time `json:"now"`
	OffsetMs int64     `json:"offsetMs"`
}

func (s *standIn) clock() clock {
	now := s.fake.Now()
	return clock{stamp(now), time.Until(now).Round(10 * time.Millisecond).Milliseconds()}
}

// kind is one of the kinds of events, with a sample.
type kind struct {
	Type  string `json:"type"`
	Field string `json:"field"`
	Body  string `json:"body"`
}

// sampleOf makes up an event of a kind.
func sampleOf(k event.Kind) (kind, error) {
	body, err := vodfake.Make(mathrand.Uint64(), time.Now(), k.Type, nil)
	if err != nil {
		return kind{}, fmt.Errorf("making a %s: %w", k.Type, err)
	}
	return kind{k.Type, k.Field, indent(body)}, nil
}

// Package standin is VOD as dev has it: the stand-in of shared/vodfake with an
// event configuration, callbacks that reach the function callback without the
// network, and news of every change for the journal.
package standin

import (
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/scripts/dev/runner"
	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// maxPushes is how many callbacks the stand-in has on their way at a time. Of
// a thousand at once most would wait for an instance until they time out.
const maxPushes = 64

var (
	// ErrSwitchedOff: VOD does not tell of events of this kind.
	ErrSwitchedOff = errors.New("the switch for events of this kind is OFF: PUT /api/config, or name a mode to send it all the same")

	// ErrStopped: dev is at its end.
	ErrStopped = errors.New("dev is being stopped")
)

// Options make a [StandIn].
type Options struct {
	SubAppIds    []uint64 // the applications whose queues pull drains; none: application 0
	Callback     string   // the callback URL
	SignKeys     []string // the user's own; the first signs
	Alternatives Alternatives

	Journal *journal.Journal
	Request func(*http.Request, []byte) (*runner.Answer, error) // gives callback a request
	Done    <-chan struct{}                                     // closed when dev is being stopped
}

// StandIn is the stand-in for VOD. Serve its Server, and close that at the end.
type StandIn struct {
	*vodfake.Server

	opt  Options
	apps []uint64 // whose queues pull drains

	// pushed is an application of its own, always in Mode PUSH, so that events
	// can be sent as callbacks while the Mode of the others is PULL.
	pushed uint64
	pushes chan struct{} // holds a value for each of its events on their way

	told vodfake.EventConfig // as it was last asked for by ConfigChanged
}

// New makes a stand-in whose queue pull drains and that tells of every event.
func New(o Options) *StandIn {
	s := &StandIn{opt: o, apps: o.SubAppIds, pushed: 1, pushes: make(chan struct{}, maxPushes)}
	if len(s.apps) == 0 {
		s.apps = []uint64{0}
	}
	for slices.Contains(s.apps, s.pushed) {
		s.pushed++
	}
	s.told = vodfake.EventConfig{
		Mode:                           vodfake.Pull,
		NotificationUrl:                o.Callback,
		UploadMediaCompleteEventSwitch: "ON",
		DeleteMediaCompleteEventSwitch: "ON",
		PersistenceCompleteEventSwitch: "ON",
	}
	if len(o.SignKeys) > 0 {
		s.told.SignKey = o.SignKeys[0]
	}
	s.Server = vodfake.New(vodfake.Options{
		Alternatives:      o.Alternatives.Alternatives,
		Asking:            o.Alternatives.asking(),
		EventConfig:       s.told,
		Keep:              journal.MaxEvents,
		Seed:              1 + mathrand.Uint64N(1<<63),
		TaskTime:          taskTime,
		CallbackTransport: s,
	})
	s.Watch(s.changed)
	return s
}

// changed is called while the Server is locked.
func (s *StandIn) changed(c vodfake.Change) {
	if c.SubAppId == s.pushed && (c.State == vodfake.Answered || c.State == vodfake.Failed) {
		select {
		case <-s.pushes:
		default: // it was told by a call of the API, not by Send
		}
	}
	s.opt.Journal.Changed(c, time.Now(), s.given)
}

// given looks an event up; false: it has ended and is forgotten.
func (s *StandIn) given(id string) (journal.Given, bool) {
	e, ok := s.Event(id)
	return journal.Given{ID: id, Mode: event.Mode(e.Mode), Body: e.Body, CopyOf: e.CopyOf}, ok
}

// Send gives VOD an event, to be told in a mode, or as the configuration says
// where mode is empty. It waits while too many callbacks are on their way.
// resendOf is the id of the event that it repeats, if any.
func (s *StandIn) Send(mode event.Mode, body []byte, resendOf string) (id string, err error) {
	switch mode {
	case event.Reliable:
		id = s.Queue(s.apps[0], body)
	case event.Normal:
		if id, err = s.push(body); err != nil {
			return "", err
		}
	default:
		if id = s.Notify(s.apps[0], body); id == "" {
			return "", ErrSwitchedOff
		}
	}
	at := time.Now()
	if g, ok := s.given(id); ok {
		g.ResendOf = resendOf
		s.opt.Journal.Given(g, at)
	}
	return id, nil
}

// push sends an event as a callback, whatever the Mode.
func (s *StandIn) push(body []byte) (id string, err error) {
	select {
	case s.pushes <- struct{}{}:
	case <-s.opt.Done:
		return "", ErrStopped
	}
	err = s.SetEventConfig(s.pushed, vodfake.EventConfig{
		Mode:            vodfake.Push,
		NotificationUrl: s.opt.Callback,
		SignKey:         s.Config().SignKey,
	})
	if err != nil {
		<-s.pushes
		return "", err
	}
	return s.Notify(s.pushed, body), nil
}

// RoundTrip carries the stand-in's callbacks. Those to dev's own URL go
// straight to the function, so that they are told from what others post there.
func (s *StandIn) RoundTrip(r *http.Request) (*http.Response, error) {
	own, err := url.Parse(s.opt.Callback)
	if err != nil || r.URL.Host != own.Host || !isCallback(r.URL.Path) {
		return outside.RoundTrip(r)
	}
	body, err := runner.ReadBody(r)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.Header.Set("User-Agent", "vodevents-stand-in")
	a, err := s.opt.Request(r, body)
	if err != nil {
		return nil, err
	}
	return a.Response(r), nil
}

var outside = &http.Transport{DisableKeepAlives: true}

// isCallback says whether a path is the callback URL's or below it.
func isCallback(path string) bool {
	return path == "/callback" || strings.HasPrefix(path, "/callback/")
}

// Config is that of the application whose queue pull drains.
func (s *StandIn) Config() vodfake.EventConfig { return s.EventConfig(s.apps[0]) }

// SetConfig changes it for every application.
func (s *StandIn) SetConfig(c vodfake.EventConfig) error {
	for _, app := range s.apps {
		if err := s.SetEventConfig(app, c); err != nil {
			return err
		}
	}
	return nil
}

// ConfigChanged says whether the configuration was changed since it was last
// asked, by ModifyEventConfig perhaps. It is called by one goroutine.
func (s *StandIn) ConfigChanged() bool {
	c := s.Config()
	changed := c != s.told
	s.told = c
	return changed
}

// SignKeys are the key that signs, and those of the user's that may sign too.
// None: callbacks are not signed.
func (s *StandIn) SignKeys() []string {
	key := s.Config().SignKey
	if key == "" {
		return nil
	}
	keys := slices.DeleteFunc(slices.Clone(s.opt.SignKeys), func(k string) bool { return k == key })
	return slices.Insert(keys, 0, key)
}

// NewSignKey is the user's, else a new one.
func (s *StandIn) NewSignKey() string {
	if len(s.opt.SignKeys) > 0 {
		return s.opt.SignKeys[0]
	}
	return rand.Text()
}

// Backlog is what the queues hold.
func (s *StandIn) Backlog() (waiting, leased int) {
	for _, app := range s.apps {
		a := s.App(app)
		waiting += a.Waiting
		leased += a.Leased
	}
	return waiting, leased
}

package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/keepalive"
	"vodevents/shared/internal/safeurl"
)

const (
	// inFlight is how many requests of one sink run at a time.
	inFlight = 32

	// dialTime is the longest that a dial, or a TLS handshake, may take. The
	// context of a try mostly ends it earlier.
	dialTime = 5 * time.Second
)

// Sink posts each event to one URL.
type Sink struct {
	transport *keepalive.Transport
	target    string // without user and secret
	name      string // what messages show of the URL
	mask      mask
	user      *url.Userinfo
	secrets   []secret
	slots     chan struct{} // a token for each request under way
	now       func() time.Time
	bodyTime  time.Duration // see its constant
	closed    atomic.Bool
}

var errClosed = errors.New("the sink is closed")

// Open returns the sink of an http:// or https:// URL. The parameter secret,
// which may be given more than once while keys are rotated, is taken off; all
// others, as well as path and order, are the server's. User and password
// become basic authentication.
func Open(u *url.URL) (*Sink, error) {
	name := strings.TrimSuffix(safeurl.Show(u.String()), ":")
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("webhook: %q is neither http nor https", u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s names no host", name)
	case u.Fragment != "":
		return nil, fmt.Errorf("%s: a # never reaches the server; write %%23 where it belongs to the path, a parameter or the password", name)
	}
	query, secrets, err := takeSecrets(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	target := *u
	target.User, target.RawQuery = nil, query

	return &Sink{
		transport: keepalive.NewTransport(inFlight, dialTime),
		target:    target.String(),
		name:      name,
		mask:      newMask(&target, u.User, secrets),
		user:      u.User,
		secrets:   secrets,
		slots:     make(chan struct{}, inFlight),
		now:       time.Now,
		bodyTime:  bodyTime,
	}, nil
}

// Send posts each event once, up to 32 at a time; events of one subject one
// after another, so that they keep their order. Once one of them failed, but
// not for good, those behind it are not tried.
//
// The status decides as soon as it is there, whatever becomes of the body. 2xx
// is taken; 400, 413, 415 and 422 are permanent; 401, 403, 404, 405, 407, 408,
// 410, 421, 425, 429 and 5xx are [deliver.Answered], with the patience that
// Retry-After asks for. Everything else is a failure of the event, redirects
// too, which are not followed.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	var all sync.WaitGroup
	for _, queue := range bySubject(events) {
		all.Go(func() {
			for n, i := range queue {
				errs[i] = s.post(ctx, events[i])
				if errs[i] != nil && !deliver.IsPermanent(errs[i]) {
					untried := deliver.Untried(fmt.Errorf("not tried, since an earlier event of its subject failed: %w", errs[i]))
					for _, later := range queue[n+1:] {
						errs[later] = untried
					}
					return
				}
			}
		})
	}
	all.Wait()
	return errs
}

// bySubject returns the indexes of events, a queue for each subject; an event
// without one has a queue of its own.
func bySubject(events []*event.Event) [][]int {
	queues := make([][]int, 0, len(events))
	at := make(map[string]int, len(events))
	for i, e := range events {
		n, ok := at[e.Subject]
		if !ok || e.Subject == "" {
			n = len(queues)
			at[e.Subject] = n
			queues = append(queues, nil)
		}
		queues[n] = append(queues[n], i)
	}
	return queues
}

func (s *Sink) post(ctx context.Context, e *event.Event) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return deliver.Untried(fmt.Errorf("%s: %w", s.name, ctx.Err()))
	}
	if s.closed.Load() {
		return s.unavailable(errClosed)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := s.request(ctx, e)
	if err != nil {
		return s.unavailable(err)
	}
	answer, err := s.transport.RoundTrip(r) // a client would follow redirects
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer in time: %w", context.Cause(ctx))
		}
		return s.unavailable(s.mask.sent(r.Header).error(err)) // net/http quotes an answer that is no HTTP
	}
	return s.judge(answer, r.Header, cancel)
}

// request is the POST of one event, signed.
func (s *Sink) request(ctx context.Context, e *event.Event) (*http.Request, error) {
	// No pool for the body: the transport may read it for a moment longer than
	// its call lasts.
	body := e.AppendCloudEvent(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the URL makes no request") // err quotes it
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	s.identify(r)
	// A connection that turns out stale is replaced and the request sent again,
	// as if POST were idempotent: the receiver knows events by their id. An
	// empty header says so and is not sent.
	r.Header["Idempotency-Key"] = nil
	if len(s.secrets) > 0 {
		sign(r.Header, s.secrets, e.ID, s.now(), body)
	}
	return r, nil
}

// identify says who asks.
func (s *Sink) identify(r *http.Request) {
	r.Header.Set("User-Agent", "vodevents")
	if s.user != nil {
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
}

func (s *Sink) unavailable(err error) error {
	return deliver.Unavailable(fmt.Errorf("%s: %w", s.name, err), 0)
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.transport.CloseIdle() }

// Close closes the idle connections; Send fails from now on.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}

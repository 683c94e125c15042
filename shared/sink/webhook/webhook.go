package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
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

	// tryTime ends a try whose server says nothing: the lease of a pulled event
	// is 30 s (266/33433) and should hold a second try.
	tryTime = 12 * time.Second

	// drain is how much of an answer is read so that its connection can be used
	// again; a longer one costs the connection.
	drain = 64 << 10

	// quote is how much of a refusal is quoted.
	quote = 200
)

// Sink posts each event to one URL.
type Sink struct {
	transport *keepalive.Transport
	target    string            // without user and secret
	name      string            // scheme and host, for messages
	mask      *strings.Replacer // takes the rest of the URL out of what the server says
	user      *url.Userinfo
	secrets   [][]byte
	slots     chan struct{}

	now    func() time.Time
	closed atomic.Bool
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
		transport: keepalive.NewTransport(inFlight, tryTime/2),
		target:    target.String(),
		name:      name,
		mask:      newMask(&target, u.User),
		user:      u.User,
		secrets:   secrets,
		slots:     make(chan struct{}, inFlight),
		now:       time.Now,
	}, nil
}

// Send posts each event once, up to 32 at a time; events of one subject one
// after another, so that they keep their order. Once one of them failed for
// lack of the server, those behind it are not tried.
//
// 2xx is accepted. 4xx is permanent, but for 408, 425 and 429. The rest is
// unavailable, with the patience that Retry-After asks for: redirects, which
// are not followed, too.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	var all sync.WaitGroup
	for _, queue := range bySubject(events) {
		all.Go(func() {
			var down error
			for _, i := range queue {
				if down == nil {
					errs[i] = s.post(ctx, events[i])
				} else {
					errs[i] = down
				}
				if errs[i] != nil && !deliver.IsPermanent(errs[i]) {
					down = errs[i]
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
		return s.unavailable(ctx.Err(), 0)
	}
	if s.closed.Load() {
		return s.unavailable(errClosed, 0)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, tryTime, fmt.Errorf("no answer within %v", tryTime))
	defer cancel()

	// No pool for the body: the transport may read it for a moment longer than
	// its call lasts.
	body := e.AppendCloudEvent(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, bytes.NewReader(body))
	if err != nil {
		return s.unavailable(errors.New("the URL makes no request"), 0) // err quotes it
	}
	r.Header.Set("Content-Type", "application/cloudevents+json")
	r.Header.Set("User-Agent", "vodevents")
	// A connection that turns out stale is replaced and the request sent again,
	// as if POST were idempotent: the receiver knows events by their id. An
	// empty header says so and is not sent.
	r.Header["Idempotency-Key"] = nil
	if s.user != nil {
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
	if len(s.secrets) > 0 {
		sign(r.Header, s.secrets, e.ID, s.now(), body)
	}

	answer, err := s.transport.RoundTrip(r) // a client would follow redirects
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return s.unavailable(err, 0)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 == 2 {
		io.CopyN(io.Discard, answer.Body, drain) // it has said yes, whatever follows
		return nil
	}
	return s.refusal(answer)
}

// refusal is the error of an answer that is not 2xx.
func (s *Sink) refusal(answer *http.Response) error {
	said, _ := io.ReadAll(io.LimitReader(answer.Body, drain))
	err := fmt.Errorf("answers %s", answer.Status)
	if text := s.mask.Replace(strings.TrimSpace(string(said))); text != "" {
		err = fmt.Errorf("%w: %q", err, text[:min(len(text), quote)])
	}
	switch code := answer.StatusCode; {
	case code/100 == 3:
		return s.unavailable(fmt.Errorf("%w: redirects are not followed, name the final address in the URL", err), 0)
	case code/100 == 4 && code != http.StatusRequestTimeout && code != http.StatusTooEarly && code != http.StatusTooManyRequests:
		return deliver.Permanent(fmt.Errorf("%s: %w", s.name, err))
	default:
		return s.unavailable(err, retryAfter(answer.Header.Get("Retry-After"), s.now()))
	}
}

func (s *Sink) unavailable(err error, after time.Duration) error {
	return deliver.Unavailable(fmt.Errorf("%s: %w", s.name, err), after)
}

// newMask stars out what a server may repeat of a request's URL, as many do
// when they find nothing there.
func newMask(target *url.URL, user *url.Userinfo) *strings.Replacer {
	password, _ := user.Password()
	parts := []string{target.RequestURI(), target.RawQuery, target.EscapedPath(), target.Path, password}
	for _, values := range target.Query() {
		parts = append(parts, values...)
	}
	var pairs []string
	for _, part := range parts {
		if len(part) > 3 { // less is no secret, and would star out half an answer
			pairs = append(pairs, part, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110,
// 10.2.3). What it cannot read, or what is past, is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now))
	}
	return 0
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.transport.CloseIdle() }

// Close closes the idle connections; Send fails from now on.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}

// takeSecrets splits a raw query into the server's own part, as it was, and
// the keys of our parameter secret.
func takeSecrets(query string) (rest string, secrets [][]byte, err error) {
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		value, ok := strings.CutPrefix(pair, "secret=")
		if !ok {
			kept = append(kept, pair)
			continue
		}
		// A + is no blank here: base64 has the one and not the other.
		if value, err = url.PathUnescape(value); err != nil {
			return "", nil, errors.New("the secret is badly percent-encoded; write % as %25")
		}
		key, err := secretKey(value)
		if err != nil {
			return "", nil, err
		}
		secrets = append(secrets, key)
	}
	return strings.Join(kept, "&"), secrets, nil
}

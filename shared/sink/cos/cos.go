package cos

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

const (
	// inFlight is how many requests of one sink run at a time.
	inFlight = 32

	// dialTime is the longest that a dial, or a TLS handshake, may take. The
	// context of a try mostly ends it earlier.
	dialTime = 5 * time.Second

	// answerMost is how much of the body of an answer to a PUT or of a refusal is
	// read, in bytes.
	answerMost = 64 << 10

	// objectMost is how much of an object is read, in bytes. An event of 6 MB, the
	// most that a callback may have, is under 27 MB with rawdata and all bytes of
	// it escaped.
	objectMost = 32 << 20
)

// Sink puts each event into one bucket.
type Sink struct {
	*bucket
	slots  chan struct{} // a token for each request under way
	closed atomic.Bool
}

var errClosed = errors.New("the sink is closed")

// Open returns the sink of a cos:// URL. The package comment says what it may
// hold.
func Open(u *url.URL) (*Sink, error) {
	b, err := parseURL(u)
	if err != nil {
		return nil, err
	}
	return &Sink{bucket: b, slots: make(chan struct{}, inFlight)}, nil
}

// Send puts each event once, up to 32 at a time. Objects have no order.
func (s *Sink) Send(ctx context.Context, events []*event.Event) []error {
	errs := make([]error, len(events))
	if len(events) == 0 {
		return errs
	}
	k, err := s.keys()
	if err != nil {
		return deliver.FailAll(len(events), s.unavailable(err))
	}
	var all sync.WaitGroup
	for i, e := range events {
		all.Go(func() { errs[i] = s.put(ctx, k, e) })
	}
	all.Wait()
	return errs
}

func (s *Sink) put(ctx context.Context, k keys, e *event.Event) error {
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
	// The body comes from no pool: the transport may still read it for a moment
	// after the call has returned.
	body := e.AppendCloudEvent(nil)
	sum := md5.Sum(body)
	header := http.Header{
		"Content-Type": {"application/cloudevents+json"},
		"Content-Md5":  {base64.StdEncoding.EncodeToString(sum[:])}, // without it COS keeps a truncated object and reports no error
	}
	answer, text, err := s.call(ctx, k, http.MethodPut, s.bucket.key(e.Received, e.ID), nil, header, body)
	if err != nil {
		return s.unavailable(err)
	}
	return s.judge(answer, text)
}

// call makes one request and reads the answer: up to objectMost bytes of an object, and
// up to answerMost of any other.
func (b *bucket) call(ctx context.Context, k keys, method, key string, query url.Values, header http.Header, body []byte) (answer *http.Response, text []byte, err error) {
	target := b.base + escapePath(b.path+key)
	if query != nil {
		target += "?" + canonicalQuery(query)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errors.New("the URL makes no request") // err quotes it
	}
	if header != nil {
		r.Header = header
	}
	r.Header.Set("User-Agent", "vodevents")
	// A connection that turns out stale is replaced and the request sent again:
	// every request here may be repeated. An empty header says so and is not sent.
	r.Header["Idempotency-Key"] = nil
	sign(r, k, b.region, sha256.Sum256(body), b.now())
	answer, err = b.roundTrip(r)
	if err == nil {
		defer answer.Body.Close()
		most := int64(answerMost)
		if method == http.MethodGet && answer.StatusCode/100 == 2 {
			most = objectMost
		}
		text, err = io.ReadAll(io.LimitReader(answer.Body, most)) // truncated JSON is invalid
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = fmt.Errorf("no answer in time: %w", context.Cause(ctx))
	case k.token != "" && strings.Contains(err.Error(), k.token):
		err = errors.New("what answers is no HTTP") // net/http quotes it, and it repeats the request
	}
	if err != nil && answer != nil && answer.StatusCode/100 != 2 {
		err = nil // the status is enough
	}
	return answer, text, err
}

func (b *bucket) unavailable(err error) error {
	return deliver.Unavailable(fmt.Errorf("%s: %w", b.name, err), 0)
}

// CloseIdle implements [deliver.Sink].
func (s *Sink) CloseIdle() { s.transport.CloseIdle() }

// Close closes the idle connections; Send fails from now on.
func (s *Sink) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}

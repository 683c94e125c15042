package vod

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/internal/endpoint"
	"vodevents/shared/tencentapi"
)

const (
	// DefaultEndpoint is the API's address in mainland China, which serves
	// international accounts as well.
	DefaultEndpoint = endpoint.Default

	// Timeout ends a call that has no answer. VOD holds a PullEvents for up to
	// 5 s and asks for a timeout of 10 s (266/33433).
	Timeout = 10 * time.Second

	// maxAnswer is the longest answer that is read, in bytes: room for 16
	// events of 4 MB. The largest event seen in the field had 10 kB.
	maxAnswer = 64 << 20
)

// Options say how to reach VOD and as whom.
type Options struct {
	// Endpoint is the API's address: a host, with a port if needed, after
	// http:// or https://. Without a scheme it is https. Empty:
	// DefaultEndpoint.
	Endpoint string

	// Region is sent as X-TC-Region. Empty: no such header; few accounts need
	// one.
	Region string

	// Credentials come from [credentials.Find].
	Credentials credentials.Credentials

	// Transport carries the calls. Make one with NewTransport and share it
	// among clients. nil: http.DefaultTransport.
	Transport http.RoundTripper

	// Retry is asked whether to repeat a call that failed with ErrRetry. It
	// gets the number of tries so far and the time since the first one began.
	// It does its own waiting before it returns true. nil: no call is repeated.
	// The lease engine does not use it; it has its own rules.
	Retry func(ctx context.Context, err error, tries int, since time.Duration) bool

	// Pace spaces the calls. nil: they go out at once.
	Pace *Pace
}

// Client calls the VOD API. It is safe for concurrent use. Make a new one at each
// invocation, because keys may have changed; it costs next to nothing.
type Client struct {
	api   *tencentapi.Client
	mask  mask // takes the keys out of what was written elsewhere
	keys  string
	retry func(ctx context.Context, err error, tries int, since time.Duration) bool
	pace  *Pace
}

// New returns a client. It opens no connection. The error says which option is
// wrong.
func New(o Options) (*Client, error) {
	c := o.Credentials
	if c.SecretId == "" || c.SecretKey == "" {
		return nil, errors.New("vod: no keys: set Options.Credentials, from credentials.Find")
	}
	if c.Source == "" {
		c.Source = "the caller"
	}
	api, err := tencentapi.New(tencentapi.Options{
		Service: "vod", Version: "2018-07-17", Endpoint: cmp.Or(o.Endpoint, DefaultEndpoint), Region: o.Region,
		Credentials: c, Transport: o.Transport, MaxAnswer: maxAnswer,
	})
	if err != nil {
		return nil, fmt.Errorf("vod: VOD_ENDPOINT: %w", err)
	}
	return &Client{api: api, mask: func() []string { return []string{c.SecretKey, c.Token, c.SecretId} }, keys: c.Source, retry: o.Retry, pace: o.Pace}, nil
}

// Connect returns a client like [New], with the keys that [credentials.Find] finds.
// Call it when an invocation starts. If the transport is from [NewTransport], Connect
// closes those of its connections that a freeze of the instance may have broken.
func Connect(getenv func(string) string, onSCF bool, o Options) (*Client, error) {
	if t, ok := o.Transport.(*Transport); ok {
		t.CloseIdle()
	}
	var err error
	if o.Credentials, err = credentials.Find(getenv, onSCF); err != nil {
		return nil, fmt.Errorf("vod: %w", err)
	}
	return New(o)
}

// Paced returns a client whose calls p spaces.
func (c *Client) Paced(p *Pace) *Client {
	paced := *c
	paced.pace = p
	return &paced
}

// call sends one action, again if Options.Retry says so, and returns the parts of
// VOD's answer. Its error is an *Error, or says that ctx ended. If an answer broke
// off, call returns both the error and the events that came before.
func (c *Client) call(ctx context.Context, action string, params any) (envelope, error) {
	first := time.Now()
	for tries := 1; ; tries++ {
		e, err := c.try(ctx, action, params)
		if c.retry == nil || !errors.Is(err, ErrRetry) || len(e.events) > 0 {
			return e, err
		}
		if !c.retry(ctx, err, tries, time.Since(first)) {
			if ctx.Err() != nil {
				err = c.failure(ctx, ctx, action, err)
			}
			return envelope{}, err
		}
	}
}

// try sends one action once.
func (c *Client) try(ctx context.Context, action string, params any) (envelope, error) {
	if c.pace != nil {
		if err := c.pace.wait(ctx, action); err != nil {
			return envelope{}, fmt.Errorf("vod: %s ended early: %w", action, err)
		}
	}
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	body, err := c.api.Call(limited, action, params)
	if err != nil {
		return envelope{}, c.failure(ctx, limited, action, err)
	}
	e, err := parse(body)
	if err != nil {
		return envelope{events: e.events}, c.refuse(&Error{Action: action, Code: codeBody, Message: err.Error()})
	}
	var requestId string
	if e.requestId != nil {
		json.Unmarshal(e.requestId, &requestId) // it is for people only: nothing fails without it
	}
	if e.failure != nil && e.failure[0] == '{' {
		var f struct{ Code, Message string }
		if err := json.Unmarshal(e.failure, &f); err != nil {
			return envelope{}, c.refuse(&Error{Action: action, Code: codeBody, Message: "Error is strange: " + err.Error(), RequestId: requestId})
		}
		return envelope{}, c.refuse(&Error{Action: action, Code: f.Code, Message: f.Message, RequestId: requestId})
	}
	return e, nil
}

// failure turns an error of a call into an [*Error]. The call ran in limited, which
// was made from the caller's ctx.
func (c *Client) failure(ctx, limited context.Context, action string, err error) error {
	if ctx.Err() != nil { // the caller's doing, not the network's
		return fmt.Errorf("vod: %s ended early: %w", action, ctx.Err())
	}
	e := &Error{Action: action, Code: codeNetwork, Message: err.Error(), cause: err}
	var status *tencentapi.Status
	var long *tencentapi.AnswerTooLong
	switch {
	case errors.As(err, &status):
		e.Code, e.Message = codeStatus, e.Message+": "+excerpt(status.Body)
	case errors.As(err, &long):
		e.Code = codeBody
	case limited.Err() != nil:
		e.Message = fmt.Sprintf("no answer within %v", Timeout)
	}
	return c.refuse(e)
}

// refuse completes an error with what the client knows.
func (c *Client) refuse(e *Error) *Error {
	e.Code, e.Message, e.RequestId = c.mask.take(e.Code), c.mask.take(e.Message), c.mask.take(e.RequestId)
	e.keys = c.keys
	return e
}

// mask has the keys. It is a function so that a client that is printed shows none.
type mask func() []string

// shortestKey is the length in bytes from which on a key, or the beginning of one that
// an excerpt cut, is taken for one. Less is nobody's key, and would mask half a message.
const shortestKey = 8

// take takes the keys out of a text.
func (m mask) take(text string) string {
	for _, key := range m() {
		if len(key) < shortestKey {
			continue
		}
		text = strings.ReplaceAll(text, key, "(masked)")
		for n := len(key) - 1; n >= shortestKey; n-- {
			text = strings.ReplaceAll(text, key[:n]+excerptEnd, "(masked)"+excerptEnd)
		}
	}
	return text
}

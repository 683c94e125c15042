package vod

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/internal/endpoint"
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

	// Credentials come from FindCredentials.
	Credentials Credentials

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
	sdk   *common.Client
	mask  *strings.Replacer // takes the keys out of messages that were written elsewhere
	keys  string
	retry func(ctx context.Context, err error, tries int, since time.Duration) bool
	pace  *Pace
}

// New returns a client. It opens no connection. The error says which option is
// wrong.
func New(o Options) (*Client, error) {
	scheme, host, err := endpoint.Parse(cmp.Or(o.Endpoint, DefaultEndpoint))
	if err != nil {
		return nil, fmt.Errorf("vod: VOD_ENDPOINT: %w", err)
	}
	c := o.Credentials
	if c.SecretId == "" || c.SecretKey == "" {
		return nil, errors.New("vod: no keys: set Options.Credentials, from FindCredentials")
	}
	if c.Source == "" {
		c.Source = "the caller"
	}
	var secrets []string
	for _, s := range []string{c.SecretKey, c.Token, c.SecretId} {
		if len(s) >= 8 { // less is nobody's key, and would mask half a message
			secrets = append(secrets, s, "(masked)")
		}
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}

	p := profile.NewClientProfile() // no retries, no second region, no debug output
	p.Language = "en-US"
	p.HttpProfile.Scheme = scheme
	p.HttpProfile.Endpoint = host
	p.HttpProfile.ReqTimeout = 0 // each call's context has the timeout
	sdk := common.NewCommonClient(common.NewTokenCredential(c.SecretId, c.SecretKey, c.Token), o.Region, p).
		WithHttpTransport(taker{o.Transport, maxAnswer})
	return &Client{sdk: sdk, mask: strings.NewReplacer(secrets...), keys: c.Source, retry: o.Retry, pace: o.Pace}, nil
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
	a := new(answer)
	r := &request{BaseRequest: new(tchttp.BaseRequest).Init().WithApiInfo("vod", "2018-07-17", action), params: params}
	r.SetContext(context.WithValue(limited, answerKey{}, a))

	if err := c.sdk.Send(r, a); err != errTaken {
		return envelope{}, c.failure(ctx, limited, action, err)
	}
	e, err := parse(a.body)
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

// failure turns an error of the SDK into the error of a call. The call ran in
// limited, which was made from the caller's ctx.
func (c *Client) failure(ctx, limited context.Context, action string, err error) error {
	if ctx.Err() != nil { // the caller's doing, not the network's
		return fmt.Errorf("vod: %s ended early: %w", action, ctx.Err())
	}
	var e *Error
	if errors.As(err, &e) { // from taker
		e.Action = action
		return c.refuse(e)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the SDK's words and the URL
	}
	e = &Error{Action: action, Code: codeNetwork, Message: err.Error(), cause: err}
	if limited.Err() != nil {
		e.Message = fmt.Sprintf("no answer within %v", Timeout)
	}
	return c.refuse(e)
}

// refuse completes an error with what the client knows.
func (c *Client) refuse(e *Error) *Error {
	e.Message = c.mask.Replace(e.Message)
	e.keys = c.keys
	return e
}

// request is one call in the form that the SDK signs and sends. encoding/json
// encodes its parameters, so a SubAppId stays exact. The SDK's own request would
// put integers through float64.
type request struct {
	*tchttp.BaseRequest
	params any
}

func (r *request) MarshalJSON() ([]byte, error) { return json.Marshal(r.params) }

// answer is where taker puts the body of one call's answer. It is also the
// response that the SDK is given: it stops the SDK before it parses anything.
type answer struct{ body []byte }

type answerKey struct{}

var errTaken = errors.New("vod: the answer was taken")

func (*answer) ParseErrorFromHTTPResponse([]byte) error { return errTaken }

// taker takes the body of an answer away from the SDK, which would parse it five
// times and re-encode or lose parts of it. The client parses it once. The SDK gets
// an empty body of a type that it does not touch.
type taker struct {
	transport http.RoundTripper
	most      int64 // bytes of an answer
}

func (t taker) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK { // VOD says all it has to say with 200
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, &Error{Code: codeStatus,
			Message: fmt.Sprintf("HTTP status %d %s: %s", resp.StatusCode, http.StatusText(resp.StatusCode), excerpt(body))}
	}
	// One buffer, of the right size if the length is known. The limit is for
	// the bytes after decompression.
	var buf bytes.Buffer
	buf.Grow(int(min(max(resp.ContentLength, 0), t.most)) + bytes.MinRead)
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, t.most+1))
	switch {
	case err != nil:
		return nil, err
	case n > t.most:
		return nil, &Error{Code: codeBody, Message: fmt.Sprintf("the answer is longer than %d bytes", t.most)}
	}
	r.Context().Value(answerKey{}).(*answer).body = buf.Bytes()
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/octet-stream"}},
		Body:       http.NoBody,
		Request:    r,
	}, nil
}

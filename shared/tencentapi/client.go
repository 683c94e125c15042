package tencentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"vodevents/shared/credentials"
	"vodevents/shared/internal/endpoint"
)

// MaxRequest is the longest request that the API takes, in bytes (1130/46710).
const MaxRequest = 10 << 20

// Options say which service to call, where, and as whom.
type Options struct {
	// Service and Version are those of the API, such as vod and 2018-07-17.
	Service, Version string

	// Endpoint is a host, with a port if needed, after http:// or https://. Without
	// a scheme it is https.
	Endpoint string

	// Region is sent as X-TC-Region. Empty: no such header.
	Region string

	Credentials credentials.Credentials

	// Transport carries the calls; nil: [http.DefaultTransport].
	Transport http.RoundTripper

	// MaxAnswer is the longest answer that is read, in bytes after decompression.
	MaxAnswer int64
}

// Client calls one service. It is safe for concurrent use, and costs next to nothing.
type Client struct {
	sdk              *common.Client
	service, version string
}

// New returns a client. It opens no connection. The error says what is wrong with the
// endpoint.
func New(o Options) (*Client, error) {
	scheme, host, err := endpoint.Parse(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	p := profile.NewClientProfile() // no retries, no second region, no debug output
	p.Language = "en-US"
	p.HttpProfile.Scheme = scheme
	p.HttpProfile.Endpoint = host
	p.HttpProfile.ReqTimeout = 0 // each call's context has the timeout
	c := o.Credentials
	sdk := common.NewCommonClient(common.NewTokenCredential(c.SecretId, c.SecretKey, c.Token), o.Region, p).
		WithHttpTransport(taker{o.Transport, o.MaxAnswer})
	return &Client{sdk, o.Service, o.Version}, nil
}

// Call sends one action once and returns the body of its answer. encoding/json
// encodes the parameters, so 64-bit integers stay exact.
//
// The error is a [*RequestTooLong], and nothing was sent, a [*Status], an
// [*AnswerTooLong], or one of the network or of ctx. After the last four the action
// may have been done. No error has a URL or keys in it, but [Status.Body] is what
// somebody else wrote.
func (c *Client) Call(ctx context.Context, action string, params any) ([]byte, error) {
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	if len(body) > MaxRequest {
		return nil, &RequestTooLong{len(body)}
	}
	a := new(answer)
	r := &request{BaseRequest: new(tchttp.BaseRequest).Init().WithApiInfo(c.service, c.version, action), body: body}
	r.SetContext(context.WithValue(ctx, answerKey{}, a))
	if err := c.sdk.Send(r, a); err != errTaken {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the SDK's words and the URL
		}
		return nil, err
	}
	return a.body, nil
}

// Status is an answer with another HTTP status than 200: not the API's, which says
// all it has to say with 200, but that of something on the way.
type Status struct {
	Status int
	Body   []byte // its first 4 KB
}

func (s *Status) Error() string {
	return fmt.Sprintf("HTTP status %d %s", s.Status, http.StatusText(s.Status))
}

// AnswerTooLong is an answer of more bytes than [Options.MaxAnswer].
type AnswerTooLong struct{ Most int64 }

func (a *AnswerTooLong) Error() string {
	return fmt.Sprintf("the answer is longer than %d bytes", a.Most)
}

// RequestTooLong is a request of more than [MaxRequest] bytes. It was not sent.
type RequestTooLong struct{ Bytes int }

func (r *RequestTooLong) Error() string {
	return fmt.Sprintf("the request has %.2f MB, and the API takes %.2f MB (1130/46710)", float64(r.Bytes)/1e6, MaxRequest/1e6)
}

// request is one call in the form that the SDK signs and sends. The SDK's own request
// would put integers through float64.
type request struct {
	*tchttp.BaseRequest
	body []byte
}

func (r *request) MarshalJSON() ([]byte, error) { return r.body, nil }

// answer is where taker puts the body of one call's answer. It is also the response
// that the SDK is given: it stops the SDK before it parses anything.
type answer struct{ body []byte }

type answerKey struct{}

var errTaken = errors.New("tencentapi: the answer was taken")

func (*answer) ParseErrorFromHTTPResponse([]byte) error { return errTaken }

// taker takes the body of an answer away from the SDK, which gets an empty one of a
// type that it does not touch.
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
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096)) // as much of it as came
		return nil, &Status{resp.StatusCode, body}
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
		return nil, &AnswerTooLong{t.most}
	}
	r.Context().Value(answerKey{}).(*answer).body = buf.Bytes()
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/octet-stream"}},
		Body:       http.NoBody,
		Request:    r,
	}, nil
}

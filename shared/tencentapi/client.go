package tencentapi

import (
	"context"
	"encoding/json"
	"errors"
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

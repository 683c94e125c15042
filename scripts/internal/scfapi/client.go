package scfapi

import (
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
)

const (
	// DefaultEndpoint is where SCF answers. Finance regions have their own,
	// scf.<region>.tencentcloudapi.com.
	DefaultEndpoint = "https://scf.tencentcloudapi.com"

	// DefaultCAMEndpoint is where CAM answers.
	DefaultCAMEndpoint = "https://cam.tencentcloudapi.com"

	// MaxRequest is the longest request that the API takes, in bytes
	// (1130/46710). The pages of CreateFunction and UpdateFunctionCode speak of
	// 50 and 20 MB; which of the limits holds is not known, so this is the
	// smallest of them.
	MaxRequest = 10 << 20

	longTimeout = 5 * time.Minute // an upload of 10 MB over a slow line, or an Invoke
	timeout     = 30 * time.Second
	maxAnswer   = 16 << 20 // bytes
)

// Options say how to reach the APIs and as whom.
type Options struct {
	SecretId, SecretKey, Token string

	// Region is the function's region, such as ap-guangzhou.
	Region string

	// Endpoint and CAMEndpoint are scheme and host. Empty: the default ones.
	Endpoint, CAMEndpoint string

	// Mask takes secrets out of a text. nil: texts are left as they are.
	Mask func(string) string

	// Wait waits between two tries of a call that may pass. An error, such as
	// that of ctx, ends the call.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client calls the APIs. Use it from one goroutine at a time.
type Client struct {
	scf, cam *common.Client
	o        Options
}

// New returns a client. It opens no connection.
func New(o Options) (*Client, error) {
	if o.SecretId == "" || o.SecretKey == "" {
		return nil, errors.New("no keys: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY, and TENCENT_TOKEN if they are temporary")
	}
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	scf, err := newSDK(cmp.Or(o.Endpoint, DefaultEndpoint), o.Region, o)
	if err != nil {
		return nil, fmt.Errorf("SCF_ENDPOINT: %w", err)
	}
	cam, err := newSDK(cmp.Or(o.CAMEndpoint, DefaultCAMEndpoint), "", o) // CAM has no region
	if err != nil {
		return nil, fmt.Errorf("CAM_ENDPOINT: %w", err)
	}
	return &Client{scf: scf, cam: cam, o: o}, nil
}

func newSDK(endpoint, region string, o Options) (*common.Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("not an address; write https://HOST or http://127.0.0.1:PORT")
	}
	p := profile.NewClientProfile() // no retries, no second region, no debug output
	p.Language = "en-US"
	p.HttpProfile.Scheme = u.Scheme
	p.HttpProfile.Endpoint = u.Host
	p.HttpProfile.ReqTimeout = 0 // each call's context has the timeout
	credential := common.NewTokenCredential(o.SecretId, o.SecretKey, o.Token)
	return common.NewCommonClient(credential, region, p).WithHttpTransport(taker{}), nil
}

// tries of one call, and the time between the first two. It doubles.
const (
	maxTries  = 6
	firstWait = time.Second
)

// call sends one action and decodes the answer into result. It repeats a call
// that the API asks to repeat, and a call that only reads when its answer was lost.
// It does not repeat a write whose answer was lost: only the caller can find out
// whether that was done.
func (c *Client) call(ctx context.Context, service, action string, params, result any) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := c.try(ctx, service, action, params, result)
		var e *Error
		if try == maxTries || !errors.As(err, &e) || !e.again() && !(reads(action) && Lost(err)) {
			return err
		}
		if err := c.o.Wait(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// reads tells whether an action changes nothing.
func reads(action string) bool {
	return strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List")
}

// timeoutOf is how long the answer to an action may take.
func timeoutOf(action string) time.Duration {
	switch action {
	case "CreateFunction", "UpdateFunctionCode", "Invoke":
		return longTimeout
	}
	return timeout
}

func (c *Client) try(ctx context.Context, service, action string, params, result any) error {
	body, err := json.Marshal(params)
	if err != nil {
		return err
	}
	if len(body) > MaxRequest {
		return &Error{Action: action, Code: codeTooLong, Message: fmt.Sprintf("the request has %.2f MB, and the API takes %.2f MB (1130/46710)", float64(len(body))/1e6, MaxRequest/1e6)}
	}
	sdk, version := c.scf, "2018-04-16"
	if service == "cam" {
		sdk, version = c.cam, "2019-01-16"
	}
	limited, cancel := context.WithTimeout(ctx, timeoutOf(action))
	defer cancel()
	a := new(answer)
	r := &request{BaseRequest: new(tchttp.BaseRequest).Init().WithApiInfo(service, version, action), body: body}
	r.SetContext(context.WithValue(limited, answerKey{}, a))
	if err := sdk.Send(r, a); err != errTaken {
		return c.lost(ctx, action, err)
	}
	return c.decode(action, a.body, result)
}

// lost is the error of a call without an answer.
func (c *Client) lost(ctx context.Context, action string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s ended early: %w", action, ctx.Err())
	}
	var e *Error
	if errors.As(err, &e) { // from taker
		e.Action = action
		return e
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the SDK's words and the URL
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer in %v", timeoutOf(action))
	}
	return &Error{Action: action, Code: codeNetwork, Message: c.o.Mask(err.Error())}
}

// decode takes an answer apart. Its errors quote nothing of it.
func (c *Client) decode(action string, body []byte, result any) error {
	var envelope struct{ Response json.RawMessage }
	var head struct {
		RequestId string
		Error     *struct{ Code, Message string }
	}
	if json.Unmarshal(body, &envelope) != nil || json.Unmarshal(envelope.Response, &head) != nil {
		return &Error{Action: action, Code: codeBody, Message: fmt.Sprintf("the answer, %d bytes, is not one of this API", len(body))}
	}
	if head.Error != nil {
		return &Error{Action: action, Code: head.Error.Code, Message: c.o.Mask(head.Error.Message), RequestId: head.RequestId}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(envelope.Response, result); err != nil {
		return &Error{Action: action, Code: codeBody, Message: "the answer has a member of another type than documented", RequestId: head.RequestId}
	}
	return nil
}

// request is one call in the form that the SDK signs and sends.
type request struct {
	*tchttp.BaseRequest
	body []byte
}

func (r *request) MarshalJSON() ([]byte, error) { return r.body, nil }

// answer is where taker puts the body of one answer. It is also the response that
// the SDK is given, and stops the SDK before it parses anything: the SDK's own
// errors quote the answer, which may hold a function's environment.
type answer struct{ body []byte }

type answerKey struct{}

var errTaken = errors.New("scfapi: the answer was taken")

func (*answer) ParseErrorFromHTTPResponse([]byte) error { return errTaken }

// taker takes the body of an answer away from the SDK.
type taker struct{}

func (taker) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK { // the API says all it has to say with 200
		return nil, &Error{Code: codeStatus, Message: fmt.Sprintf("HTTP status %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	r.Context().Value(answerKey{}).(*answer).body = body
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/octet-stream"}},
		Body:       http.NoBody,
		Request:    r,
	}, nil
}

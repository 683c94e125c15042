package scfapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/tencentapi"
)

const (
	// DefaultEndpoint is where SCF answers. Finance regions have their own,
	// scf.<region>.tencentcloudapi.com.
	DefaultEndpoint = "https://scf.tencentcloudapi.com"

	// DefaultCAMEndpoint is where CAM answers.
	DefaultCAMEndpoint = "https://cam.tencentcloudapi.com"

	// MaxRequest is the longest request that the API takes, in bytes. The pages of
	// CreateFunction and UpdateFunctionCode speak of 50 and 20 MB; which of the
	// limits holds is not known, so this is the smallest of them.
	MaxRequest = tencentapi.MaxRequest

	longTimeout = 5 * time.Minute // an upload of 10 MB over a slow line, or an Invoke
	timeout     = 30 * time.Second
	maxAnswer   = 16 << 20 // bytes
	maxPages    = 100      // of a list
)

// Options say how to reach the APIs and as whom.
type Options struct {
	Credentials credentials.Credentials

	// Region is the function's region, such as ap-guangzhou.
	Region string

	// Endpoint and CAMEndpoint are scheme and host. Empty: the default ones.
	Endpoint, CAMEndpoint string

	// Mask takes secrets out of a text. nil: texts are left as they are.
	Mask func(string) string

	// Wait waits between two tries of a call that may succeed later. If it
	// returns an error, such as the one of ctx, the call ends.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client calls the APIs. Use it from one goroutine at a time.
type Client struct {
	scf, cam *tencentapi.Client
	o        Options
}

// New returns a client. It opens no connection.
func New(o Options) (*Client, error) {
	if o.Credentials.SecretId == "" || o.Credentials.SecretKey == "" {
		return nil, errors.New("no keys: set TENCENT_SECRET_ID and TENCENT_SECRET_KEY, and TENCENT_TOKEN if they are temporary")
	}
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	scf, err := tencentapi.New(tencentapi.Options{Service: "scf", Version: "2018-04-16",
		Endpoint: cmp.Or(o.Endpoint, DefaultEndpoint), Region: o.Region, Credentials: o.Credentials, MaxAnswer: maxAnswer})
	if err != nil {
		return nil, fmt.Errorf("SCF_ENDPOINT: %w", err)
	}
	cam, err := tencentapi.New(tencentapi.Options{Service: "cam", Version: "2019-01-16", // it has no region
		Endpoint: cmp.Or(o.CAMEndpoint, DefaultCAMEndpoint), Credentials: o.Credentials, MaxAnswer: maxAnswer})
	if err != nil {
		return nil, fmt.Errorf("CAM_ENDPOINT: %w", err)
	}
	return &Client{scf: scf, cam: cam, o: o}, nil
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
	api := c.scf
	if service == "cam" {
		api = c.cam
	}
	limited, cancel := context.WithTimeout(ctx, timeoutOf(action))
	defer cancel()
	body, err := api.Call(limited, action, params)
	if err != nil {
		return c.lost(ctx, action, err)
	}
	return c.decode(action, body, result)
}

// lost returns the error of a call without an answer. It quotes only the network's
// error.
func (c *Client) lost(ctx context.Context, action string, err error) error {
	e := &Error{Action: action, Code: codeNetwork, Message: err.Error(), mask: c.o.Mask}
	var unsent *tencentapi.RequestTooLong
	var status *tencentapi.Status
	var long *tencentapi.AnswerTooLong
	switch {
	case errors.As(err, &unsent):
		e.Code = codeTooLong
	case ctx.Err() != nil:
		return fmt.Errorf("%s ended early: %w", action, ctx.Err())
	case errors.As(err, &status):
		e.Code = codeStatus
	case errors.As(err, &long):
		e.Code = codeBody
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("no answer in %v", timeoutOf(action))
	}
	return e
}

// endless returns the error of a list that has not ended after [maxPages].
func endless(action string) error {
	return &Error{Action: action, Code: codeBody, Message: fmt.Sprintf("the list has not ended after %d pages", maxPages)}
}

// decode decodes an answer. Its errors quote nothing of the answer.
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
		return &Error{Action: action, Code: head.Error.Code, Message: head.Error.Message, RequestId: head.RequestId, mask: c.o.Mask}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(envelope.Response, result); err != nil {
		return &Error{Action: action, Code: codeBody, Message: "the type of a member of the answer is not the documented one", RequestId: head.RequestId, mask: c.o.Mask}
	}
	return nil
}

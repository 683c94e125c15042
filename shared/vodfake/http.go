package vodfake

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"vodevents/shared/internal/api3"
)

// version is the version of the VOD API that this package speaks.
const version = "2018-07-17"

// target is what every request may name.
type target struct {
	SubAppId uint64
	ExtInfo  string // reserved
}

func (t *target) app() uint64 { return t.SubAppId }

// An action is one call of the API. run appends the members of its answer to
// dst, in front of RequestId.
type action struct {
	rate   int // calls a second; 0: Options.Rate
	decode func(body []byte) (request, error)
	run    func(s *Server, ctx context.Context, c *Call, r request, dst []byte) ([]byte, error)
}

type request interface{ app() uint64 }

// on makes an action from a method that takes a *P as its request.
func on[P any, R interface {
	*P
	request
}](rate int, run func(*Server, context.Context, *Call, *P, []byte) ([]byte, error)) action {
	return action{
		rate: rate,
		decode: func(body []byte) (request, error) {
			r := R(new(P))
			return r, api3.Decode(body, r)
		},
		run: func(s *Server, ctx context.Context, c *Call, r request, dst []byte) ([]byte, error) {
			return run(s, ctx, c, (*P)(r.(R)), dst)
		},
	}
}

var actions = map[string]action{
	"ConfirmEvents":       on(0, (*Server).confirmEvents),
	"DeleteMedia":         on(Rate, (*Server).deleteMedia),
	"DescribeEventConfig": on(20, (*Server).describeEventConfig),
	"DescribeEventsState": on(20, (*Server).describeEventsState),
	"DescribeMediaInfos":  on(Rate, (*Server).describeMediaInfos),
	"DescribeTaskDetail":  on(Rate, (*Server).describeTaskDetail),
	"DescribeTasks":       on(Rate, (*Server).describeTasks),
	"ModifyEventConfig":   on(20, (*Server).modifyEventConfig),
	"ProcessMedia":        on(Rate, (*Server).processMedia),
	"PullEvents":          on(0, (*Server).pullEvents),
	"PullUpload":          on(Rate, (*Server).pullUpload),
	"SearchMedia":         on(Rate, (*Server).searchMedia),
}

// apiError is an answer {"Response":{"Error":{…}}}.
func apiError(code, message string) error { return &api3.Error{Code: code, Message: message} }

// lostError ends a call that gets no answer, because its client is gone or its
// connection is cut.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "vodfake: no answer: " + e.cause.Error() }

var (
	errCut    = errors.New("connection cut")
	errClosed = errors.New("server closed")
)

type reply = api3.Reply

// ServeHTTP answers POST / as VOD's API does: in JSON, and with status 200 even
// for errors.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, api3.MaxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	p := s.serve(r.Context(), r, r.Host, body, (*buf)[:0])
	if p.Lost == nil {
		*buf = p.Body
	}
	p.Send(w)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Transport returns a transport that calls the Server in the caller's own
// goroutine. It opens no socket, leaves nothing running, and works in
// testing/synctest bubbles. A held poll ends when the request's context does. The
// Server answers for every host.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, host, err := api3.Read(r)
	if err != nil {
		return nil, err
	}
	p := t.s.serve(r.Context(), r, host, body, nil)
	return p.Response(r)
}

// serve answers one call, from headers to latency. It appends to buf.
func (s *Server) serve(ctx context.Context, r *http.Request, host string, body, buf []byte) (p reply) {
	c := &Call{Context: ctx, Header: r.Header, Body: body, Action: r.Header.Get("X-TC-Action"), Time: time.Now()}
	act, req, err := c.read(r.Method)
	s.begin(c)
	defer func() { s.end(c, &p) }()

	if c.fault = s.faultFor(c); c.fault != nil {
		p, failed := s.before(c)
		if p != nil {
			return *p
		}
		err = cmp.Or(failed, err)
	}
	if err == nil {
		err = s.admit(c, act, host)
	}
	dst := append(buf, `{"Response":{`...)
	if err == nil {
		dst, err = act.run(s, ctx, c, req, dst)
	}
	if lost, ok := err.(*lostError); ok {
		return reply{Lost: lost.cause}
	}
	if err != nil {
		e := api3.AsError(err)
		c.Code = e.Code
		dst = e.Append(append(buf, `{"Response":{`...))
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, `"RequestId":"`...)
	dst = append(dst, c.RequestId...)
	dst = append(dst, `"}}`...)
	if err := s.sleep(ctx, s.opt.Latency); err != nil {
		return reply{Lost: err}
	}
	p = api3.JSON(dst)
	if c.fault != nil {
		after(&p, c.fault)
	}
	return p
}

// read finds the action and its request.
func (c *Call) read(method string) (action, request, error) {
	if err := api3.Headers("VOD", version, method, c.Header); err != nil {
		return action{}, nil, err
	}
	act, ok := actions[c.Action]
	if !ok {
		return action{}, nil, apiError("InvalidAction", "The action is not one of the VOD API, or the stand-in does not have it.")
	}
	req, err := act.decode(c.Body)
	if err != nil {
		return action{}, nil, err
	}
	c.SubAppId = req.app()
	return act, req, nil
}

// admit returns an error if the call must not be performed.
func (s *Server) admit(c *Call, act action, host string) error {
	if err := s.keys.Check("vod", time.Now().Add(s.opt.ClockSkew), c.Header, host, c.Body); err != nil {
		return err
	}
	if !s.within(c, act.rate) {
		return api3.ErrLimit
	}
	if c.SubAppId == 0 && s.Alternatives().RequireSubAppId || c.SubAppId != 0 && s.opt.SubAppIds != nil && !slices.Contains(s.opt.SubAppIds, c.SubAppId) {
		// The page of PullEvents has no code for this. Other actions of VOD
		// list this one.
		return apiError("InvalidParameterValue.SubAppId", "SubAppId is missing, or there is no such application.")
	}
	return nil
}

// sleep waits in real time. An error means that nobody waits for the answer any
// more.
func (s *Server) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.running.Done():
		return errClosed
	}
}

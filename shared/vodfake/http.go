package vodfake

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// version is the version of the VOD API that this package speaks.
const version = "2018-07-17"

// maxBody is the largest request that API 3.0 takes, in bytes.
const maxBody = 10 << 20

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
			return r, decodeRequest(body, r)
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
	"ModifyEventConfig":   on(20, (*Server).modifyEventConfig),
	"ProcessMedia":        on(Rate, (*Server).processMedia),
	"PullEvents":          on(0, (*Server).pullEvents),
	"PullUpload":          on(Rate, (*Server).pullUpload),
}

// decodeRequest reads a request's JSON. As API 3.0 does, it refuses unknown
// members.
func decodeRequest(body []byte, r request) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	switch err := d.Decode(r); {
	case err == nil, errors.Is(err, io.EOF):
		return nil
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return &apiError{"UnknownParameter", "The parameter " + err.Error()[len("json: unknown field "):] + " is not recognized, or not simulated."}
	default:
		return &apiError{"InvalidParameter", "The request is not the JSON that the action takes: " + err.Error()}
	}
}

// apiError is an answer {"Response":{"Error":{…}}}.
type apiError struct{ Code, Message string }

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// lostError ends a call that gets no answer, because its client is gone or its
// connection is cut.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "vodfake: no answer: " + e.cause.Error() }

var (
	errCut    = errors.New("connection cut")
	errClosed = errors.New("server closed")
)

// reply is the answer to a call.
type reply struct {
	status int
	text   bool   // text/plain, not JSON
	body   []byte // of which the first sent bytes are sent
	sent   int
	lost   error
}

// ServeHTTP answers POST / as VOD's API does: in JSON, and with status 200 even
// for errors.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	p := s.serve(r.Context(), r, r.Host, body, (*buf)[:0])
	if p.lost != nil {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	*buf = p.body
	h := w.Header()
	h.Set("Content-Type", p.contentType())
	h.Set("Content-Length", strconv.Itoa(len(p.body)))
	w.WriteHeader(p.status)
	w.Write(p.body[:p.sent]) // an error means that the client is gone
	if p.sent < len(p.body) {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (p *reply) contentType() string {
	if p.text {
		return "text/plain; charset=utf-8"
	}
	return "application/json"
}

// Transport returns a transport that calls the Server in the caller's own
// goroutine. It opens no socket, leaves nothing running, and works in
// testing/synctest bubbles. A held poll ends when the request's context does. The
// Server answers for every host.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	p := t.s.serve(r.Context(), r, host, body, nil)
	if p.lost != nil {
		return nil, p.lost
	}
	var content io.Reader = bytes.NewReader(p.body[:p.sent])
	if p.sent < len(p.body) {
		content = io.MultiReader(content, cutReader{})
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", p.status, http.StatusText(p.status)),
		StatusCode:    p.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {p.contentType()}},
		Body:          io.NopCloser(content),
		ContentLength: int64(len(p.body)),
		Request:       r,
	}, nil
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

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
		return reply{lost: lost.cause}
	}
	if err != nil {
		dst = appendError(append(buf, `{"Response":{`...), c, err)
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, `"RequestId":"`...)
	dst = append(dst, c.RequestId...)
	dst = append(dst, `"}}`...)
	if err := s.sleep(ctx, s.opt.Latency); err != nil {
		return reply{lost: err}
	}
	p = reply{status: http.StatusOK, body: dst, sent: len(dst)}
	if c.fault != nil {
		p.after(c.fault)
	}
	return p
}

// read finds the action and its request.
func (c *Call) read(method string) (action, request, error) {
	switch {
	case method != http.MethodPost:
		return action{}, nil, &apiError{"UnsupportedProtocol", "This is the API of VOD: POST JSON, signed by TC3-HMAC-SHA256."}
	case c.Action == "":
		return action{}, nil, &apiError{"MissingParameter", "The request is missing the header X-TC-Action."}
	case c.Header.Get("X-TC-Version") == "":
		return action{}, nil, &apiError{"MissingParameter", "The request is missing the header X-TC-Version."}
	case c.Header.Get("X-TC-Version") != version:
		return action{}, nil, &apiError{"NoSuchVersion", "The version of the VOD API is " + version + "."}
	}
	act, ok := actions[c.Action]
	if !ok {
		return action{}, nil, &apiError{"InvalidAction", "The action is not one of the VOD API, or the stand-in does not have it."}
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
	if err := s.authorize(c.Header, host, c.Body); err != nil {
		return err
	}
	if !s.within(c, act.rate) {
		return errLimit
	}
	if c.SubAppId == 0 && s.Alternatives().RequireSubAppId || c.SubAppId != 0 && s.opt.SubAppIds != nil && !slices.Contains(s.opt.SubAppIds, c.SubAppId) {
		// The page of PullEvents has no code for this. Other actions of VOD
		// list this one.
		return &apiError{"InvalidParameterValue.SubAppId", "SubAppId is missing, or there is no such application."}
	}
	return nil
}

var (
	errLimit   = &apiError{"RequestLimitExceeded", "Your current request times exceeds the limit in a second."}
	errExpired = &apiError{"AuthFailure.SignatureExpire", "X-TC-Timestamp differs from the server's time by more than 5 minutes."}
)

func appendError(dst []byte, c *Call, err error) []byte {
	e, ok := err.(*apiError)
	if !ok {
		e = &apiError{"InternalError", err.Error()}
	}
	c.Code = e.Code
	b, _ := json.Marshal(struct{ Error *apiError }{e}) // two strings: no error
	return append(dst, b[1:len(b)-1]...)
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

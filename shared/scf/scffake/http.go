package scffake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"vodevents/shared/internal/api3"
)

// The versions of the two APIs.
const (
	scfVersion = "2018-04-16"
	camVersion = "2019-01-16"
)

// An action is one call of an API. run returns the answer without its RequestId.
type action struct {
	service string
	rate    int // calls a second; 0: Options.Rate
	decode  func(body []byte) (request, error)
	run     func(s *Server, c *Call, r request) (any, error)
}

// request is what an action takes.
type request interface {
	named() *target
}

// target is what nearly every request of SCF names.
type target struct {
	FunctionName string
	Namespace    string
}

func (t *target) named() *target { return t }

// none is the request of an action that names no function.
type none struct{}

func (none) named() *target { return nil }

// on makes an action from a method that takes a *P as its request.
func on[P any, R interface {
	*P
	request
}](service string, rate int, run func(*Server, *Call, *P) (any, error)) action {
	return action{
		service: service,
		rate:    rate,
		decode: func(body []byte) (request, error) {
			r := R(new(P))
			return r, api3.Decode(body, r)
		},
		run: func(s *Server, c *Call, r request) (any, error) { return run(s, c, (*P)(r.(R))) },
	}
}

var actions map[string]action

func init() { // the table leads to methods that read it
	actions = map[string]action{
		"CreateFunction":                  on("scf", 0, (*Server).createFunction),
		"CreateTrigger":                   on("scf", 0, (*Server).createTrigger),
		"DeleteFunction":                  on("scf", 0, (*Server).deleteFunction),
		"DeleteReservedConcurrencyConfig": on("scf", 0, (*Server).deleteReserved),
		"DeleteTrigger":                   on("scf", 0, (*Server).deleteTrigger),
		"GetAccount":                      on("scf", 0, (*Server).getAccount),
		"GetFunction":                     on("scf", 0, (*Server).getFunction),
		"GetFunctionAddress":              on("scf", 0, (*Server).getFunctionAddress),
		"GetFunctionEventInvokeConfig":    on("scf", 0, (*Server).getEventInvokeConfig),
		"GetRequestStatus":                on("scf", 0, (*Server).getRequestStatus),
		"GetReservedConcurrencyConfig":    on("scf", 0, (*Server).getReserved),
		"Invoke":                          on("scf", 0, (*Server).invoke),
		"ListFunctions":                   on("scf", 0, (*Server).listFunctions),
		"ListTriggers":                    on("scf", 0, (*Server).listTriggers),
		"PutReservedConcurrencyConfig":    on("scf", 0, (*Server).putReserved),
		"UpdateFunctionCode":              on("scf", 0, (*Server).updateFunctionCode),
		"UpdateFunctionConfiguration":     on("scf", 0, (*Server).updateFunctionConfiguration),
		"UpdateFunctionEventInvokeConfig": on("scf", 20, (*Server).updateEventInvokeConfig),
		"UpdateTrigger":                   on("scf", 20, (*Server).updateTrigger),
		"UpdateTriggerStatus":             on("scf", 0, (*Server).updateTriggerStatus),

		"AttachRolePolicy":         on("cam", 3, (*Server).attachRolePolicy),
		"CreatePolicy":             on("cam", 0, (*Server).createPolicy),
		"CreateRole":               on("cam", 0, (*Server).createRole),
		"GetPolicy":                on("cam", 0, (*Server).getPolicy),
		"GetRole":                  on("cam", 0, (*Server).getRole),
		"GetUserAppId":             on("cam", 0, (*Server).getUserAppId),
		"ListAttachedRolePolicies": on("cam", 0, (*Server).listAttachedRolePolicies),
		"ListPolicies":             on("cam", 0, (*Server).listPolicies),
	}
}

func apiError(code, message string) error { return &api3.Error{Code: code, Message: message} }

var (
	errCut    = errors.New("scffake: no answer: connection cut")
	errClosed = errors.New("scffake: no answer: server closed")
)

// ServeHTTP answers POST / as the APIs do: in JSON, and with status 200 even for
// errors.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	// Read even a body that is too large: a client that is still sending would
	// not see the answer.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p := s.serve(r.Context(), r, r.Host, body)
	p.Send(w)
}

// Transport returns a transport that reaches the APIs and the function URLs of
// the documented form in the caller's own goroutine. Every other host is taken for
// one of the APIs.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, host, err := api3.Read(r)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(host, urlSuffix) {
		p := t.s.serveURL(r, host, body)
		return p.response(r), nil
	}
	p := t.s.serve(r.Context(), r, host, body)
	return p.Response(r)
}

// serve answers one call.
func (s *Server) serve(ctx context.Context, r *http.Request, host string, body []byte) (p api3.Reply) {
	c := &Call{
		Context: ctx,
		Header:  r.Header,
		Body:    body,
		Service: api3.Service(r.Header),
		Action:  r.Header.Get("X-TC-Action"),
		Region:  r.Header.Get("X-TC-Region"),
		Time:    time.Now(),
	}
	act, req, err := s.read(c, r.Method)
	dead := s.begin(c)
	defer func() { s.end(c, &p) }()
	if dead {
		return api3.Reply{Lost: errCut}
	}
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
	var answer any
	if err == nil {
		answer, err = act.run(s, c, req)
	}
	p = api3.JSON(c.encode(answer, err))
	if c.fault != nil {
		after(&p, c.fault)
	}
	return p
}

// encode makes the text of an answer.
func (c *Call) encode(answer any, err error) []byte {
	dst := []byte(`{"Response":{`)
	if err != nil {
		e := api3.AsError(err)
		c.Code = e.Code
		dst = e.Append(dst)
	} else if answer != nil {
		b, err := json.Marshal(answer)
		if err != nil {
			panic(err) // a bug of this package
		}
		dst = append(dst, b[1:len(b)-1]...)
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, `"RequestId":"`...), c.RequestId...), `"}}`...)
}

// read finds the action and its request.
func (s *Server) read(c *Call, method string) (action, request, error) {
	act, known := actions[c.Action]
	api, version := "SCF", scfVersion
	if act.service == "cam" || !known && c.Service == "cam" {
		api, version = "CAM", camVersion
	}
	if err := api3.Headers(api, version, method, c.Header); err != nil {
		return action{}, nil, err
	}
	if !known {
		return action{}, nil, apiError("InvalidAction", "The action is not one of the "+api+" API, or the stand-in does not have it.")
	}
	if len(c.Body) > cmp.Or(s.Alternatives().MaxRequest, api3.MaxBody) {
		return action{}, nil, apiError("RequestSizeLimitExceeded", "The request is too large.")
	}
	req, err := act.decode(c.Body)
	if t := req.named(); t != nil {
		c.Function = t.FunctionName
	}
	return act, req, err
}

// admit returns an error if the call must not be performed.
func (s *Server) admit(c *Call, act action, host string) error {
	if err := s.keys.Check(act.service, time.Now().Add(s.opt.ClockSkew), c.Header, host, c.Body); err != nil {
		return err
	}
	if !s.within(c, act.rate) {
		return api3.ErrLimit
	}
	if act.service != "scf" {
		return nil
	}
	switch {
	case c.Region == "":
		return apiError("MissingParameter", "The request is missing the header X-TC-Region.")
	case !regionForm.MatchString(c.Region):
		return apiError("UnsupportedRegion", "The region is not supported.")
	}
	return nil
}

// within tells whether the second that ends now has room for one more call of
// this action.
func (s *Server) within(c *Call, rate int) bool {
	if s.opt.Rate < 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.limits[c.Action]
	if w == nil {
		w = api3.NewWindow(cmp.Or(rate, s.opt.Rate))
		s.limits[c.Action] = w
	}
	return w.Take(c.Time)
}

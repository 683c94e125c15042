package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody is what SCF takes in a synchronous request (583/11637).
const maxBody = 6 << 20

// httpEvent makes of a request what a function URL makes of it (583/96099).
func httpEvent(r *http.Request, body []byte) ([]byte, error) {
	type event struct {
		Body            string            `json:"body"`
		Headers         map[string]string `json:"headers"`
		HTTPMethod      string            `json:"httpMethod"`
		Path            string            `json:"path"`
		QueryString     map[string]any    `json:"queryString"`
		IsBase64Encoded bool              `json:"isBase64Encoded,omitempty"`
		RequestContext  struct {
			SourceIP string `json:"sourceIp"`
		} `json:"requestContext"`
	}
	e := event{
		Body:        string(body),
		HTTPMethod:  r.Method,
		Path:        r.URL.EscapedPath(),
		Headers:     map[string]string{"host": r.Host},
		QueryString: map[string]any{},
	}
	if !utf8.Valid(body) { // a JSON string cannot hold it
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	for name, values := range r.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	for name, values := range r.URL.Query() {
		if e.QueryString[name] = values; len(values) == 1 {
			e.QueryString[name] = values[0]
		}
	}
	e.RequestContext.SourceIP = "127.0.0.1"
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.RequestContext.SourceIP = ip
	}
	e.Headers["x-scf-remote-addr"] = e.RequestContext.SourceIP
	return json.Marshal(e)
}

// timerEvent is what a timer trigger sends (583/9708).
func timerEvent(t time.Time) []byte {
	return fmt.Appendf(nil, `{"Type":"Timer","TriggerName":"pull","Time":%q,"Message":""}`, t.UTC().Format(time.RFC3339))
}

// answer is a function's integrated response.
type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

func parseAnswer(b []byte) (*answer, error) {
	a := new(answer)
	if err := json.Unmarshal(b, a); err != nil || a.StatusCode < 100 || a.StatusCode > 999 {
		return nil, fmt.Errorf("the function callback answered no statusCode: %.200q", b)
	}
	return a, nil
}

// err is the error that the answer tells of; empty when there is none.
func (a *answer) err() string {
	var body struct{ Error string }
	_ = json.Unmarshal([]byte(a.Body), &body)
	return body.Error
}

func (a *answer) send(w http.ResponseWriter) {
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode)
	io.WriteString(w, a.Body)
}

// response is the answer as a client has it.
func (a *answer) response(r *http.Request) *http.Response {
	header := http.Header{}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)),
		StatusCode: a.StatusCode,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		Body:          io.NopCloser(strings.NewReader(a.Body)),
		ContentLength: int64(len(a.Body)),
		Request:       r,
	}
}

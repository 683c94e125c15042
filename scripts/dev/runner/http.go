package runner

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"vodevents/shared/scf"
)

// MaxBody is the longest body of a request.
const MaxBody = scf.MaxBody

// Answer is a function's integrated response.
type Answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

func parseAnswer(b []byte) (*Answer, error) {
	a := new(Answer)
	if err := json.Unmarshal(b, a); err != nil || a.StatusCode < 100 || a.StatusCode > 999 {
		return nil, fmt.Errorf("the function callback answered no statusCode: %.200q", b)
	}
	return a, nil
}

// ErrorText is the error that the answer tells of; empty when there is none.
func (a *Answer) ErrorText() string {
	var body struct{ Error string }
	_ = json.Unmarshal([]byte(a.Body), &body)
	return body.Error
}

// Send sends the answer to a client.
func (a *Answer) Send(w http.ResponseWriter) {
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.StatusCode)
	io.WriteString(w, a.Body)
}

// Response is the answer as a client has it.
func (a *Answer) Response(r *http.Request) *http.Response {
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

// ReadBody reads a request's body. One of over MaxBody is an
// [*http.MaxBytesError].
func ReadBody(r *http.Request) ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(nil, r.Body, MaxBody))
}

package api3

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Reply is the answer to a call, or the lack of one.
type Reply struct {
	Status int
	Text   bool   // text/plain, not JSON
	Body   []byte // of which the first Sent bytes are sent
	Sent   int
	Lost   error // no answer, and why
}

// JSON is a whole answer.
func JSON(body []byte) Reply {
	return Reply{Status: http.StatusOK, Body: body, Sent: len(body)}
}

// Text is what a gateway answers.
func Text(status int, body string) *Reply {
	return &Reply{Status: status, Text: true, Body: []byte(body), Sent: len(body)}
}

// Broken tells whether the client gets no whole answer.
func (p *Reply) Broken() bool { return p.Lost != nil || p.Sent < len(p.Body) }

// Send sends the answer. It panics with http.ErrAbortHandler, which cuts the
// connection, when the answer is lost or breaks off.
func (p *Reply) Send(w http.ResponseWriter) {
	if p.Lost != nil {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	h.Set("Content-Type", p.contentType())
	h.Set("Content-Length", strconv.Itoa(len(p.Body)))
	w.WriteHeader(p.Status)
	w.Write(p.Body[:p.Sent]) // an error means that the client is gone
	if p.Sent < len(p.Body) {
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Response is the answer as a transport returns it.
func (p *Reply) Response(r *http.Request) (*http.Response, error) {
	if p.Lost != nil {
		return nil, p.Lost
	}
	var content io.Reader = bytes.NewReader(p.Body[:p.Sent])
	if p.Sent < len(p.Body) {
		content = io.MultiReader(content, cutReader{})
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", p.Status, http.StatusText(p.Status)),
		StatusCode:    p.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {p.contentType()}},
		Body:          io.NopCloser(content),
		ContentLength: int64(len(p.Body)),
		Request:       r,
	}, nil
}

func (p *Reply) contentType() string {
	if p.Text {
		return "text/plain; charset=utf-8"
	}
	return "application/json"
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Read reads the request's body and its host, as a transport has them.
func Read(r *http.Request) (body []byte, host string, err error) {
	if r.Body != nil {
		defer r.Body.Close()
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, "", err
		}
	}
	if host = r.Host; host == "" {
		host = r.URL.Host
	}
	return body, host, nil
}

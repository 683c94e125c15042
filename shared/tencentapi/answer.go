package tencentapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
)

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

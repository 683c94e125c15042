package tencentapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vodevents/shared/credentials"
	"vodevents/shared/tencentapi"
)

const most = 1000

func client(t *testing.T, endpoint string, transport http.RoundTripper) *tencentapi.Client {
	t.Helper()
	c, err := tencentapi.New(tencentapi.Options{Service: "vod", Version: "2018-07-17", Endpoint: endpoint, Region: "ap-guangzhou", MaxAnswer: most,
		Credentials: credentials.Credentials{SecretId: "id", SecretKey: "key", Token: "token"}, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An answer comes back byte by byte, whatever is in it. The request has the
// parameters as encoding/json writes them.
func TestAnswerIsNotTouched(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"Response":{"n":12345678901234567890, "n":1.0,"Error":{"Code":"Refused"}}}`, "<html>", "", "\xff"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			h := r.Header
			if string(body) != `{"SubAppId":18446744073709551615}` || h.Get("X-TC-Action") != "PullEvents" || h.Get("X-TC-Version") != "2018-07-17" ||
				h.Get("X-TC-Region") != "ap-guangzhou" || h.Get("X-TC-Token") != "token" || !strings.Contains(h.Get("Authorization"), "/vod/tc3_request") {
				t.Errorf("%s %v", body, h)
			}
			io.WriteString(w, answer)
		}))
		got, err := client(t, server.URL, nil).Call(t.Context(), "PullEvents", struct{ SubAppId uint64 }{1<<64 - 1})
		server.Close()
		if err != nil || string(got) != answer {
			t.Errorf("%q came as %q, %v", answer, got, err)
		}
	}
}

// tripper is an http.RoundTripper without a network.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// An answer over MaxAnswer is an error, whatever length it says it has.
func TestLongAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sent, said int64
		ok         bool
	}{{most, most, true}, {most, -1, true}, {most + 1, most + 1, false}, {most + 1, -1, false}, {1, most, true}, {most, 1, true}} {
		body := &closing{Reader: bytes.NewReader(make([]byte, c.sent))}
		got, err := client(t, "vod.example.com", tripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: body, ContentLength: c.said, Request: r}, nil
		})).Call(t.Context(), "PullEvents", nil)
		var long *tencentapi.AnswerTooLong
		if c.ok != (err == nil) || c.ok != (int64(len(got)) == c.sent) || c.ok == errors.As(err, &long) || !body.closed {
			t.Errorf("%+v: %d bytes, %v, closed %v", c, len(got), err, body.closed)
		}
	}
}

// Another status than 200 is not the API's answer. Its page is there for those who
// may show it, but not in the text.
func TestOtherStatusIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "s3cret")
	}))
	t.Cleanup(server.Close)
	_, err := client(t, server.URL, nil).Call(t.Context(), "PullEvents", nil)
	var status *tencentapi.Status
	if !errors.As(err, &status) || status.Status != 502 || string(status.Body) != "s3cret" || err.Error() != "HTTP status 502 Bad Gateway" {
		t.Errorf("%v, %+v", err, status)
	}
}

// A request over the API's limit is not sent.
func TestLongRequestIsNotSent(t *testing.T) {
	t.Parallel()
	sent := 0
	c := client(t, "vod.example.com", tripper(func(r *http.Request) (*http.Response, error) {
		sent++
		io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}))
	for _, bytes := range []int{tencentapi.MaxRequest, tencentapi.MaxRequest + 1} {
		sent = 0
		_, err := c.Call(t.Context(), "CreateFunction", json.RawMessage(`"`+strings.Repeat("a", bytes-2)+`"`))
		var long *tencentapi.RequestTooLong
		if fits := bytes <= tencentapi.MaxRequest; fits != (err == nil) || fits != (sent == 1) || fits == errors.As(err, &long) {
			t.Errorf("%d bytes: sent %d times, %v", bytes, sent, err)
		}
	}
}

// The error of a call whose context ended is that of the context, and no error names
// the URL.
func TestErrorsOfTheNetwork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, "http://127.0.0.1:1", nil).Call(ctx, "PullEvents", nil); err != context.Canceled {
		t.Errorf("%#v", err)
	}
	broken := errors.New("broken")
	_, err := client(t, "vod.example.com", tripper(func(*http.Request) (*http.Response, error) { return nil, broken })).Call(t.Context(), "PullEvents", nil)
	if err != broken {
		t.Errorf("%#v", err)
	}
}

func TestEndpointIsChecked(t *testing.T) {
	t.Parallel()
	if _, err := tencentapi.New(tencentapi.Options{Endpoint: "ftp://vod.example.com"}); err == nil {
		t.Error("a client for ftp")
	}
}

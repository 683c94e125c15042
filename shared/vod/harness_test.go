package vod

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"vodevents/shared/credentials"
)

var testKeys = credentials.Credentials{SecretId: "AKIDexample0123456789", SecretKey: "k3y-never-shown", Token: "t0ken-never-shown", Source: "the test"}

// serve answers every call with h, on a port of 127.0.0.1.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, s.URL, nil)
}

func client(t testing.TB, endpoint string, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Options{Endpoint: endpoint, Credentials: testKeys, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tripper is an http.RoundTripper without a network.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(body []byte) tripper {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
	}
}

func ptr[T any](v T) *T { return &v }

package cos

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/sink/cos/costest"
)

// A store that names the right region, by a header or in the body, is quoted.
func TestRefusalNamesTheRegion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status       int
		header, body string
		want         string
	}{
		"a redirect's header": {301, "eu-west-1", "", "write region=eu-west-1"},
		"the body":            {400, "", "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>", "write region=eu-west-1"},
		"the same region":     {307, "ap-guangzhou", "", "correct region= or endpoint="},
		"nonsense":            {301, "<hush>", "", "correct region= or endpoint="},
	} {
		server := costest.RunT(t)
		server.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			if c.header != "" {
				w.Header().Set("X-Amz-Bucket-Region", c.header)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
			return true
		}
		err := open(t, server.URL("vod")).Send(t.Context(), delivertest.Events(t, 1))[0]
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A store that asks to be left alone for a time is left alone for it, whether it says
// seconds or a date.
func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status      int
		code, asked string
		want        time.Duration
	}{
		{503, "SlowDown", "120", 2 * time.Minute},
		{503, "SlowDown", "Fri, 27 Nov 2026 08:00:07 GMT", 7 * time.Second},
		{503, "SlowDown", "Fri, 27 Nov 2026 07:00:00 GMT", 0},
		{503, "SlowDown", "soon", 0},
		{503, "SlowDown", "", 0},
		{429, "", "17", 17 * time.Second},
		{500, "", "3", 3 * time.Second},
		{403, "AccessDenied", "9", 9 * time.Second}, // not set up
		{200, "InternalError", "5", 5 * time.Second},
	} {
		server := costest.RunT(t)
		server.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", c.asked)
			costest.Refuse(w, c.status, c.code)
			return true
		}
		s := open(t, server.URL("vod"))
		s.now = func() time.Time { return now }
		err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
		if !errors.Is(err, deliver.ErrUnavailable) {
			t.Errorf("%d %s: %v", c.status, c.code, err)
			continue
		}
		inner := err.(interface{ Unwrap() []error }).Unwrap()[0]
		want := deliver.Unavailable(inner, c.want)
		if c.status/100 != 2 && c.code != "AccessDenied" {
			want = deliver.Answered(c.status, inner, c.want)
		}
		if !reflect.DeepEqual(err, want) {
			t.Errorf("%d %s, %q: %#v, want it to ask for %v", c.status, c.code, c.asked, err, c.want)
		}
	}
}

// A signature that is too old is refused like a missing right, and wants other
// advice.
func TestExpiredRequestIsNoMissingRight(t *testing.T) {
	t.Parallel()
	server := costest.RunT(t)
	server.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
		return true
	}
	err := open(t, server.URL("vod")).Send(t.Context(), delivertest.Events(t, 1))[0]
	if err == nil || !strings.Contains(err.Error(), "set the clock") || strings.Contains(err.Error(), "PutObject") {
		t.Error(err)
	}
}

// What is no HTTP may repeat the request, and net/http quotes it. The token stays
// secret.
func TestTokenIsNotShown(t *testing.T) {
	t.Parallel()
	s := open(t, "cos://archive-1250000000/vod?region=ap-guangzhou")
	s.getenv = func(name string) string {
		return map[string]string{"VOD_SECRET_ID": "AKIDx", "VOD_SECRET_KEY": "k", "VOD_TOKEN": "hushToken"}[name]
	}
	s.roundTrip = func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("malformed MIME header line: %s", r.Header.Get("X-Amz-Security-Token"))
	}
	err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
	if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "no HTTP") {
		t.Error(err)
	}
}

// endless is a body without an end. It counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	clear(p)
	return len(p), nil
}

func (e *endless) Close() error { return nil }

// Of an answer as much is read as can be of use.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	const slack = 2 // io.ReadAll grows its buffer
	s, body := open(t, "cos://AKIDx:k@b-1/vod?region=r"), new(endless)
	s.roundTrip = func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {"x"}}, Body: body}, nil
	}
	if err := s.Send(t.Context(), delivertest.Events(t, 1))[0]; err != nil || body.read > slack*answerMost {
		t.Errorf("%v, %d bytes of the answer to a PUT were read", err, body.read)
	}
	table, body := openTable(t, "cos://AKIDx:k@b-1/vod?region=r"), new(endless)
	table.roundTrip = func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: body}, nil
	}
	if text, err := table.read(t.Context(), "k", nil); err != nil || len(text) != objectMost || body.read > slack*objectMost {
		t.Errorf("%v, %d bytes of an object were read", err, body.read)
	}
}

// However many events there are, 32 requests of a sink run at a time.
func TestRequestsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, "cos://AKIDx:k@b-1/vod?region=r")
		var running atomic.Int64
		answer := make(chan struct{})
		s.roundTrip = func(*http.Request) (*http.Response, error) {
			running.Add(1)
			<-answer
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {"x"}}, Body: http.NoBody}, nil
		}
		sent := make(chan error)
		go func() { sent <- errors.Join(s.Send(t.Context(), delivertest.Events(t, 3*inFlight))...) }()
		synctest.Wait()
		if n := running.Load(); n != inFlight {
			t.Errorf("%d requests at a time", n)
		}
		close(answer)
		if err := <-sent; err != nil || running.Load() != 3*inFlight {
			t.Errorf("%v, %d requests in all", err, running.Load())
		}
	})
}

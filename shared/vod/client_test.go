package vod

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var testKeys = Credentials{SecretId: "AKIDexample0123456789", SecretKey: "k3y-never-shown", Token: "t0ken-never-shown", Source: "the test"}

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

// What each action sends, byte by byte, and what it makes of the answer.
func TestActions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const beyond = 1<<63 + 1 // no float64 holds it
	pull := func(c *Client, app uint64) (any, error) {
		var events []string
		elements, err := c.PullEvents(ctx, app)
		for _, e := range elements {
			events = append(events, string(e.Bytes))
		}
		return events, err
	}
	for _, c := range []struct {
		name   string
		call   func(*Client) (any, error)
		action string
		sent   string
		answer string
		want   any
	}{
		{"pull", func(c *Client) (any, error) { return pull(c, beyond) },
			"PullEvents", `{"SubAppId":9223372036854775809}`,
			`{"Response":{"EventSet":[{"EventHandle":"a","n":1.0} , 12345678901234567890],"RequestId":"r"}}`,
			[]string{`{"EventHandle":"a","n":1.0}`, `12345678901234567890`}},
		{"pull of the default application", func(c *Client) (any, error) { return pull(c, 0) },
			"PullEvents", `{}`, `{"Response":{"EventSet":[1]}}`, []string{"1"}},
		{"confirm", func(c *Client) (any, error) { return nil, c.ConfirmEvents(ctx, beyond, []string{"1", "<&>"}) },
			"ConfirmEvents", `{"SubAppId":9223372036854775809,"EventHandles":["1","\u003c\u0026\u003e"]}`,
			`{"Response":{"RequestId":"r"}}`, nil},
		{"state", func(c *Client) (any, error) { return c.DescribeEventsState(ctx, 7) },
			"DescribeEventsState", `{"SubAppId":7}`, `{"Response":{"CountOfEventsToPull":12,"RequestId":"r"}}`, uint64(12)},
		{"config", func(c *Client) (any, error) { return c.DescribeEventConfig(ctx, 7) },
			"DescribeEventConfig", `{"SubAppId":7}`,
			`{"Response":{"Mode":"PUSH","NotificationUrl":"https://example.com/cb","UploadMediaCompleteEventSwitch":"ON","DeleteMediaCompleteEventSwitch":"OFF","PersistenceCompleteEventSwitch":"OFF","RequestId":"r"}}`,
			EventConfig{"PUSH", "https://example.com/cb", "ON", "OFF", "OFF"}},
		{"change nothing but the mode", func(c *Client) (any, error) {
			return nil, c.ModifyEventConfig(ctx, 7, EventConfigChange{Mode: ptr("PULL")})
		}, "ModifyEventConfig", `{"SubAppId":7,"Mode":"PULL"}`, `{"Response":{"RequestId":"r"}}`, nil},
		{"change everything, remove the URL", func(c *Client) (any, error) {
			return nil, c.ModifyEventConfig(ctx, 7, EventConfigChange{ptr("PUSH"), ptr(""), ptr("ON"), ptr("OFF"), ptr("ON"), ptr("abc123")})
		}, "ModifyEventConfig",
			`{"SubAppId":7,"Mode":"PUSH","NotificationUrl":"","UploadMediaCompleteEventSwitch":"ON","DeleteMediaCompleteEventSwitch":"OFF","PersistenceCompleteEventSwitch":"ON","SignKey":"abc123"}`,
			`{"Response":{"RequestId":"r"}}`, nil},
		{"upload", func(c *Client) (any, error) {
			return c.PullUpload(ctx, 7, PullUploadRequest{MediaUrl: "https://example.com/a.mp4", SessionContext: "s"})
		}, "PullUpload", `{"SubAppId":7,"MediaUrl":"https://example.com/a.mp4","SessionContext":"s"}`,
			`{"Response":{"TaskId":"7-PullUpload-1","RequestId":"r"}}`, "7-PullUpload-1"},
		{"process", func(c *Client) (any, error) {
			return c.ProcessMedia(ctx, 7, ProcessMediaRequest{FileId: "5145403721233902989", MediaProcessTask: MediaProcessTaskInput{
				TranscodeTaskSet:       []TranscodeTaskInput{{Definition: 10}},
				CoverBySnapshotTaskSet: []CoverBySnapshotTaskInput{{Definition: 10, PositionType: "Percent", PositionValue: 2.5}},
			}})
		}, "ProcessMedia",
			`{"SubAppId":7,"FileId":"5145403721233902989","MediaProcessTask":{"TranscodeTaskSet":[{"Definition":10}],"CoverBySnapshotTaskSet":[{"Definition":10,"PositionType":"Percent","PositionValue":2.5}]}}`,
			`{"Response":{"TaskId":"7-Procedure-1","RequestId":"r"}}`, "7-Procedure-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			vod := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				h := r.Header
				switch {
				case err != nil || string(body) != c.sent:
					t.Errorf("sent %s, %v\nwant %s", body, err, c.sent)
				case r.Method != "POST" || r.URL.String() != "/" || h.Get("Content-Type") != "application/json",
					h.Get("X-TC-Action") != c.action, h.Get("X-TC-Version") != "2018-07-17", h.Get("X-TC-Language") != "en-US",
					h.Get("X-TC-Token") != testKeys.Token, len(h.Values("X-TC-Region")) != 0,
					h.Get("X-TC-RequestClient") != "SDK_GO_1.3.210":
					t.Errorf("%s %s %v", r.Method, r.URL, h)
				}
				io.WriteString(w, c.answer)
			})
			got, err := c.call(vod)
			if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.want) {
				t.Errorf("got %#v, %v\nwant %#v", got, err, c.want)
			}
		})
	}
}

func TestRegion(t *testing.T) {
	t.Parallel()
	var region string
	c, err := New(Options{Region: "ap-guangzhou", Credentials: Credentials{SecretId: "a", SecretKey: "b"}, Transport: tripper(func(r *http.Request) (*http.Response, error) {
		region = r.Header.Get("X-TC-Region")
		return respond([]byte(`{"Response":{"CountOfEventsToPull":0}}`))(r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DescribeEventsState(t.Context(), 0); err != nil || region != "ap-guangzhou" {
		t.Errorf("region %q, %v", region, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	all := []error{ErrEmpty, ErrRateLimited, ErrBadHandle, ErrRefused, ErrAuth, ErrRetry, ErrStrange}
	failure := func(code string) string {
		return `{"Response":{"Error":{"Code":"` + code + `","Message":"It did not work."},"RequestId":"e5c1"}}`
	}
	for _, c := range []struct {
		name    string
		confirm bool
		status  int
		answer  string
		is      []error
		text    string
	}{
		{name: "empty", answer: failure("ResourceNotFound"), is: []error{ErrEmpty, ErrRefused}, text: "vod: PullEvents: ResourceNotFound: It did not work (RequestId e5c1)"},
		{name: "empty list", answer: `{"Response":{"EventSet":[]}}`, is: []error{ErrEmpty, ErrRefused}, text: "EventSet is empty"},
		{name: "null list", answer: `{"Response":{"EventSet":null}}`, is: []error{ErrEmpty, ErrRefused}},
		{name: "no list", answer: `{"Response":{}}`, is: []error{ErrEmpty, ErrRefused}},
		{name: "not found, but what?", answer: failure("ResourceNotFound.SubAppId"), is: []error{ErrRefused}},
		{name: "not found of another action", confirm: true, answer: failure("ResourceNotFound"), is: []error{ErrRefused}},
		{name: "limit", answer: failure("RequestLimitExceeded"), is: []error{ErrRateLimited, ErrRetry}, text: "PULL_RATE"},
		{name: "limit of a kind", answer: failure("RequestLimitExceeded.UinLimitExceeded"), is: []error{ErrRateLimited, ErrRetry}},
		{name: "bad handle", confirm: true, answer: failure("InvalidParameterValue"), is: []error{ErrBadHandle, ErrRefused}, text: "within 30 s"},
		{name: "bad handle of a kind", confirm: true, answer: failure("InvalidParameterValue.EventHandles"), is: []error{ErrBadHandle, ErrRefused}},
		{name: "bad application", confirm: true, answer: failure("InvalidParameterValue.SubAppId"), is: []error{ErrRefused}, text: "check VOD_SUB_APP_IDS"},
		{name: "bad parameter of a pull", answer: failure("InvalidParameterValue"), is: []error{ErrRefused}, text: "check VOD_SUB_APP_IDS"},
		{name: "unknown keys", answer: failure("AuthFailure.SecretIdNotFound"), is: []error{ErrAuth}, text: "check the keys from the test"},
		{name: "no token", answer: failure("AuthFailure.TokenFailure"), is: []error{ErrAuth}, text: "the keys from the test are temporary"},
		{name: "clock", answer: failure("AuthFailure.SignatureExpire"), is: []error{ErrAuth}, text: "set this machine's clock"},
		{name: "no right", confirm: true, answer: failure("UnauthorizedOperation"), is: []error{ErrAuth}, text: "the action vod:ConfirmEvents"},
		{name: "no right, said otherwise", answer: failure("AuthFailure.UnauthorizedOperation"), is: []error{ErrAuth}, text: "the action vod:PullEvents"},
		{name: "no VOD", answer: failure("FailedOperation.InvalidVodUser"), is: []error{ErrAuth}, text: "activate VOD"},
		{name: "failed", answer: failure("FailedOperation"), is: []error{ErrRetry}},
		{name: "failed for a reason", answer: failure("FailedOperation.NetWorkError"), is: []error{ErrRefused}},
		{name: "confirm failed", confirm: true, answer: failure("FailedOperation"), is: []error{ErrRefused}},
		{name: "the number of 2017", confirm: true, answer: failure("4000"), is: []error{ErrRefused}},
		{name: "limit that is no rate", confirm: true, answer: failure("LimitExceeded"), is: []error{ErrRefused}},
		{name: "internal", answer: failure("InternalError"), is: []error{ErrRetry}},
		{name: "internal of a kind", answer: failure("InternalError.DBError"), is: []error{ErrRetry}},
		{name: "a family's neighbour", answer: failure("InternalErrors"), is: []error{ErrRefused}},
		{name: "region", answer: failure("UnsupportedRegion"), is: []error{ErrRefused}, text: "check VOD_REGION"},
		{name: "never heard of", answer: failure("Whatever"), is: []error{ErrRefused}},
		{name: "error of odd kind", answer: `{"Response":{"Error":{"Code":5}}}`, is: []error{ErrRetry}, text: "Error is strange"},
		{name: "error beside events", answer: `{"Response":{"EventSet":[1],"Error":{"Code":"InternalError"}}}`, is: []error{ErrRetry}},
		{name: "gateway", status: 502, answer: "<html>bad\ngateway</html>", is: []error{ErrRetry}, text: `HTTP status 502 Bad Gateway: "<html>bad\ngateway</html>"; if it stays, check VOD_ENDPOINT`},
		{name: "long page", status: 404, answer: strings.Repeat("x", 2000), is: []error{ErrRetry}, text: `404 Not Found: "` + strings.Repeat("x", 200) + `" and 1800 bytes more`},
		{name: "redirect", status: 302, is: []error{ErrRetry}, text: "302 Found"},
		{name: "page", answer: "<html>log in first</html>", is: []error{ErrRetry}, text: `no answer of the VOD API: "<html>log in first</html>"`},
		{name: "nothing", is: []error{ErrRetry}, text: `no answer of the VOD API: ""`},
		{name: "cut", answer: `{"Response":{"EventSet":[{"EventHandle":"a"}`, is: []error{ErrRetry}, text: "cut off after 44 bytes"},
		{name: "keys in a message", answer: `{"Response":{"Error":{"Code":"AuthFailure","Message":"no AKIDexample0123456789/k3y-never-shown"}}}`,
			is: []error{ErrAuth}, text: "no (masked)/(masked)"},
		{name: "keys on a page", status: 500, answer: "X-TC-Token: t0ken-never-shown", is: []error{ErrRetry}, text: `"X-TC-Token: (masked)"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			vod := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if c.status == 302 {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(max(c.status, 200))
				io.WriteString(w, c.answer)
			})
			var err error
			if c.confirm {
				err = vod.ConfirmEvents(t.Context(), 7, []string{"a"})
			} else {
				_, err = vod.PullEvents(t.Context(), 7)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v, want an *Error", err, err)
			}
			for _, sentinel := range all {
				want := false
				for _, is := range c.is {
					want = want || is == sentinel
				}
				if errors.Is(err, sentinel) != want {
					t.Errorf("%v: is %q: %v", err, sentinel, !want)
				}
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v\nwant %s", err, c.text)
			}
			if s := err.Error(); strings.Contains(s, "never-shown") || strings.Contains(s, testKeys.SecretId) {
				t.Errorf("keys in %q", s)
			}
		})
	}
}

// A count is read in every spelling that means one. What means none is told as a
// strange answer of VOD, which no second call will mend.
func TestCountOfEvents(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		member string
		want   uint64
		says   string // of an error
	}{
		{`"CountOfEventsToPull":17,`, 17, ""},
		{`"CountOfEventsToPull":"17",`, 17, ""},
		{`"CountOfEventsToPull":17.0,`, 17, ""},
		{`"CountOfEventsToPull":1.7e1,`, 17, ""},
		{`"CountOfEventsToPull":"0",`, 0, ""},
		{`"CountOfEventsToPull":18446744073709551615,`, 18446744073709551615, ""},
		{`"CountOfEventsToPull":-1,`, 0, `CountOfEventsToPull is "-1"`},
		{`"CountOfEventsToPull":17.5,`, 0, `is "17.5"`},
		{`"CountOfEventsToPull":1e99,`, 0, `is "1e99"`},
		{`"CountOfEventsToPull":"many",`, 0, "many"},
		{`"CountOfEventsToPull":"NaN",`, 0, "NaN"},
		{`"CountOfEventsToPull":"0x11",`, 0, "0x11"},
		{`"CountOfEventsToPull":null,`, 0, "CountOfEventsToPull is "},
		{`"CountOfEventsToPull":[17],`, 0, `is "[17]"`},
		{``, 0, "CountOfEventsToPull is missing"},
	} {
		c := client(t, "", respond([]byte(`{"Response":{`+test.member+`"RequestId":"r"}}`)))
		got, err := c.DescribeEventsState(t.Context(), 7)
		switch {
		case test.says == "" && (err != nil || got != test.want):
			t.Errorf("%s %d, %v", test.member, got, err)
		case test.says != "" && (!errors.Is(err, ErrStrange) || errors.Is(err, ErrRetry) || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s %v", test.member, err)
		}
	}
	c := client(t, "", respond([]byte(`{"Response":{"Mode":5,"RequestId":"r"}}`)))
	if _, err := c.DescribeEventConfig(t.Context(), 7); !errors.Is(err, ErrStrange) {
		t.Errorf("a mode that is a number: %v", err)
	}
}

func TestConfirmSizes(t *testing.T) {
	t.Parallel()
	c := client(t, "", tripper(func(*http.Request) (*http.Response, error) {
		t.Error("a call was made")
		return nil, io.ErrUnexpectedEOF
	}))
	if err := c.ConfirmEvents(t.Context(), 7, nil); err != nil {
		t.Error(err)
	}
	if err := c.ConfirmEvents(t.Context(), 7, make([]string, MaxEvents+1)); err == nil || errors.Is(err, ErrRetry) {
		t.Error(err)
	}
}

// A body in chunks, compressed, or longer or shorter than it says.
func TestBodies(t *testing.T) {
	t.Parallel()
	body := pulled(MaxEvents)
	chunks := func(w http.ResponseWriter) {
		for b := range bytes.SplitSeq(body, []byte(":")) {
			w.Write(append(b, ':'))
			w.(http.Flusher).Flush()
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"chunks": func(w http.ResponseWriter, r *http.Request) {
			w.Write(body[:1000])
			w.(http.Flusher).Flush()
			w.Write(body[1000:])
		},
		"gzip": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(body)
			z.Close()
		},
		"length": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body)
		},
	} {
		if events, err := serve(t, h).PullEvents(t.Context(), 7); err != nil || len(events) != MaxEvents {
			t.Errorf("%s: %d events, %v", name, len(events), err)
		}
	}

	_, err := serve(t, func(w http.ResponseWriter, r *http.Request) { chunks(w); panic(http.ErrAbortHandler) }).PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut chunks: %v", err)
	}
	_, err = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1))
		w.Write(body)
	}).PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut length: %v", err)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// What an answer gave before it broke off is lent: it comes with the error, and
// no second call is made for it.
func TestAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	calls := 0
	c, err := New(Options{Credentials: testKeys,
		Retry: func(context.Context, error, int, time.Duration) bool { return true },
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			calls++
			return respond([]byte(`{"Response":{"EventSet":[{"EventHandle":"1"},{"EventHandle":"2"},{"EventHandle":"3","P":{"a`))(r)
		})})
	if err != nil {
		t.Fatal(err)
	}
	events, err := c.PullEvents(t.Context(), 7)
	if !errors.Is(err, ErrRetry) || len(events) != 2 || string(events[1].Bytes) != `{"EventHandle":"2"}` || calls != 1 {
		t.Errorf("%d calls, %q, %v", calls, events, err)
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	const most = 1000
	for _, c := range []struct {
		sent, said int64
		ok         bool
	}{{most, most, true}, {most, -1, true}, {most + 1, most + 1, false}, {most + 1, -1, false}, {1, most, true}, {most, 1, true}} {
		body := &closing{Reader: bytes.NewReader(make([]byte, c.sent))}
		a := new(answer)
		r, err := http.NewRequestWithContext(context.WithValue(t.Context(), answerKey{}, a), "POST", "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = taker{tripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: body, ContentLength: c.said}, nil
		}), most}.RoundTrip(r)
		if c.ok != (err == nil) || c.ok != (int64(len(a.body)) == c.sent) || c.ok == errors.Is(err, ErrRetry) || !body.closed {
			t.Errorf("%+v: %d bytes, %v, closed %v", c, len(a.body), err, body.closed)
		}
	}
}

// hang takes a call and never answers.
var hang = tripper(func(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
})

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := client(t, "", hang)
		pull := func(ctx context.Context, want time.Duration) error {
			t.Helper()
			start := time.Now()
			_, err := c.PullEvents(ctx, 7)
			if took := time.Since(start); took != want {
				t.Errorf("took %v, want %v", took, want)
			}
			return err
		}
		err := pull(t.Context(), Timeout)
		if !errors.Is(err, ErrRetry) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 10s") {
			t.Error(err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := pull(ctx, 3*time.Second); errors.Is(err, ErrRetry) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := pull(ctx, time.Second); errors.Is(err, ErrRetry) || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := pull(ctx, 0); !errors.Is(err, context.Canceled) { // not begun
			t.Error(err)
		}
	})
}

// The timeout holds for the body, too, and an answer that is whole is an answer
// even if the context has ended meanwhile.
func TestTimeoutOfBody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"Response":{`))
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.PullEvents(ctx, 7); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	c = client(t, "", tripper(func(r *http.Request) (*http.Response, error) {
		resp, err := respond(pulled(1))(r)
		cancel()
		return resp, err
	}))
	if events, err := c.PullEvents(ctx, 7); err != nil || len(events) != 1 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = client(t, "http://"+l.Addr().String(), NewTransport()).PullEvents(t.Context(), 7)
	var op *net.OpError
	if !errors.Is(err, ErrRetry) || !errors.As(err, &op) || !strings.Contains(err.Error(), "connection refused; if it stays") {
		t.Error(err)
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ endpoint, scheme, host string }{
		{"", "https", "vod.tencentcloudapi.com"},
		{"vod.intl.tencentcloudapi.com", "https", "vod.intl.tencentcloudapi.com"},
		{"127.0.0.1:8081", "https", "127.0.0.1:8081"},
		{"http://127.0.0.1:8081", "http", "127.0.0.1:8081"},
		{"HTTP://[::1]:8081/", "http", "[::1]:8081"},
	} {
		var got string
		vod := client(t, c.endpoint, tripper(func(r *http.Request) (*http.Response, error) {
			got = r.URL.Scheme + " " + r.URL.Host + " " + r.Host + " " + r.URL.Path
			return respond([]byte(`{"Response":{"CountOfEventsToPull":0}}`))(r)
		}))
		if _, err := vod.DescribeEventsState(t.Context(), 0); err != nil || got != c.scheme+" "+c.host+" "+c.host+" /" {
			t.Errorf("%q: %q, %v", c.endpoint, got, err)
		}
	}
	for endpoint, shown := range map[string]string{
		"ftp://vod.example.com":                  "ftp://vod.example.com",
		"http://":                                "not an address",
		"https://:443":                           "not an address",
		"https://id:s3cret@vod.example.com":      "https://vod.example.com: only scheme",
		"https://vod.example.com/s3cret":         "https://vod.example.com: only scheme",
		"vod.example.com?key=s3cret":             "https://vod.example.com: only scheme",
		"https://vod.example.com/#s3cret":        "https://vod.example.com: only scheme",
		"https://vod.example.com:s3cret":         "not an address",
		"https://s3cret:20/word@vod.example.com": "https: only scheme",
		"https://vod.example.com/%zz?key=s3cret": "not an address",
	} {
		_, err := New(Options{Endpoint: endpoint, Credentials: testKeys})
		if err == nil || !strings.Contains(err.Error(), shown) || !strings.Contains(err.Error(), "VOD_ENDPOINT") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	if _, err := New(Options{Credentials: Credentials{SecretId: "a"}}); err == nil {
		t.Error("a client without a key")
	}
}

// The SDK says nothing on stderr, whatever happens.
func TestSilence(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	for _, body := range []string{`{"Response":{"EventSet":[1]}}`, `{"Response":{"Error":{"Code":"RequestLimitExceeded"}}}`, `?`} {
		client(t, "", respond([]byte(body))).PullEvents(t.Context(), 7)
	}
	os.Stderr = stderr
	w.Close()
	if said, err := io.ReadAll(r); err != nil || len(said) > 0 {
		t.Errorf("%q, %v", said, err)
	}
}

// A pull of 16 events of about 5 kB without a network: signing, the SDK, the
// body's one read, and parse.
func BenchmarkPullEvents(b *testing.B) {
	body := pulled(MaxEvents)
	c := client(b, "", respond(body))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.PullEvents(b.Context(), 1490012345); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

// A confirm: hardly more than signing and the SDK.
func BenchmarkConfirmEvents(b *testing.B) {
	c := client(b, "", respond([]byte(`{"Response":{"RequestId":"5f2c7a1e-0d3b-4c8e-9a55-2b7d64f0c1ee"}}`)))
	handles := make([]string, MaxEvents)
	for i := range handles {
		handles[i] = fmt.Sprintf("%019d", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.ConfirmEvents(b.Context(), 1490012345, handles); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	t := NewTransport()
	b.ReportAllocs()
	for b.Loop() {
		client(b, "", t)
	}
}

package vod

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

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
		{name: "a family's neighbor", answer: failure("InternalErrors"), is: []error{ErrRefused}},
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
		{name: "keys beside a message", answer: `{"Response":{"RequestId":"k3y-never-shown","Error":{"Code":"AuthFailure.t0ken-never-shown"}}}`, is: []error{ErrAuth}, text: "AuthFailure.(masked) (RequestId (masked))"},
		{name: "a key that is cut on a page", status: 407, answer: strings.Repeat("x", 189) + "t0ken-never-shown", is: []error{ErrRetry}, text: `x(masked)" and 6 bytes more`},
		{name: "a key that is cut in an answer", answer: "<html>" + strings.Repeat("x", 178) + testKeys.SecretId, is: []error{ErrRetry}, text: `x(masked)" and `},
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
			if s := err.Error(); strings.Contains(s, "never-shown") || strings.Contains(s, "t0ken-") || strings.Contains(s, testKeys.SecretId[:8]) || strings.Contains(s, testKeys.SecretId) {
				t.Errorf("keys in %q", s)
			}
		})
	}
}

// A count is read in every spelling of a whole number. Anything else is a strange
// answer of VOD, and a second call would get the same.
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
		{`"CountOfEventsToPull":" 4.20e+1 ",`, 42, ""},
		{`"CountOfEventsToPull":9007199254740993.0,`, 9007199254740993, ""},
		{`"CountOfEventsToPull":0.99999999999999999999,`, 0, "0.99999999999999999999"},
		{`"CountOfEventsToPull":"5.00000000000000000001",`, 0, "5.00000000000000000001"},
		{`"CountOfEventsToPull":"0x1p4",`, 0, "0x1p4"},
		{`"CountOfEventsToPull":"+6",`, 0, "+6"},
		{`"CountOfEventsToPull":"6.",`, 0, "6."},
		{`"CountOfEventsToPull":".6e1",`, 0, ".6e1"},
		{`"CountOfEventsToPull":"1_0",`, 0, "1_0"},
		{`"CountOfEventsToPull":1e20,`, 0, "1e20"},
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

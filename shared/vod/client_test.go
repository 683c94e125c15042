package vod

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"vodevents/shared/credentials"
)

// Each action sends exactly these bytes and reads the answer like this.
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
	c, err := New(Options{Region: "ap-guangzhou", Credentials: credentials.Credentials{SecretId: "a", SecretKey: "b"}, Transport: tripper(func(r *http.Request) (*http.Response, error) {
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
		"https://vod.bücher.example":             "ASCII",
		"\u00a0vod.example.com":                  "ASCII",
		"vod\x7f.example.com":                    "not an address",
		"vod.example.com%81":                     "ASCII",
	} {
		_, err := New(Options{Endpoint: endpoint, Credentials: testKeys})
		if err == nil || !strings.Contains(err.Error(), shown) || !strings.Contains(err.Error(), "VOD_ENDPOINT") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	if _, err := New(Options{Credentials: credentials.Credentials{SecretId: "a"}}); err == nil {
		t.Error("a client without a key")
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

// The SDK never writes to stderr.
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

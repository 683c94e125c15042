package cos

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
)

func open(t testing.TB, rawURL string) *Sink {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSink(t *testing.T) {
	const most = 3 << 20
	delivertest.TestSink(t, func(t *testing.T) delivertest.Place {
		c := costest.RunT(t)
		c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.ContentLength <= most {
				return false
			}
			costest.Refuse(w, http.StatusBadRequest, "EntityTooLarge")
			return true
		}
		return delivertest.Place{
			Open: func(t testing.TB) deliver.Sink { return open(t, c.URL("vod")) },
			Received: func(t testing.TB) [][]byte {
				texts, err := c.Contents()
				if err != nil {
					t.Fatal(err)
				}
				return texts
			},
			Unordered: true, ExactlyOnce: true,
			Stop: func(testing.TB) { c.Stop() },
			Start: func(t testing.TB) {
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
			},
			Hang:    func(testing.TB) func() { return c.Hang() },
			Refused: func(t testing.TB) *event.Event { return delivertest.Event(t, "big", 4<<20) },
		}
	})
}

// at is an event that was received at a time.
func at(t *testing.T, received time.Time, body string) *event.Event {
	t.Helper()
	e, err := event.Parse([]byte(body), event.Origin{Mode: event.Reliable, Received: received})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func sendOne(t *testing.T, s *Sink, e *event.Event) {
	t.Helper()
	if err := s.Send(t.Context(), []*event.Event{e})[0]; err != nil {
		t.Fatal(err)
	}
}

// An object's key is the day of receipt, in UTC, and the id: a repetition on that
// day overwrites it.
func TestKeyIsDayAndID(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	const body = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.FixedZone("", 8*3600)) // 16:00 of the day before
	first := at(t, day, body)
	sendOne(t, open(t, c.URL("a b/é")), first)
	s := open(t, c.URL(""))
	for _, received := range []time.Time{day, day.Add(7 * time.Hour), day.Add(9 * time.Hour)} {
		sendOne(t, s, at(t, received, body))
	}
	got, err := c.Keys()
	want := []string{"2026/11/26/" + first.ID + ".json", "2026/11/27/" + first.ID + ".json", "a b/é/2026/11/26/" + first.ID + ".json"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	text, err := c.Get(want[1])
	if e, bad := event.ParseCloudEvent(text); err != nil || bad != nil || !e.Received.Equal(day.Add(9*time.Hour)) {
		t.Errorf("%s, %v, %v", text, err, bad)
	}
}

// What a request carries: the bucket in front of the host or in the path, the
// token of temporary keys, and sums of the body, all of them signed.
func TestRequests(t *testing.T) {
	t.Parallel()
	e := at(t, time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`)
	object := "/2026/11/27/" + e.ID + ".json"
	for _, c := range []struct {
		url, env          string
		request, keyID    string
		token, signsToken string
	}{
		{url: "cos://AKIDx:k%2Fy@archive-1250000000/vod?region=ap-guangzhou",
			request: "https://archive-1250000000.cos.ap-guangzhou.myqcloud.com/vod" + object, keyID: "AKIDx"},
		{url: "cos://AKIDx:ky@archive-1250000000?region=ap-guangzhou&endpoint=https://cos.accelerate.myqcloud.com&style=host",
			request: "https://archive-1250000000.cos.accelerate.myqcloud.com" + object, keyID: "AKIDx"},
		{url: "cos://AKIDx:ky@events/a%20b?region=us-east-1&endpoint=http://minio:9000/",
			request: "http://minio:9000/events/a%20b" + object, keyID: "AKIDx"},
		{url: "cos://archive-1250000000/vod?region=ap-guangzhou", env: "TENCENTCLOUD_SECRETID=AKIDrole TENCENTCLOUD_SECRETKEY=k TENCENTCLOUD_SESSIONTOKEN=tok",
			request: "https://archive-1250000000.cos.ap-guangzhou.myqcloud.com/vod" + object, keyID: "AKIDrole", token: "tok", signsToken: ";x-amz-security-token"},
		{url: "cos://archive-1250000000/vod?region=ap-guangzhou", env: "VOD_SECRET_ID=AKIDvod VOD_SECRET_KEY=k TENCENTCLOUD_SECRETID=AKIDrole TENCENTCLOUD_SECRETKEY=k",
			request: "https://archive-1250000000.cos.ap-guangzhou.myqcloud.com/vod" + object, keyID: "AKIDvod"},
	} {
		s := open(t, c.url)
		env := map[string]string{}
		for _, v := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(v, "=")
			env[name] = value
		}
		s.getenv = func(name string) string { return env[name] }
		var got *http.Request
		s.roundTrip = func(r *http.Request) (*http.Response, error) {
			got = r
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Etag": {`"x"`}}, Body: http.NoBody}, nil
		}
		sendOne(t, s, e)
		auth := got.Header.Get("Authorization")
		if got.Method != "PUT" || got.URL.String() != c.request || got.Header.Get("X-Amz-Security-Token") != c.token {
			t.Errorf("%s: %s %s, token %q", c.url, got.Method, got.URL, got.Header.Get("X-Amz-Security-Token"))
		}
		if !strings.Contains(auth, "Credential="+c.keyID+"/") || !strings.Contains(auth, "SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;x-amz-date"+c.signsToken+",") {
			t.Errorf("%s: %s", c.url, auth)
		}
		if got.Header.Get("Content-Type") != "application/cloudevents+json" {
			t.Errorf("%s: %s", c.url, got.Header.Get("Content-Type"))
		}
	}
}

// The role's keys are those of the moment: SCF changes them between invocations.
func TestKeysAreLookedUpForEachBatch(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	var mu sync.Mutex
	var ids []string
	c.Answer = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		_, after, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		id, _, _ := strings.Cut(after, "/")
		ids = append(ids, id+" "+r.Header.Get("X-Amz-Security-Token"))
		return false
	}
	s := open(t, strings.Replace(c.URL("vod"), "AKIDtest:s3cretKey@", "", 1))
	env := map[string]string{"_LAMBDA_SERVER_PORT": "9001"}
	s.getenv = func(name string) string { return env[name] }
	err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
	if !errors.Is(err, deliver.ErrUnavailable) || !strings.Contains(err.Error(), "name/cos:PutObject") {
		t.Errorf("without keys: %v", err)
	}
	for _, n := range []string{"1", "2"} {
		env["TENCENTCLOUD_SECRETID"], env["TENCENTCLOUD_SECRETKEY"], env["TENCENTCLOUD_SESSIONTOKEN"] = "AKID"+n, "k", "tok"+n
		sendOne(t, s, delivertest.Events(t, 1)[0])
	}
	if want := []string{"AKID1 tok1", "AKID2 tok2"}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
}

// Each refusal is told by its code, else by its status, and nothing of it but
// code and RequestId is shown.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const (
		down      = "down"
		permanent = "permanent"
		own       = "the event failed"
	)
	for _, c := range []struct {
		status         int
		code           string
		want, contains string
	}{
		{400, "RequestTimeout", down, ""}, {400, "BadDigest", down, ""}, {409, "PathConflict", down, ""},
		{429, "", down, ""}, {500, "InternalError", down, ""}, {502, "", down, ""}, {503, "SlowDown", down, ""},
		{400, "ExpiredToken", down, "temporary keys ran out"}, {403, "RequestTimeTooSkewed", down, "set the clock"},
		{403, "AccessDenied", down, "name/cos:PutObject"}, {403, "SignatureDoesNotMatch", down, "check the secret key"},
		{403, "", down, "check the keys"}, {403, "PathStyleDomainForbidden", down, "style=path"},
		{404, "NoSuchBucket", down, "make the bucket"}, {404, "", down, "check bucket"}, {402, "PaymentRequired", down, "arrears"},
		{451, "UnavailableForLegalReasons", down, "blocked"}, {301, "PermanentRedirect", down, "region="}, {307, "TemporaryRedirect", down, "region="},
		{400, "EntityTooLarge", permanent, ""}, {413, "", permanent, ""}, {409, "ObjectLocked", permanent, ""}, {400, "KeyTooLong", permanent, ""},
		{400, "SomethingNew", own, "SomethingNew"}, {418, "", own, ""},
		// The status was sent before the fault was known.
		{200, "InternalError", down, "InternalError"}, {200, "SomethingNew", down, ""}, {200, "EntityTooLarge", permanent, ""},
		{200, "AccessDenied", down, "name/cos:PutObject"},
		// What answers so is no store.
		{200, "", down, "check the endpoint"}, {204, "", down, "check the endpoint"},
	} {
		server := costest.RunT(t)
		server.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			if c.code == "" {
				http.Error(w, "<html>hush AKIDtest", c.status)
			} else {
				w.Header().Set("Location", "http://127.0.0.1:1/hush")
				costest.Refuse(w, c.status, c.code)
			}
			return true
		}
		s := open(t, server.URL("hush"))
		err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
		got := own
		switch {
		case deliver.IsPermanent(err):
			got = permanent
		case errors.Is(err, deliver.ErrUnavailable):
			got = down
		}
		if err == nil || got != c.want || !strings.Contains(err.Error(), c.contains) || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%d %s: %s: %v, want %s", c.status, c.code, got, err, c.want)
			continue
		}
		for _, secret := range []string{"hush", "AKIDtest", "s3cretKey"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%d %s: the error shows %s: %v", c.status, c.code, secret, err)
			}
		}
		s.Close()
		server.Close()
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for rawURL, want := range map[string]string{
		"cos:archive": "write the bucket", "cos:///vod?region=x": "write the bucket", "cos://UPPER/vod?region=x": "write the bucket",
		"cos://b/vod": "cos://b: region is missing", "cos://b/vod?region=Hush!": "region must be one such as",
		"cos://b/vod?region=x&hush=1": "other than region, endpoint and style", "cos://b/vod?region=x&region=y": "region is given twice",
		"cos://b/vod?region=x;hush": "badly percent-encoded", "cos://hush@b/vod?region=x": "both needed", "cos://:hush@b/vod?region=x": "both needed",
		"cos://b/vod?region=x#hush":          "cos: not a URL",
		"cos://b/vod?region=x&endpoint=hush": "endpoint must be http://", "cos://b/vod?region=x&endpoint=http://hush%C3%BC.example": "a host in ASCII", "cos://b/vod?region=x&endpoint=http://u:hush%40h/": "cos://b: endpoint must be http://",
		"cos://b/vod?region=x&endpoint=http://h/hush": "endpoint must be http://", "cos://b/vod?region=x&style=hush": "style must be host or path",
		"cos://b/vod?region=x&endpoint=http://127.0.0.1:9000&style=host": "a name, not an IP", "cos://b/a//hush?region=x": "an empty part",
		"cos://b/hush/../c?region=x": "an empty part", "cos://b/hush/.?region=x": "an empty part",
		"cos://b/hush%0Aa?region=x": "a control character", "cos://b/hush%1b[2J?region=x": "a control character",
		"cos://b/hush%ff?region=x": "not UTF-8",
		// The key has an unescaped / ? or #, so that what seems the bucket is the id.
		"cos://hush:2024/sh@b/vod?region=x": "cos: not a URL; in user and password write", "cos://hush/sh@b/vod?region=x": "cos: not a URL",
		"cos://hush:2024?sh@b/vod?region=x": "cos: not a URL", "cos://hush?region=x&sh@b/vod": "cos: not a URL",
		"cos://hush:2024#sh@b/vod?region=x": "cos: not a URL", "cos://hush/b?region=x#@b": "cos: not a URL",
		"cos://id:hu@hush/sh@b/vod?region=x":  "cos: not a URL",
		"cos://b/vod/hush@day?region=x":       "cos: not a URL", // nobody can tell that it is none
		"cos://b?region=x&endpoint=http://h@": "cos: not a URL",
	} {
		u, err := url.Parse(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := Open(u); err == nil || s != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, %v, want an error with %q", rawURL, s, err, want)
		}
	}
}

// The sink is ready when the store knows the keys and has the bucket. Who may only
// put objects may not list them, and that is ready too.
func TestReady(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	if err := open(t, c.URL("vod")).Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if err := open(t, strings.Replace(c.URL("vod"), costest.Bucket, "other", 1)).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "make the bucket") {
		t.Errorf("without the bucket: %v", err)
	}
	keyless := open(t, strings.Replace(c.URL("vod"), "AKIDtest:s3cretKey@", "", 1))
	keyless.getenv = func(name string) string { return map[string]string{"_LAMBDA_SERVER_PORT": "1"}[name] }
	if err := keyless.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "no keys") {
		t.Errorf("without keys: %v", err)
	}
	denied := costest.RunT(t)
	var code atomic.Value
	denied.Answer = func(w http.ResponseWriter, _ *http.Request) bool {
		costest.Refuse(w, http.StatusForbidden, code.Load().(string))
		return true
	}
	for refusal, advice := range map[string]string{"AccessDenied": "", "SignatureDoesNotMatch": "check the secret key", "InvalidAccessKeyId": "check the keys"} {
		code.Store(refusal)
		err := open(t, denied.URL("vod")).Ready(t.Context())
		if (err == nil) != (advice == "") || err != nil && !strings.Contains(err.Error(), advice) {
			t.Errorf("%s: %v", refusal, err)
		}
	}
	denied.Stop()
	if err := open(t, denied.URL("vod")).Ready(t.Context()); err == nil {
		t.Error("nobody is there, and it is ready")
	}
	if err := denied.Start(); err != nil {
		t.Fatal(err)
	}
}

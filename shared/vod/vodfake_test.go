package vod_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/credentials"
	"vodevents/shared/vod"
	"vodevents/shared/vodfake"
)

const app = 1490012345

var fakeKeys = credentials.Credentials{SecretId: vodfake.SecretId, SecretKey: vodfake.SecretKey}

func dial(t *testing.T, o vod.Options) *vod.Client {
	t.Helper()
	c, err := vod.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func handle(t *testing.T, e vod.Element) string {
	t.Helper()
	var h struct{ EventHandle string }
	if err := json.Unmarshal(e.Bytes, &h); err != nil || h.EventHandle == "" {
		t.Fatalf("%s: %v", e.Bytes, err)
	}
	return h.EventHandle
}

// Forty events come over a real connection with all of their bytes. Those that are
// confirmed do not come again.
func TestPullAndConfirm(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t)
	transport := vod.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	c := dial(t, vod.Options{Endpoint: s.URL, Credentials: fakeKeys, Transport: transport})

	bodies := map[string]bool{}
	for i := range 40 {
		body := fmt.Sprintf(`"EventType":"NewFileUpload", "FileUploadEvent":{"FileId":"%d","Id":%d,"Size":1.0,"Title":"<é\u00e9>\"}]"}}`, i, uint64(1)<<63+uint64(i))
		bodies[body] = true
		s.Queue(app, []byte("{"+body))
	}
	for _, want := range []int{16, 16, 8} {
		events, err := c.PullEvents(t.Context(), app)
		if err != nil || len(events) != want {
			t.Fatalf("%d events, %v, want %d", len(events), err, want)
		}
		var handles []string
		for _, e := range events {
			handles = append(handles, handle(t, e))
			_, body, _ := bytes.Cut(e.Bytes, []byte(`,`))
			if !bodies[string(body)] {
				t.Errorf("not sent, or twice: %s", body)
			}
			delete(bodies, string(body))
		}
		if err := c.ConfirmEvents(t.Context(), app, handles); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 0 || s.Confirmed(app) != 40 || s.Pending(app) != 0 {
		t.Errorf("%d left, %d confirmed, %d pending", len(bodies), s.Confirmed(app), s.Pending(app))
	}
	if err := c.ConfirmEvents(t.Context(), app, []string{"nobody's"}); !errors.Is(err, vod.ErrBadHandle) || errors.Is(err, vod.ErrRetry) {
		t.Error(err)
	}
}

// The signatures are really checked, with and without a token. Each flaw in the
// keys has its own code.
func TestKeys(t *testing.T) {
	t.Parallel()
	const id, key, token = "AKIDtemporary", "temporary-key", "temporary-token"
	s := vodfake.RunT(t, vodfake.Options{Credentials: []vodfake.Credential{{SecretId: id, SecretKey: key, Token: token}}})
	late := vodfake.RunT(t, vodfake.Options{ClockSkew: 6 * time.Minute})
	for _, c := range []struct {
		url  string
		keys credentials.Credentials
		code string
	}{
		{s.URL, credentials.Credentials{SecretId: id, SecretKey: key, Token: token}, ""},
		{s.URL, credentials.Credentials{SecretId: id, SecretKey: key}, "AuthFailure.TokenFailure"},
		{s.URL, credentials.Credentials{SecretId: id, SecretKey: key, Token: "another's"}, "AuthFailure.TokenFailure"},
		{s.URL, credentials.Credentials{SecretId: id, SecretKey: "mistyped", Token: token}, "AuthFailure.SignatureFailure"},
		{s.URL, credentials.Credentials{SecretId: "deleted", SecretKey: key, Token: token}, "AuthFailure.SecretIdNotFound"},
		{late.URL, fakeKeys, "AuthFailure.SignatureExpire"},
	} {
		s.Queue(app, []byte(`{"EventType":"FileDeleted"}`))
		_, err := dial(t, vod.Options{Endpoint: c.url, Credentials: c.keys}).PullEvents(t.Context(), app)
		var e *vod.Error
		switch {
		case c.code == "" && err == nil:
		case !errors.As(err, &e) || e.Code != c.code || !errors.Is(err, vod.ErrAuth) || e.RequestId == "":
			t.Errorf("%v: %v, want %s", c.keys, err, c.code)
		}
	}
}

func TestSubAppIdMissing(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{Alternatives: vodfake.Alternatives{RequireSubAppId: true}})
	_, err := dial(t, vod.Options{Endpoint: s.URL, Credentials: fakeKeys}).PullEvents(t.Context(), 0)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("check VOD_SUB_APP_IDS")) {
		t.Error(err)
	}
}

// An error advises to set VOD_SUB_APP_IDS only where that can help.
func TestSubAppIdAdvice(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{SubAppIds: []uint64{app}})
	c := dial(t, vod.Options{Endpoint: s.URL, Credentials: fakeKeys})
	_, noFile := c.ProcessMedia(t.Context(), app, vod.ProcessMediaRequest{FileId: "1"})
	_, noApp := c.ProcessMedia(t.Context(), app+1, vod.ProcessMediaRequest{FileId: "1"})
	badMode := c.ModifyEventConfig(t.Context(), app, vod.EventConfigChange{Mode: new("POST")})
	for _, test := range []struct {
		err  error
		want bool
	}{{noFile, false}, {badMode, false}, {noApp, true}} {
		if test.err == nil || strings.Contains(test.err.Error(), "VOD_SUB_APP_IDS") != test.want {
			t.Errorf("%v; advice wanted: %t", test.err, test.want)
		}
	}
}

// A poll is held, an event ends it, and its lease runs out.
func TestQueueInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := dial(t, vod.Options{Credentials: fakeKeys, Transport: s.Transport()})
		pull := func(ctx context.Context, want time.Duration) ([]vod.Element, error) {
			t.Helper()
			start := time.Now()
			events, err := c.PullEvents(ctx, app)
			if took := time.Since(start); took != want {
				t.Errorf("the pull took %v, want %v", took, want)
			}
			return events, err
		}

		if _, err := pull(t.Context(), 5*time.Second); !errors.Is(err, vod.ErrEmpty) || errors.Is(err, vod.ErrRetry) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if _, err := pull(ctx, 2*time.Second); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, vod.ErrRetry) {
			t.Error(err)
		}
		cancel()

		time.AfterFunc(3*time.Second, func() { s.Queue(app, []byte(`{"EventType":"FileDeleted"}`)) })
		events, err := pull(t.Context(), 3*time.Second)
		if err != nil || len(events) != 1 {
			t.Fatalf("%s, %v", events, err)
		}
		time.Sleep(vod.Lease + time.Millisecond)
		if err := c.ConfirmEvents(t.Context(), app, []string{handle(t, events[0])}); !errors.Is(err, vod.ErrBadHandle) {
			t.Error("confirmed after its lease:", err)
		}
		again, err := pull(t.Context(), 0)
		if err != nil || len(again) != 1 {
			t.Fatalf("%s, %v", again, err)
		}
		if err := c.ConfirmEvents(t.Context(), app, []string{handle(t, again[0])}); err != nil {
			t.Error(err)
		}
	})
}

// A failure on the way to VOD is ErrRetry, and no other error of the package.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range []vodfake.Fault{
		{Kind: vodfake.Status}, {Kind: vodfake.Status, Status: 429}, {Kind: vodfake.Fail}, {Kind: vodfake.Limit},
		{Kind: vodfake.Drop}, {Kind: vodfake.Lost}, {Kind: vodfake.Cut}, {Kind: vodfake.Answer, Body: "<html>"},
	} {
		t.Run(fmt.Sprint(f.Kind, f.Status), func(t *testing.T) {
			t.Parallel()
			s := vodfake.RunT(t)
			c := dial(t, vod.Options{Endpoint: s.URL, Credentials: fakeKeys})
			s.Queue(app, []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["5145403721233902989"]}}`))
			s.Next("PullEvents", f)
			events, err := c.PullEvents(t.Context(), app)
			if len(events) != 0 || !errors.Is(err, vod.ErrRetry) || errors.Is(err, vod.ErrEmpty) || errors.Is(err, vod.ErrAuth) {
				t.Errorf("%s, %v", events, err)
			}
			if limited := f.Kind == vodfake.Limit; errors.Is(err, vod.ErrRateLimited) != limited {
				t.Error(err)
			}
			if n := len(s.Calls("PullEvents")); n != 1 {
				t.Errorf("%d calls: nobody asked for a second", n)
			}
		})
	}
}

// Whatever the action, a call that may succeed later is repeated as long as Retry
// says so. A call that VOD refused for good is not.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		var asked []string
		ctx, cancel := context.WithCancel(t.Context())
		c := dial(t, vod.Options{Credentials: fakeKeys, Transport: s.Transport(),
			Retry: func(_ context.Context, err error, tries int, since time.Duration) bool {
				asked = append(asked, fmt.Sprint(tries, " ", since, " ", errors.Is(err, vod.ErrRateLimited)))
				time.Sleep(time.Second) // of the bubble
				return tries < 3
			}})
		limit, fail := vodfake.Fault{Kind: vodfake.Limit}, vodfake.Fault{Kind: vodfake.Fail}
		want := func(what string, err, target error, calls ...string) {
			t.Helper()
			if !errors.Is(err, target) || !slices.Equal(asked, calls) {
				t.Errorf("%s: %v after %q, want %v after %q", what, err, asked, target, calls)
			}
			asked = nil
		}

		s.Next("DescribeEventsState", limit, fail)
		_, err := c.DescribeEventsState(ctx, app)
		want("twice in vain", err, nil, "1 0s true", "2 1s false")
		s.Next("ModifyEventConfig", fail, fail, limit)
		err = c.ModifyEventConfig(ctx, app, vod.EventConfigChange{})
		want("Retry has enough", err, vod.ErrRateLimited, "1 0s false", "2 1s false", "3 2s true")
		want("refused", c.ConfirmEvents(ctx, app, []string{"x"}), vod.ErrBadHandle)
		_, err = c.PullEvents(ctx, app)
		want("an empty queue", err, vod.ErrEmpty)

		s.Next("DescribeEventsState", limit, limit, limit)
		time.AfterFunc(2500*time.Millisecond, cancel) // while Retry waits
		_, err = c.DescribeEventsState(ctx, app)
		want("the caller goes", err, context.Canceled, "1 0s true", "2 1s true", "3 2s true")
	})
}

func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	s := vodfake.RunT(t, vodfake.Options{Rate: -1})
	transport := vod.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	c := dial(t, vod.Options{Endpoint: s.URL, Credentials: fakeKeys, Transport: transport})
	const n = 32
	for range n * vod.MaxEvents {
		s.Queue(app, []byte(`{"EventType":"FileDeleted"}`))
	}
	errs := make(chan error, n)
	for range n {
		go func() {
			events, err := c.PullEvents(t.Context(), app)
			var handles []string
			for _, e := range events {
				var h struct{ EventHandle string }
				err = errors.Join(err, json.Unmarshal(e.Bytes, &h))
				handles = append(handles, h.EventHandle)
			}
			errs <- errors.Join(err, c.ConfirmEvents(t.Context(), app, handles))
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if got := s.Confirmed(app); got != n*vod.MaxEvents {
		t.Errorf("%d confirmed, want %d", got, n*vod.MaxEvents)
	}
}

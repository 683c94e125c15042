package webhook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/deliver"
	"vodevents/shared/deliver/delivertest"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	type class string
	const accepted, permanent, unavailable, failed class = "accepted", "permanent", "unavailable", "failed"
	for _, c := range []struct {
		status     int
		retryAfter string
		want       class
		after      time.Duration
	}{
		{200, "", accepted, 0},
		{201, "", accepted, 0},
		{202, "", accepted, 0},
		{204, "", accepted, 0},
		{206, "", accepted, 0},
		{300, "", failed, 0},
		{301, "", failed, 0},
		{302, "5", failed, 0},
		{303, "", failed, 0},
		{304, "", failed, 0},
		{307, "", failed, 0},
		{308, "", failed, 0},
		{400, "", permanent, 0},
		{413, "", permanent, 0},
		{415, "", permanent, 0},
		{422, "9", permanent, 0},
		{401, "", unavailable, 0},
		{403, "", unavailable, 0},
		{404, "9", unavailable, 9 * time.Second},
		{405, "", unavailable, 0},
		{407, "", unavailable, 0},
		{408, "", unavailable, 0},
		{410, "", unavailable, 0},
		{421, "", unavailable, 0},
		{425, "1", unavailable, time.Second},
		{429, "17", unavailable, 17 * time.Second},
		{429, "Tue, 24 Nov 2026 12:00:07 GMT", unavailable, 7 * time.Second},
		{429, "Tue, 24 Nov 2026 11:00:00 GMT", unavailable, 0},
		{402, "", failed, 0},
		{406, "", failed, 0},
		{409, "3", failed, 0},
		{418, "", failed, 0},
		{451, "", failed, 0},
		{499, "", failed, 0},
		{500, "", unavailable, 0},
		{502, "", unavailable, 0},
		{503, "120", unavailable, 2 * time.Minute},
		{503, "soon", unavailable, 0},
		{503, "-1", unavailable, 0},
		{503, "99999999999999999999", unavailable, (1<<31 - 1) * time.Second},
		{599, "", unavailable, 0},
		{600, "", failed, 0},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.retryAfter), func(t *testing.T) {
			t.Parallel()
			var followed atomic.Bool
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					followed.Store(true)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.status)
				if c.status != 204 && c.status != 304 {
					io.WriteString(w, "because\n of \x1b[31m"+strings.Repeat("x", 1000))
				}
			}))
			defer server.Close()
			s := open(t, server.URL+"/?secret=hush-of-24-bytes-or-more&token=hush")
			s.now = func() time.Time { return now }
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			got := accepted
			switch {
			case deliver.IsPermanent(err):
				got = permanent
			case errors.Is(err, deliver.ErrUnavailable):
				got = unavailable
				inner := err.(interface{ Unwrap() []error }).Unwrap()[0]
				if want := deliver.Answered(c.status, inner, c.after); !reflect.DeepEqual(err, want) {
					t.Errorf("got %#v, want it to ask for a patience of %v", err, c.after)
				}
			case err != nil:
				got = failed
			}
			if got != c.want {
				t.Errorf("got %s, want %s (%v)", got, c.want, err)
			}
			if followed.Load() {
				t.Error("a redirect was followed")
			}
			if err == nil {
				return
			}
			text := err.Error()
			if !strings.Contains(text, server.URL) || !strings.Contains(text, fmt.Sprint(c.status)) ||
				c.status != 304 && !strings.Contains(text, `"because\n of \x1b`) {
				t.Errorf("the error does not name host, status and reason: %s", text)
			}
			if strings.Contains(text, "hush") || len(text) > 600 {
				t.Errorf("the error says too much: %s", text)
			}
		})
	}
}

// The status decides. A body that drips on holds neither the event nor, once
// Send has returned, anything else.
func TestAnswerIsTakenAtItsStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var dripping atomic.Int32
		s := open(t, "http://example.com/")
		s.bodyTime = bodyTime
		status := "200 OK"
		s.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				r, err := http.ReadRequest(bufio.NewReader(there))
				if err != nil {
					return
				}
				io.Copy(io.Discard, r.Body)
				io.WriteString(there, "HTTP/1.1 "+status+"\r\nContent-Length: 1000\r\n\r\n")
				dripping.Add(1)
				defer dripping.Add(-1)
				for err == nil {
					time.Sleep(time.Second / 100)
					_, err = io.WriteString(there, "x")
				}
			}()
			return here, nil
		}
		for _, c := range []struct {
			status string
			want   verdict
		}{{"200 OK", taken}, {"202 Accepted", taken}, {"422 Unprocessable Entity", refused}, {"503 Service Unavailable", down}} {
			status = c.status
			start := time.Now()
			err := s.Send(t.Context(), delivertest.Events(t, 1))[0]
			if (err == nil) != (c.want == taken) || deliver.IsPermanent(err) != (c.want == refused) || errors.Is(err, deliver.ErrUnavailable) != (c.want == down) {
				t.Errorf("%s: got error %v", c.status, err)
			}
			if took := time.Since(start); took > bodyTime {
				t.Errorf("%s: Send took %v", c.status, took)
			}
			if err != nil && !strings.Contains(err.Error(), "xxx") {
				t.Errorf("%s: what came of the body is not quoted: %v", c.status, err)
			}
			synctest.Wait()
			time.Sleep(time.Second / 100) // its next write fails
			if synctest.Wait(); dripping.Load() != 0 {
				t.Errorf("%s: the connection is still read", c.status)
			}
		}
	})
}

// The quote of a refusal ends between two characters.
func TestARefusalsQuoteCutsNoCharacter(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, "a"+strings.Repeat("拒", 230))
	}))
	defer receiver.Close()
	err := open(t, receiver.URL).Send(t.Context(), delivertest.Events(t, 1))[0]
	if want := `"a` + strings.Repeat("拒", 199) + `"`; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

package vodfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answers is a receiver that answers 500, each send after the given time.
func answers(took ...time.Duration) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		d := took[0]
		took = took[1:]
		if d < 0 {
			return nil, errors.New("connection refused")
		}
		select {
		case <-time.After(d):
			return &http.Response{StatusCode: 500, Body: io.NopCloser(strings.NewReader("no"))}, nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// The receiver has 5 s to answer, and the status does not matter. After a timeout
// the callback is sent again, at most twice (266/7829).
func TestCallbackSends(t *testing.T) {
	const slow = time.Minute
	for _, x := range []struct {
		took  []time.Duration
		sends int
		state vodfake.State
	}{
		{[]time.Duration{0}, 1, vodfake.Answered},
		{[]time.Duration{4 * time.Second}, 1, vodfake.Answered},
		{[]time.Duration{slow, time.Second}, 2, vodfake.Answered},
		{[]time.Duration{slow, slow, slow}, 3, vodfake.Failed},
		{[]time.Duration{-1}, 1, vodfake.Failed},
		{[]time.Duration{slow, -1}, 2, vodfake.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{CallbackTransport: answers(x.took...)})
			defer s.Close()
			e, err := s.Callback(context.Background(), "http://example.com/cb", body(1))
			if len(e.Deliveries) != x.sends || e.State != x.state || (err == nil) != (x.state == vodfake.Answered) {
				t.Errorf("%v: %+v, %v", x.took, e, err)
			}
			for i, d := range e.Deliveries {
				if d.TimedOut != (x.took[i] == slow) || d.TimedOut && d.Done.Sub(d.Time) != 5*time.Second {
					t.Errorf("%v: send %d: %+v", x.took, i, d)
				}
			}
		})
	}
}

func TestCallbackSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []byte
		s := vodfake.New(vodfake.Options{EventConfig: vodfake.EventConfig{SignKey: "abc123"}, CallbackTransport: roundTrip(func(r *http.Request) (*http.Response, error) {
			got, _ = io.ReadAll(r.Body)
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})})
		defer s.Close()
		if _, err := s.Callback(context.Background(), "http://example.com/", body(1)); err != nil {
			t.Fatal(err)
		}
		var m struct {
			Sign string
			T    json.Number
		}
		if err := json.Unmarshal(got, &m); err != nil {
			t.Fatal(err)
		}
		if err := event.Verify([]string{"abc123"}, m.Sign, m.T.String(), time.Now().Add(10*time.Minute)); err != nil {
			t.Error(err)
		}
		if err := event.Verify([]string{"abc123"}, m.Sign, m.T.String(), time.Now().Add(10*time.Minute+time.Second)); !errors.Is(err, event.ErrExpired) {
			t.Error("valid for more than 10 min")
		}
	})
}

package vodfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/vodfake"
)

// Every byte of an event is kept, and the handle is its first member.
func TestQueueKeepsBytes(t *testing.T) {
	for body, want := range map[string]string{
		`{"EventType":"X","A":{"n":12345678901234567890,"f":1.0, "s":"\u00e9<&>"}}`: `{"EventHandle":"…","EventType":"X","A":{"n":12345678901234567890,"f":1.0, "s":"\u00e9<&>"}}`,
		" \n{ \"a\" : 1 } ": " \n{\"EventHandle\":\"…\", \"a\" : 1 } ",
		`{}`:                `{"EventHandle":"…"}`,
		`{ }`:               `{"EventHandle":"…" }`,
		`"no object"`:       `"no object"`,
		`[1]`:               `[1]`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{})
			defer s.Close()
			s.Queue(0, []byte(body))
			raw := post(t, s, "PullEvents", `{}`)
			_, set, _ := strings.Cut(raw, `"EventSet":[`)
			got, _, _ := strings.Cut(set, `],"RequestId"`)
			if h := handles([]json.RawMessage{json.RawMessage(got)})[0]; h != "" {
				got = strings.Replace(got, h, "…", 1)
			}
			if got != want {
				t.Errorf("%s comes out as\n%s, want\n%s", body, got, want)
			}
		})
	}
}

// rawTransport keeps what the server answered.
type rawTransport struct {
	http.RoundTripper
	body []byte
}

func (r *rawTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	p, err := r.RoundTripper.RoundTrip(q)
	if err == nil {
		r.body, err = io.ReadAll(p.Body)
		p.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	return p, err
}

func post(t *testing.T, s *vodfake.Server, action, _ string) string {
	c := newClient(t, s, rightKeys)
	raw := &rawTransport{RoundTripper: s.Transport()}
	c.sdk.WithHttpTransport(raw)
	c.send(context.Background(), action, nil)
	return string(raw.body)
}

// A poll whose client has gone leases no event.
func TestCanceledPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := c.send(ctx, "PullEvents", nil); code(err) != "network" || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		fill(s, 0, 1)
		if a := s.App(0); a.Leased != 0 || a.Waiting != 1 || a.Polls != 0 {
			t.Errorf("%+v", a)
		}
		if calls := s.Calls("PullEvents"); len(calls) != 1 || !calls[0].Lost {
			t.Errorf("%+v", calls)
		}
	})
}

func TestFastForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		start := time.Now()
		done := make(chan []json.RawMessage)
		go func() { done <- c.pull(0) }()
		synctest.Wait()
		s.FastForward(5 * time.Second)
		if e := <-done; e != nil {
			t.Errorf("the held poll has %d events", len(e))
		}
		fill(s, 0, 1)
		h := handles(c.pull(0))
		go func() { done <- c.pull(0) }()
		synctest.Wait()
		s.SetTime(s.Now().Add(30 * time.Second))
		<-done // the hold was over before the lease
		if len(c.pull(0)) != 1 {
			t.Error("not redelivered")
		}
		if got := c.confirm(0, h...); got != "InvalidParameterValue" {
			t.Errorf("an old handle: %q", got)
		}
		if time.Since(start) != 0 {
			t.Errorf("took %v of real time", time.Since(start))
		}
	})
}

// Watchers learn of the end of a lease at once, even if nobody calls the Server.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		start := time.Now()
		var got []string
		stop := s.Watch(func(ch vodfake.Change) {
			got = append(got, fmt.Sprintf("%d %s %s %d", ch.Time.Sub(start)/time.Second, ch.ID, ch.State, ch.Delivery))
		})
		fill(s, 0, 1)
		c.pull(0)
		time.Sleep(40 * time.Second)
		c.confirm(0, handles(c.pull(0))...)
		stop()
		fill(s, 0, 1)
		want := "0 1 queued 0, 0 1 pulled 1, 30 1 redelivered 1, 40 1 pulled 2, 40 1 confirmed 2"
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("changes %s\nwant    %s", g, want)
		}
	})
}

package vodfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

func body(i int) []byte {
	return fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"%d"}}`, 5285890784273533000+i)
}

func fill(s *vodfake.Server, app uint64, n int) {
	for i := range n {
		s.Queue(app, body(i))
	}
}

// The rules of VOD, each with the document that states it, or [I] where this
// package had to choose. Each runs in a bubble of its own, with a client
// in-process.
var rules = []struct {
	doc, rule string
	options   vodfake.Options
	test      func(t *testing.T, s *vodfake.Server, c client)
}{
	{doc: "266/33433", rule: "events that wait are answered at once, at most 16 a call", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 40)
		start := time.Now()
		for _, want := range []int{16, 16, 8} {
			if n := len(c.pull(7)); n != want {
				t.Errorf("a pull has %d events, want %d", n, want)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("pulls took %v", d)
		}
	}},
	{doc: "266/33433", rule: "an empty queue is held for 5 s", test: func(t *testing.T, s *vodfake.Server, c client) {
		start := time.Now()
		if c.pull(7) != nil || time.Since(start) != 5*time.Second {
			t.Errorf("an empty pull took %v", time.Since(start))
		}
	}},
	{doc: "[I]", rule: "Hold makes that shorter", options: vodfake.Options{Hold: 20 * time.Millisecond}, test: func(t *testing.T, s *vodfake.Server, c client) {
		start := time.Now()
		if _, err := c.send(context.Background(), "PullEvents", nil); code(err) != "ResourceNotFound" || time.Since(start) != 20*time.Millisecond {
			t.Errorf("an empty pull took %v: %v", time.Since(start), err)
		}
	}},
	{doc: "266/33949", rule: "and is ResourceNotFound then", test: func(t *testing.T, s *vodfake.Server, c client) {
		if _, err := c.send(context.Background(), "PullEvents", nil); code(err) != "ResourceNotFound" {
			t.Errorf("error %v", err)
		}
	}},
	{doc: "266/33433", rule: "a held poll is answered when an event comes", test: func(t *testing.T, s *vodfake.Server, c client) {
		start := time.Now()
		time.AfterFunc(3*time.Second, func() { fill(s, 7, 1) })
		if n := len(c.pull(7)); n != 1 || time.Since(start) != 3*time.Second {
			t.Errorf("%d events after %v", n, time.Since(start))
		}
	}},
	{doc: "266/33433", rule: "what is not confirmed within 30 s is pulled again", test: func(t *testing.T, s *vodfake.Server, c client) {
		s.Queue(7, body(1))
		start := time.Now()
		first := c.pull(7)
		var again []json.RawMessage
		for again == nil {
			again = c.pull(7)
		}
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("redelivered after %v", d)
		}
		if handles(first)[0] == handles(again)[0] {
			t.Error("the handle is the same")
		}
		if c.confirm(7, handles(again)...) != "" || s.Confirmed(7) != 1 || s.Pending(7) != 0 {
			t.Errorf("the redelivered event could not be confirmed: %+v", s.App(7))
		}
	}},
	{doc: "266/33433", rule: "[I] or with the same handle", options: vodfake.Options{Alternatives: vodfake.Alternatives{SameHandle: true}}, test: func(t *testing.T, s *vodfake.Server, c client) {
		s.Queue(7, body(1))
		first := handles(c.pull(7))
		time.Sleep(30 * time.Second)
		if got := c.confirm(7, first...); got != "InvalidParameterValue" {
			t.Errorf("a confirm after 30 s: %q", got)
		}
		if again := handles(c.pull(7)); again[0] != first[0] {
			t.Errorf("handle %s, then %s", first[0], again[0])
		}
		if got := c.confirm(7, first...); got != "" {
			t.Errorf("confirm: %q", got)
		}
	}},
	{doc: "266/33433", rule: "unconfirmed events are kept for 4 days", test: func(t *testing.T, s *vodfake.Server, c client) {
		id := s.Queue(7, body(1))
		time.Sleep(4*24*time.Hour - time.Nanosecond)
		if s.Pending(7) != 1 {
			t.Error("gone too early")
		}
		time.Sleep(time.Nanosecond)
		if e, _ := s.Event(id); s.Pending(7) != 0 || e.State != vodfake.Expired || s.App(7).Expired != 1 {
			t.Errorf("after 4 days: %+v, %+v", s.App(7), e)
		}
	}},
	{doc: "266/33434", rule: "an event is confirmed until its 30 s are over", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 2)
		h := handles(c.pull(7))
		time.Sleep(30*time.Second - time.Nanosecond)
		if got := c.confirm(7, h[0]); got != "" {
			t.Errorf("just before: %q", got)
		}
		time.Sleep(time.Nanosecond)
		if got := c.confirm(7, h[1]); got != "InvalidParameterValue" {
			t.Errorf("after 30 s: %q", got)
		}
		if s.Confirmed(7) != 1 || s.Pending(7) != 1 {
			t.Errorf("%+v", s.App(7))
		}
	}},
	{doc: "266/33434", rule: "at most 16 handles", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 17)
		h := append(handles(c.pull(7)), handles(c.pull(7))...)
		if got := c.confirm(7, h...); got != "InvalidParameterValue" || s.Confirmed(7) != 0 {
			t.Errorf("17 handles: %q", got)
		}
		if got := c.confirm(7); got != "InvalidParameterValue" {
			t.Errorf("no handle: %q", got)
		}
		if got := c.confirm(7, h[:16]...); got != "" || s.Confirmed(7) != 16 {
			t.Errorf("16 handles: %q", got)
		}
	}},
	{doc: "[I]", rule: "a bad handle fails its group", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 2)
		h := handles(c.pull(7))
		for _, bad := range []string{"", "no such handle"} {
			if got := c.confirm(7, h[0], bad, h[1]); got != "InvalidParameterValue" || s.Confirmed(7) != 0 {
				t.Errorf("with handle %q: %q, %d confirmed", bad, got, s.Confirmed(7))
			}
		}
		c.confirm(7, h[0], h[0])
		if got := c.confirm(7, h...); got != "InvalidParameterValue" || s.Confirmed(7) != 1 {
			t.Errorf("a handle confirmed before: %q, %d confirmed", got, s.Confirmed(7))
		}
	}},
	{doc: "[I]", rule: "or only itself", options: vodfake.Options{Alternatives: vodfake.Alternatives{ConfirmGood: true}}, test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 2)
		h := handles(c.pull(7))
		if got := c.confirm(7, h[0], "no such handle", h[1]); got != "InvalidParameterValue" || s.Confirmed(7) != 2 {
			t.Errorf("%q, %d confirmed", got, s.Confirmed(7))
		}
	}},
	{doc: "[I]", rule: "each application has its own queue", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 1)
		fill(s, 8, 2)
		seven := handles(c.pull(7))
		if got := c.confirm(8, seven...); got != "InvalidParameterValue" {
			t.Errorf("confirmed for another application: %q", got)
		}
		if n := len(c.pull(8)); len(seven) != 1 || n != 2 {
			t.Errorf("%d and %d events", len(seven), n)
		}
	}},
	{doc: "266/33433", rule: "100 calls in any second, counted for each action", test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 1)
		h := handles(c.pull(7))
		fill(s, 7, 16*110)
		time.Sleep(time.Second)
		refused := 0
		for range 110 { // one each 9 ms: 990 ms
			_, err := c.send(context.Background(), "PullEvents", members{"SubAppId": 7})
			if code(err) == "RequestLimitExceeded" {
				refused++
			}
			time.Sleep(9 * time.Millisecond)
		}
		if refused != 10 {
			t.Errorf("%d of 110 calls refused", refused)
		}
		if got := c.confirm(7, h...); got != "" {
			t.Errorf("ConfirmEvents has a limit of its own: %q", got)
		}
		if n := s.Busiest("PullEvents"); n != 110 {
			t.Errorf("busiest second: %d", n)
		}
		time.Sleep(10 * time.Millisecond) // the first is 1 s old
		if c.pull(7) == nil {
			t.Error("still refused")
		}
	}},
	{doc: "266/33433", rule: "[I] other payload members are null", options: vodfake.Options{Alternatives: vodfake.Alternatives{NullMembers: true}}, test: func(t *testing.T, s *vodfake.Server, c client) {
		s.Queue(7, body(1))
		var m map[string]json.RawMessage
		if err := json.Unmarshal(c.pull(7)[0], &m); err != nil {
			t.Fatal(err)
		}
		if want := len(event.Kinds) + 2; len(m) != want || string(m["FileDeleteEvent"]) != "null" || m["FileUploadEvent"][0] != '{' {
			t.Errorf("%d members, want %d", len(m), want)
		}
	}},
	{doc: "266/33433", rule: "accounts since 2023-12-25 must send SubAppId", options: vodfake.Options{Alternatives: vodfake.Alternatives{RequireSubAppId: true}, SubAppIds: []uint64{7}}, test: func(t *testing.T, s *vodfake.Server, c client) {
		fill(s, 7, 1)
		for _, p := range []members{nil, {"SubAppId": 8}} {
			if _, err := c.send(context.Background(), "PullEvents", p); code(err) != "InvalidParameterValue.SubAppId" {
				t.Errorf("%v: %v", p, err)
			}
		}
		if len(c.pull(7)) != 1 {
			t.Error("7 is an application")
		}
	}},
	{doc: "266/31756", rule: "unknown actions, parameters and versions are errors", test: func(t *testing.T, s *vodfake.Server, c client) {
		for _, x := range []struct {
			action string
			p      members
			want   string
		}{
			{"DescribeNothing", nil, "InvalidAction"},
			{"PullEvents", members{"Size": 3}, "UnknownParameter"},
			{"PullEvents", members{"SubAppId": "seven"}, "InvalidParameter"},
		} {
			if _, err := c.send(context.Background(), x.action, x.p); code(err) != x.want {
				t.Errorf("%s %v: %v, want %s", x.action, x.p, err, x.want)
			}
		}
	}},
}

func TestRules(t *testing.T) {
	for _, r := range rules {
		t.Run(r.doc+" "+r.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := vodfake.New(r.options)
				defer s.Close()
				r.test(t, s, newClient(t, s, rightKeys))
			})
		})
	}
}

// Alternatives can be changed while a Server runs, and apply from the next call.
func TestSetAlternatives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		want := vodfake.Alternatives{SameHandle: true, ConfirmGood: true, NullMembers: true, RequireSubAppId: true}
		s.SetAlternatives(want)
		if got := s.Alternatives(); got != want {
			t.Errorf("%+v", got)
		}
		if _, err := c.send(t.Context(), "PullEvents", nil); code(err) != "InvalidParameterValue.SubAppId" {
			t.Errorf("RequireSubAppId: %v", err)
		}
		s.Queue(7, body(1))
		s.Queue(7, body(2))
		pulled := c.pull(7)
		if !bytes.Contains(pulled[0], []byte(`"FileDeleteEvent":null`)) {
			t.Errorf("NullMembers: %s", pulled[0])
		}
		first := handles(pulled)
		if got := c.confirm(7, first[0], "no such handle"); got != "InvalidParameterValue" || s.Confirmed(7) != 1 {
			t.Errorf("ConfirmGood: %q, %d confirmed", got, s.Confirmed(7))
		}
		time.Sleep(vodfake.Lease)
		if again := handles(c.pull(7)); again[0] != first[1] {
			t.Errorf("SameHandle: %s, then %s", first[1], again[0])
		}
		s.SetAlternatives(vodfake.Alternatives{})
		time.Sleep(vodfake.Lease)
		if again := handles(c.pull(7)); again[0] == first[1] {
			t.Error("the handle is still the same")
		}
	})
}

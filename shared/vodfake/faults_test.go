package vodfake_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/vodfake"
)

func TestSetFaults(t *testing.T) {
	run := func(seed uint64) (codes []string) {
		synctest.Test(t, func(t *testing.T) {
			s := vodfake.New(vodfake.Options{Seed: seed, Rate: -1})
			defer s.Close()
			c := newClient(t, s, rightKeys)
			err := s.SetFaults(
				vodfake.Chance{Action: "PullEvents", Probability: 0.3, Fault: vodfake.Fault{Kind: vodfake.Limit}},
				vodfake.Chance{Probability: 0.3, Fault: vodfake.Fault{Kind: vodfake.Fail, Code: "InternalError"}},
				vodfake.Chance{Action: "ConfirmEvents", Probability: 1, Fault: vodfake.Fault{Kind: vodfake.Drop}},
			)
			if err != nil {
				t.Fatal(err)
			}
			fill(s, 0, 16*200)
			for range 200 {
				_, err := c.send(context.Background(), "PullEvents", nil)
				codes = append(codes, code(err))
			}
			codes = append(codes, c.confirm(0, "x"))
		})
		return codes
	}
	codes := run(1)
	count := map[string]int{}
	for _, c := range codes[:200] {
		count[c]++
	}
	if l, i := count["RequestLimitExceeded"], count["InternalError"]; l < 40 || l > 80 || i < 25 || i > 60 || count[""] != 200-l-i {
		t.Errorf("%v", count)
	}
	if last := codes[200]; last != "network" && last != "InternalError" {
		t.Errorf("ConfirmEvents: %q", last)
	}
	if !cmp.Equal(codes, run(1)) {
		t.Error("the same seed gives other faults")
	}
}

func TestFaultsAsJSON(t *testing.T) {
	t.Parallel()
	const text = `[{"action":"PullEvents","probability":0.1,"kind":"delay","delayMs":250},{"probability":1,"kind":"status","status":503,"body":"no"}]`
	var faults []vodfake.Chance
	if err := json.Unmarshal([]byte(text), &faults); err != nil {
		t.Fatal(err)
	}
	s := vodfake.New(vodfake.Options{})
	defer s.Close()
	if err := s.SetFaults(faults...); err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(s.Faults()); string(b) != text {
		t.Errorf("%s\nwant %s", b, text)
	}
	for _, bad := range []string{
		`{"kind":"explode","probability":1}`,
		`{"kind":"delay","probability":1.5}`,
		`{"kind":"delay","probability":-1}`,
		`{"kind":"delay","probability":1,"delayMs":-5}`,
		`{"kind":"delay","probability":1,"action":"Explode"}`,
		`{"kind":"status","probability":1,"status":99}`,
	} {
		var f vodfake.Chance
		if err := json.Unmarshal([]byte(bad), &f); err != nil {
			t.Fatal(err)
		}
		if s.SetFaults(f) == nil {
			t.Errorf("%s is no error", bad)
		}
	}
	if len(s.Faults()) != 2 {
		t.Error("a refused change had an effect")
	}
}

func TestQueueFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)

		fill(s, 1, 1)
		s.Next("PullEvents", vodfake.Fault{Kind: vodfake.Duplicate})
		first, second := c.pull(1), c.pull(1)
		if len(first) != 1 || len(second) != 1 || s.Dump().Events[1].CopyOf != "1" {
			t.Errorf("%d and %d events", len(first), len(second))
		}
		if got := c.confirm(1, append(handles(first), handles(second)...)...); got != "" {
			t.Errorf("confirming both: %q", got)
		}

		fill(s, 2, 20)
		s.Next("PullEvents", vodfake.Fault{Kind: vodfake.Reorder})
		if set := c.pull(2); !strings.Contains(string(set[0]), "533019") || !strings.Contains(string(set[15]), "533004") {
			t.Errorf("from %s to %s", set[0], set[15])
		}

		fill(s, 3, 2)
		h := handles(c.pull(3))
		s.Next("ConfirmEvents", vodfake.Fault{Kind: vodfake.Stale})
		if got := c.confirm(3, h...); got != "InvalidParameterValue" || s.App(3).Waiting != 1 || s.App(3).Leased != 1 {
			t.Errorf("a stale handle: %q, %+v", got, s.App(3))
		}

		fill(s, 4, 1)
		h = handles(c.pull(4))
		s.Next("ConfirmEvents", vodfake.Fault{Kind: vodfake.Lost})
		if got := c.confirm(4, h...); got != "network" || s.Confirmed(4) != 1 {
			t.Errorf("a lost answer: %q", got)
		}
		if got := c.confirm(4, h...); got != "InvalidParameterValue" {
			t.Errorf("confirmed again: %q", got)
		}
	})
}

func TestCallbackFaults(t *testing.T) {
	for _, x := range []struct {
		fault    vodfake.Fault
		sends    int // by the Server's account
		arrivals int
		took     time.Duration
		state    vodfake.State
	}{
		{vodfake.Fault{Kind: vodfake.Delay, DelayMs: 2500}, 1, 1, 2500 * time.Millisecond, vodfake.Answered},
		{vodfake.Fault{Kind: vodfake.Duplicate}, 2, 2, 0, vodfake.Answered},
		{vodfake.Fault{Kind: vodfake.Drop}, 1, 0, 0, vodfake.Failed},
		{vodfake.Fault{Kind: vodfake.Lost}, 3, 3, 15 * time.Second, vodfake.Failed},
		{vodfake.Fault{Kind: vodfake.SignatureExpired}, 1, 1, 0, vodfake.Answered},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := receiver{make(chan []byte, 10)}
			s := vodfake.New(vodfake.Options{CallbackTransport: r, EventConfig: vodfake.EventConfig{SignKey: "k"}})
			defer s.Close()
			s.Next("Callback", x.fault)
			start := time.Now()
			e, _ := s.Callback(context.Background(), "http://example.com/", body(1))
			if len(e.Deliveries) != x.sends || len(r.bodies) != x.arrivals || time.Since(start) != x.took || e.State != x.state {
				t.Errorf("%s: %d sends, %d arrived, took %v, %s", x.fault.Kind, len(e.Deliveries), len(r.bodies), time.Since(start), e.State)
			}
			if x.fault.Kind == vodfake.SignatureExpired {
				var m struct{ T int64 }
				if json.Unmarshal(<-r.bodies, &m); m.T >= time.Now().Unix() {
					t.Errorf("T is %d", m.T)
				}
			}
		})
	}
}

// Close ends everything that still waits: a held poll, a hanging call, a callback.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{
			EventConfig:       vodfake.EventConfig{NotificationUrl: "http://example.com/", UploadMediaCompleteEventSwitch: "ON"},
			CallbackTransport: answers(time.Hour, time.Hour, time.Hour),
		})
		c := newClient(t, s, rightKeys)
		s.Next("ConfirmEvents", vodfake.Fault{Kind: vodfake.Hang})
		start := time.Now()
		done := make(chan string, 2)
		go func() { done <- c.confirm(0, "x") }()
		go func() {
			_, err := c.send(context.Background(), "PullEvents", nil)
			done <- code(err)
		}()
		id := s.Notify(0, body(1))
		synctest.Wait()
		s.Close()
		got := []string{<-done, <-done}
		if e, _ := s.Event(id); e.State != vodfake.Failed || time.Since(start) != 0 {
			t.Errorf("%q, %+v after %v", got, e, time.Since(start))
		}
	})
}

func TestControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := vodfake.New(vodfake.Options{})
		defer s.Close()
		c := newClient(t, s, rightKeys)
		fill(s, 0, 100)
		stop := s.Control("PullEvents", func(call *vodfake.Call) *vodfake.Fault {
			if call.N%2 == 0 {
				return &vodfake.Fault{Kind: vodfake.Fail, Code: "InternalError.N" + strconv.Itoa(call.N)}
			}
			return nil
		})
		for _, want := range []string{"", "InternalError.N2", "", "InternalError.N4"} {
			if _, err := c.send(context.Background(), "PullEvents", nil); code(err) != want {
				t.Errorf("%v, want %q", err, want)
			}
		}
		stop()
		for _, f := range []struct {
			fault  vodfake.Fault
			want   string
			took   time.Duration
			leased int // events that the call leased
		}{
			{vodfake.Fault{Kind: vodfake.Delay, DelayMs: 1500}, "", 1500 * time.Millisecond, 16},
			{vodfake.Fault{Kind: vodfake.Status}, "network", 0, 0},
			{vodfake.Fault{Kind: vodfake.Fail}, "InternalError", 0, 0},
			{vodfake.Fault{Kind: vodfake.Limit}, "RequestLimitExceeded", 0, 0},
			{vodfake.Fault{Kind: vodfake.SignatureExpired}, "AuthFailure.SignatureExpire", 0, 0},
			{vodfake.Fault{Kind: vodfake.Hang}, "network", 10 * time.Second, 0},
			{vodfake.Fault{Kind: vodfake.Drop}, "network", 0, 0},
			{vodfake.Fault{Kind: vodfake.Lost}, "network", 0, 16},
			{vodfake.Fault{Kind: vodfake.Cut}, "network", 0, 16},
			{vodfake.Fault{Kind: vodfake.Answer, Body: `{"Response":{"RequestId":"mine"}}`}, "", 0, 0},
		} {
			before, start := s.App(0).Leased, time.Now()
			s.Next("PullEvents", f.fault)
			_, err := c.send(context.Background(), "PullEvents", nil)
			if code(err) != f.want || time.Since(start) != f.took || s.App(0).Leased-before != f.leased {
				t.Errorf("%s: %v, want %q; took %v; %d leased", f.fault.Kind, err, f.want, time.Since(start), s.App(0).Leased-before)
			}
		}
		time.Sleep(10 * time.Second) // the SDK does not close a body that was cut: its client waits for its timeout
	})
}

package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// The user's handler decides. An event on which it fails comes back, and is
// parked at the last attempt. One that it refuses for good is parked at once. The
// others are delivered.
func TestHandlerAndParking(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	f := start(t, pullHandlerBin, append(vodEnv(s), "DEAD_LETTER=file:"+dead, "MAX_ATTEMPTS=3")...)
	for i, name := range []string{"fails", "good", "never", "panics", "good"} {
		s.Queue(0, uploadNamed(i, name))
	}
	s.Queue(0, []byte(`{"no":"event"}`))
	for attempt := 1; attempt <= 3; attempt++ {
		r := f.drain(20 * time.Second)
		want := map[int][3]float64{1: {2, 2, 2}, 2: {0, 0, 2}, 3: {0, 2, 0}}[attempt] // delivered, parked, left
		if r["delivered"] != want[0] || r["parked"] != want[1] || r["left"] != want[2] {
			t.Errorf("attempt %d: %v", attempt, r)
		}
		s.FastForward(vodfake.Lease)
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d pending", s.Pending(0))
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		c := readCloudEvent(t, line)
		got[c.Subject] = fmt.Sprint(c.ParkReason, " ", c.ParkAttempts)
	}
	want := map[string]string{"0": "attempts 3", "2": "permanent 1", "3": "attempts 3", "": "unparsed 1"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
}

// Without DEAD_LETTER an event that fails stays in VOD's queue, and one that is
// refused for good is parked in the log.
func TestParkingWithoutDeadLetter(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	f := start(t, pullHandlerBin, append(vodEnv(s), "MAX_ATTEMPTS=1")...)
	s.Queue(0, uploadNamed(1, "fails"))
	s.Queue(0, uploadNamed(2, "never"))
	if r := f.drain(20 * time.Second); r["left"] != 1.0 || r["parked"] != 1.0 {
		t.Errorf("got %v", r)
	}
	whole := 0
	for _, line := range f.log.take() {
		var l struct {
			Level string
			parklog.Part
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("log line is no JSON: %s", line)
		}
		if e, err := event.ParseCloudEvent([]byte(l.Text)); err == nil && l.Level == "ERROR" && l.Of == 1 && e.ID == l.ID && e.Subject == "2" {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("the event is %d times whole in the log", whole)
	}
}

// A callback on which the handler fails is tried until the invocation's time is
// nearly over, and then parked.
func TestCallbackThatFails(t *testing.T) {
	t.Parallel()
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	f := start(t, callbackHandlerBin, "DEAD_LETTER=file:"+dead)
	began := time.Now()
	raw, err := f.Invoke(t.Context(), local.PostEvent(uploadNamed(1, "fails")), 5*time.Second, nil)
	if err != nil || !bytes.Contains(raw, []byte(`"statusCode":503`)) {
		t.Errorf("got %s, %v", raw, err)
	}
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("gave up after %v of 5 s", took)
	}
	text, err := os.ReadFile(dead)
	if err != nil || !bytes.Contains(text, []byte(`"parkreason":"deadline"`)) {
		t.Errorf("dead letter %s, %v", text, err)
	}
}

package functions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
	"vodevents/shared/scf/local"
	"vodevents/shared/vodfake"
)

// parkedIn returns the events that were parked in a log.
func parkedIn(t *testing.T, lines []string) (events []*event.Event) {
	t.Helper()
	texts := map[string]string{}
	for _, line := range lines {
		var p struct {
			Msg string
			parklog.Part
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("log line is no JSON: %s", line)
		}
		if p.Msg != parklog.Message {
			continue
		}
		if len(line) > parklog.MaxLine {
			t.Errorf("a line has %d bytes", len(line))
		}
		texts[p.Parking] += p.Text
		if p.Part.Part < p.Of {
			continue
		}
		e, err := event.ParseCloudEvent([]byte(texts[p.Parking]))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// A receiver answers 500 to ten events of 160. The others come through in the
// first invocation. The ten are parked at their last attempt, although a different
// instance makes each attempt.
func TestBadEventsOverManyInstances(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	s := runVOD(t)
	var mu sync.Mutex
	got := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte(`"bad"`)) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		mu.Lock()
		got[string(body)]++
		mu.Unlock()
	}))
	t.Cleanup(server.Close)
	for i := range 160 {
		name := "good"
		if i%16 == 7 {
			name = "bad"
		}
		s.Queue(0, uploadNamed(i, name))
	}
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	env := append(vodEnv(s), "SINK="+server.URL, "DEDUP="+db, "DEAD_LETTER=file:"+dead, "MAX_ATTEMPTS=2")
	if r := start(t, pullBin, env...).drain(40 * time.Second); r["delivered"] != 150.0 || r["confirmed"] != 150.0 || r["left"] != 10.0 || r["parked"] != 0.0 {
		t.Errorf("the first invocation: %v", r)
	}
	s.FastForward(vodfake.Lease)
	if r := start(t, pullBin, env...).drain(40 * time.Second); r["parked"] != 10.0 || r["confirmed"] != 10.0 {
		t.Errorf("the second invocation: %v", r)
	}
	if n := s.Pending(0); n != 0 || len(got) != 150 {
		t.Errorf("%d events are left, the receiver took %d", n, len(got))
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	letters := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range letters {
		if c := readCloudEvent(t, line); c.ParkReason != "attempts" || c.ParkAttempts != 2 {
			t.Errorf("dead letter %s", line)
		}
	}
	if len(letters) != 10 {
		t.Errorf("%d dead letters", len(letters))
	}
}

// An instance is killed while it delivers a callback, and leaves its claim.
// VOD's next send waits for the claim to run out and delivers the event.
func TestCallbackOutlivesAKilledInstance(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	began := make(chan struct{}, 100)
	var mu sync.Mutex
	hang, took := true, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		mu.Lock()
		hangs := hang
		if !hangs {
			took++
		}
		mu.Unlock()
		if hangs {
			began <- struct{}{}
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	env := []string{"SINK=" + server.URL, "DEDUP=" + db}
	body := uploadNamed(1, "a")
	killed := start(t, callbackBin, env...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = killed.Invoke(t.Context(), local.PostEvent(body), 15*time.Second, nil) // nobody hears the answer
	}()
	<-began
	killed.Kill()
	<-ended
	mu.Lock()
	hang = false
	mu.Unlock()
	if status, answer := start(t, callbackBin, env...).post(body); status != 200 || took != 1 {
		t.Errorf("sent again: %d %s, the receiver took it %d times", status, answer, took)
	}
	if status, _ := start(t, callbackBin, env...).post(body); status != 200 || took != 1 {
		t.Errorf("and again: %d, the receiver took it %d times", status, took)
	}
}

// If an event is to be parked in the log and the disk is full, it stays in VOD's
// queue.
func TestParkedInAFullLogStaysInTheQueue(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { full.Close() })
	s := runVOD(t)
	s.Queue(0, uploadNamed(1, "never"))
	fn, err := local.Start(t.Context(), pullHandlerBin, append(vodEnv(s), "SINK=file:"+filepath.Join(t.TempDir(), "out"), "PATH="+os.Getenv("PATH")),
		local.WithStdout(full), local.WithStderr(full), local.WithGrace(grace))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fn.Kill() })
	f := &function{Function: fn, t: t}
	if r := f.drain(12 * time.Second); r["parked"] != 0.0 || r["confirmed"] != 0.0 || r["left"] != 1.0 {
		t.Errorf("pull says %v", r)
	}
	if n := s.Pending(0); n != 1 {
		t.Errorf("%d events are in the queue", n)
	}
}

// If a variable has a bad value, a callback is verified and parked in the log,
// because VOD does not send it again.
func TestBadConfigurationKeepsTheCallback(t *testing.T) {
	t.Parallel()
	body := []byte(fmt.Sprintf(`{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","Name":"%s"}}`, strings.Repeat("飲茶", 4000)))
	for _, env := range []string{"SINK=ftp://files.test/x", "DEAD_LETTER=undefined", "DEDUP=redis://h"} {
		f := start(t, callbackBin, env, "CALLBACK_SIGN_KEY=key1")
		if status, answer := f.post(event.Sign(body, "key1", time.Now().Add(time.Minute))); status != 500 {
			t.Errorf("%s: %d %s", env, status, answer)
		}
		if status, _ := f.post(event.Sign(body, "key2", time.Now().Add(time.Minute))); status != 401 {
			t.Errorf("%s: a forged callback: %d", env, status)
		}
		parked := parkedIn(t, f.log.take())
		if len(parked) != 1 || string(parked[0].AppendData(nil)) != string(body) || parked[0].Parking == nil || parked[0].Parking.Reason != "configuration" {
			t.Errorf("%s: parked %+v", env, parked)
		}
	}
}

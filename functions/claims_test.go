package functions_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/sink/servertest"
	"vodevents/shared/vodfake"
)

// One event comes both ways at once, as can happen while an application changes
// its mode. The functions share a store. The callback waits until the delivery of
// pull has ended, and answers accordingly.
func TestCallbackMeetsClaimOfPull(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	tests := []struct {
		name     string
		status   int           // what the sink says to the pulled event
		callback time.Duration // timeout
		answer   int           // of the callback
		normal   int           // how often the sink had the event from the callback
		pull     map[string]float64
		again    map[string]float64 // after the lease
	}{
		{"done", 200, 15 * time.Second, 200, 0, map[string]float64{"delivered": 1, "confirmed": 1}, map[string]float64{"pulled": 0}},
		{"parked", 400, 15 * time.Second, 200, 1, map[string]float64{"parked": 1, "confirmed": 1}, map[string]float64{"pulled": 0}},
		{"released", 503, 15 * time.Second, 200, 1, map[string]float64{"left": 1, "confirmed": 0}, map[string]float64{"duplicates": 1, "confirmed": 1}},
		{"late", 200, 8 * time.Second, 503, 0, map[string]float64{"delivered": 1, "confirmed": 1}, map[string]float64{"pulled": 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := holdPulled(t, tt.status)
			s := runVOD(t)
			env := append(vodEnv(s), "SINK="+sink.URL, "DEDUP="+db+"&dedup_table="+tt.name)
			pull, callback := start(t, pullBin, env...), start(t, callbackBin, env...)
			// A slow machine must not need the time of the claim to connect.
			if status, answer := callback.post(uploadNamed(2, "first of "+tt.name)); status != 200 {
				t.Fatalf("the first callback: %d %s", status, answer)
			}
			<-sink.normal
			body := uploadNamed(1, tt.name)
			s.Queue(0, body)

			pulled := make(chan map[string]any, 1)
			go func() { pulled <- pull.drain(40 * time.Second) }() // so that its tries outlast the callback
			select {
			case <-sink.began:
			case r := <-pulled:
				t.Fatalf("nothing reached the sink: %v", r)
			}
			answered := make(chan int, 1)
			go func() {
				status, _ := callback.postWithin(body, tt.callback)
				answered <- status
			}()
			if got := sink.answerWhileHeld(t, answered, tt.answer == 503); got != tt.answer {
				t.Errorf("callback answered %d, want %d", got, tt.answer)
			}
			pullSays(t, <-pulled, tt.pull)
			s.FastForward(vodfake.Lease)
			pullSays(t, pull.drain(12*time.Second), tt.again)
			if status, _ := callback.post(body); status != 200 {
				t.Errorf("sent again: %d", status)
			}
			if n := len(sink.normal); n != tt.normal {
				t.Errorf("the sink had the event %d times from the callback, want %d", n, tt.normal)
			}
		})
	}
}

// holding is a sink that takes callbacks at once and holds a pulled event until it is
// released.
type holding struct {
	*httptest.Server
	normal, began, release chan struct{}
}

// holdPulled starts a sink that answers status to the pulled event.
func holdPulled(t *testing.T, status int) *holding {
	h := &holding{normal: make(chan struct{}, 100), began: make(chan struct{}, 100), release: make(chan struct{})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); bytes.Contains(b, []byte(`"vodmode":"normal"`)) {
			h.normal <- struct{}{}
			return
		}
		h.began <- struct{}{}
		<-h.release
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

// answerWhileHeld returns the answer of the callback. One that is late is answered while
// the pulled event is held; any other waits until it is released.
func (h *holding) answerWhileHeld(t *testing.T, answered <-chan int, late bool) int {
	t.Helper()
	release := sync.OnceFunc(func() { close(h.release) })
	defer release()
	if late {
		return <-answered
	}
	select {
	case <-h.normal:
		t.Error("the callback did not wait")
	case got := <-answered:
		t.Errorf("the callback did not wait: %d", got)
		return got
	case <-time.After(600 * time.Millisecond): // it may not answer, however long
	}
	release()
	return <-answered
}

// pullSays checks figures of a run of pull.
func pullSays(t *testing.T, r map[string]any, want map[string]float64) {
	t.Helper()
	for k, v := range want {
		if r[k] != v {
			t.Errorf("pull says %v, want %v", r, want)
			return
		}
	}
}

// With a shared store every instance knows an event's attempts and its fate. The
// event is parked at the last attempt, confirmed when it comes back, delivered by
// a callback, and a duplicate from then on.
func TestStoreOfManyInstances(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	s := runVOD(t)
	dead := filepath.Join(t.TempDir(), "dead.jsonl")
	env := append(vodEnv(s), "DEDUP="+db, "DEAD_LETTER=file:"+dead, "MAX_ATTEMPTS=3")
	body := uploadNamed(1, "fails")
	s.Queue(0, body)
	for attempt := 1; attempt <= 3; attempt++ {
		r := start(t, pullHandlerBin, env...).drain(12 * time.Second)
		want := [2]float64{0, 1} // parked, left
		if attempt == 3 {
			want = [2]float64{1, 0}
		}
		if r["parked"] != want[0] || r["left"] != want[1] {
			t.Errorf("attempt %d: %v", attempt, r)
		}
		s.FastForward(vodfake.Lease)
	}
	text, err := os.ReadFile(dead)
	if err != nil {
		t.Fatal(err)
	}
	if c := readCloudEvent(t, strings.TrimSpace(string(text))); c.ParkReason != "attempts" || c.ParkAttempts != 3 {
		t.Errorf("dead letter %s", text)
	}
	s.Queue(0, body)
	pull := start(t, pullBin, env...)
	if r := pull.drain(12 * time.Second); r["parked"] != 1.0 || r["confirmed"] != 1.0 || pull.out.take() != nil {
		t.Errorf("a parked event that is pulled: %v", r)
	}
	callback := start(t, callbackBin, env...)
	if status, _ := callback.post(body); status != 200 || len(callback.out.take()) != 1 {
		t.Errorf("a parked event in a callback: %d", status)
	}
	s.Queue(0, body)
	if r := pull.drain(12 * time.Second); r["duplicates"] != 1.0 || r["confirmed"] != 1.0 || pull.out.take() != nil {
		t.Errorf("an event that is done: %v", r)
	}
}

// A store that hangs blocks no delivery, whether or not the instance was
// connected to it before.
func TestHungStoreBlocksNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.RunT(t)
	s := runVOD(t)
	env := append(vodEnv(s), "DEDUP="+db.URL)
	warm, pull := start(t, callbackBin, env...), start(t, pullBin, env...)
	if status, _ := warm.post(uploadNamed(1, "a")); status != 200 {
		t.Errorf("before: %d", status)
	}
	if err := db.Hang(); err != nil {
		t.Fatal(err)
	}
	s.Queue(0, uploadNamed(2, "a"))
	if r := pull.drain(12 * time.Second); r["delivered"] != 1.0 || r["confirmed"] != 1.0 {
		t.Errorf("pull says %v", r)
	}
	for name, f := range map[string]*function{"warm": warm, "cold": start(t, callbackBin, env...)} {
		f.out.take()
		if status, _ := f.post(uploadNamed(3, "a")); status != 200 || len(f.out.take()) != 1 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if err := db.Release(); err != nil {
		t.Fatal(err)
	}
	if status, _ := warm.post(uploadNamed(4, "a")); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

// After a failover an instance's old connections are silent and new ones work. A
// callback is delivered nevertheless.
func TestSilentConnectionParksNoCallback(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, db *database) {
		s := runVOD(t)
		g := servertest.NewGateway(t, db.url)
		f := start(t, callbackBin, append(vodEnv(s), "DEDUP="+g.URL, "SINK="+g.URL)...)
		for id := range 3 {
			start := time.Now()
			if status, answer := f.post(uploadNamed(id, "a")); status != 200 {
				t.Errorf("event %d: %d %s", id, status, answer)
			}
			t.Logf("event %d was taken after %v; VOD waits 5 s", id, time.Since(start).Round(time.Millisecond))
			g.Forget()
		}
		if lines := f.out.take(); len(lines) != 0 {
			t.Errorf("events are in the log: %s", lines)
		}
		if n := db.counts(t, `SELECT count(*) FROM vod_events`, 1)[0]; n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

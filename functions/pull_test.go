package functions_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

func TestPull(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{Alternatives: vodfake.Alternatives{NullMembers: true}})
	f := start(t, pullBin, vodEnv(s)...)
	bodies := make(map[string][]byte)
	for i, kind := range event.Kinds {
		body, err := vodfake.Make(uint64(i), time.Now(), kind.Type, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Queue(0, body)
		bodies["com.tencent.cloud.vod."+kind.Type] = body
	}
	r := f.drain(30 * time.Second)
	if all := float64(len(bodies)); r["delivered"] != all || r["confirmed"] != all || r["left"] != 0.0 || r["stopped"] != "empty" {
		t.Errorf("got %v", r)
	}
	lines := f.out.take()
	if len(lines) != len(bodies) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		c := readCloudEvent(t, line)
		// The members that are null are gone; the rest is as it was queued.
		if !bytes.Equal(c.Data, bodies[c.Type]) || c.VodMode != "reliable" {
			t.Errorf("came out as %s\nwant data %s", line, bodies[c.Type])
		}
	}
	if s.Pending(0) != 0 {
		t.Errorf("%d pending", s.Pending(0))
	}
}

// Each variable has its effect.
func TestPullVariables(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{Alternatives: vodfake.Alternatives{RequireSubAppId: true}, SubAppIds: []uint64{7, 8}})
	var regions sync.Map
	s.Control("", func(c *vodfake.Call) *vodfake.Fault {
		regions.Store(c.Header.Get("X-TC-Region"), true)
		return nil
	})
	f := start(t, pullBin, append(vodEnv(s), "VOD_SUB_APP_IDS=7,8", "VOD_REGION=ap-guangzhou", "PULL_UNTIL=deadline", "LOG_LEVEL=debug")...)
	s.Queue(7, uploadNamed(1, "a"))
	s.Queue(8, uploadNamed(2, "a"))
	s.Queue(8, uploadNamed(3, "a"))
	r := f.drain(12 * time.Second)
	apps, _ := r["apps"].([]any)
	if r["stopped"] != "deadline" || r["confirmed"] != 3.0 || len(apps) != 2 {
		t.Fatalf("got %v", r)
	}
	for i, want := range []map[string]float64{{"SubAppId": 7, "confirmed": 1}, {"SubAppId": 8, "confirmed": 2}} {
		for k, v := range want {
			if app := apps[i].(map[string]any); app[k] != v {
				t.Errorf("application %d: %v, want %v", i, app, want)
			}
		}
	}
	for _, line := range f.out.take() {
		c := readCloudEvent(t, line)
		if want := map[bool]string{true: "/tencentcloud/vod/7", false: "/tencentcloud/vod/8"}[c.Subject == "1"]; c.Source != want {
			t.Errorf("event %s has the source %s", c.Subject, c.Source)
		}
	}
	regions.Range(func(region, _ any) bool {
		if region != "ap-guangzhou" {
			t.Errorf("a call was for the region %q", region)
		}
		return true
	})
	if log := strings.Join(f.log.take(), "\n"); !strings.Contains(log, `"DEBUG"`) {
		t.Errorf("nothing at level debug: %s", log)
	}
}

// Each sink gets the kinds that its types= names. What nobody wants is counted
// and confirmed, or answered 200.
func TestKindsGoWhereTheyAreWanted(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	dir := t.TempDir()
	uploads, others := filepath.Join(dir, "uploads"), filepath.Join(dir, "others")
	sink := "SINK=file:" + uploads + "?types=NewFileUpload file:" + others + "?types=!NewFileUpload,FileDeleted"
	deletion := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["3"]}}`)
	s.Queue(0, uploadNamed(1, "a"))
	s.Queue(0, []byte(`{"EventType":"BrandNewEvent","Any":{"FileId":"2"}}`))
	s.Queue(0, deletion)
	r := start(t, pullBin, append(vodEnv(s), sink)...).drain(20 * time.Second)
	if r["pulled"] != 3.0 || r["delivered"] != 2.0 || r["unwanted"] != 1.0 || r["confirmed"] != 3.0 || r["left"] != 0.0 {
		t.Errorf("got %v", r)
	}
	f := start(t, callbackBin, sink)
	if status, answer := f.post(deletion); status != 200 {
		t.Errorf("callback answers %d %s", status, answer)
	}
	for file, subject := range map[string]string{uploads: "1", others: "2"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if c := readCloudEvent(t, string(bytes.TrimSpace(text))); c.Subject != subject {
			t.Errorf("%s has %s", file, text)
		}
	}
}

func TestPullWarnsOfShortTimeout(t *testing.T) {
	t.Parallel()
	f := start(t, pullBin, append(vodEnv(runVOD(t)), "PULL_RATE=0")...)
	warnings := 0
	for _, timeout := range []time.Duration{12, 900, 11, 11} {
		f.drain(timeout * time.Second)
		log := strings.Join(f.log.take(), "\n")
		warnings += strings.Count(log, "give the function a timeout of 12 s")
		if timeout != 11 && warnings > 0 {
			t.Errorf("%d s: %s", timeout, log)
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings", warnings)
	}
}

func TestPullWithSCFKeys(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{Credentials: []vodfake.Credential{{SecretId: "AKIDtemp", SecretKey: "k", Token: "tok"}}})
	s.Queue(0, uploadNamed(1, "a"))
	// The platform gives new keys with each invocation.
	f := start(t, pullBin, "VOD_ENDPOINT="+s.URL)
	if _, err := f.Invoke(t.Context(), []byte(`{}`), 15*time.Second, nil); err == nil || !strings.Contains(err.Error(), "role") {
		t.Errorf("without keys: %v", err)
	}
	raw, err := f.Invoke(t.Context(), []byte(`{}`), 15*time.Second, map[string]string{
		"TENCENTCLOUD_SECRETID": "AKIDtemp", "TENCENTCLOUD_SECRETKEY": "k", "TENCENTCLOUD_SESSIONTOKEN": "tok",
	})
	if err != nil || !bytes.Contains(raw, []byte(`"confirmed":1`)) {
		t.Errorf("got %s, %v", raw, err)
	}
}

// Processes that are killed in the middle of their batches, one after the other,
// lose nothing.
func TestPullKilled(t *testing.T) {
	t.Parallel()
	const total = 2000
	s := runVOD(t)
	for i := range total {
		s.Queue(0, uploadNamed(i, "a"))
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	env := append(vodEnv(s), "SINK=file:"+path)
	kills := 0
	for s.Pending(0) > 0 && t.Context().Err() == nil {
		f := start(t, pullBin, env...)
		ctx, cancel := context.WithCancel(t.Context())
		if kills < 8 {
			before := s.Confirmed(0)
			done := make(chan struct{})
			var once sync.Once
			stop := s.Watch(func(c vodfake.Change) {
				// In the middle: some are confirmed, more are pulled.
				if c.State == vodfake.Confirmed && c.Delivery > 0 && len(c.Handle) > 0 {
					if kills == 0 || rand.IntN(40) == 0 {
						once.Do(func() { close(done) })
					}
				}
			})
			go func() {
				select {
				case <-done:
					f.Kill()
				case <-ctx.Done():
				}
			}()
			_, err := f.Invoke(ctx, []byte(`{}`), 30*time.Second, nil)
			stop()
			kills++
			t.Logf("kill %d: %v after %d confirms", kills, err, s.Confirmed(0)-before)
		} else if _, err := f.Invoke(ctx, []byte(`{}`), 30*time.Second, nil); err != nil {
			t.Error(err)
		}
		cancel()
		f.Kill()
		s.FastForward(vodfake.Lease) // what was leased to the dead comes back
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	have := make(map[string]int)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if e, err := event.ParseCloudEvent([]byte(line)); err == nil {
			have[e.Subject]++
		}
	}
	if len(have) != total {
		t.Errorf("%d of %d events are in the file", len(have), total)
	}
}

// On a host pull is a loop that goes on when the queue is empty. On SIGTERM it
// confirms what it has and exits with status 0.
func TestPullLoop(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	var fill, begin sync.Once
	s.Control("PullEvents", func(c *vodfake.Call) *vodfake.Fault {
		if c.N == 2 { // the first poll found nothing
			fill.Do(func() {
				for i := range 500 {
					s.Queue(0, uploadNamed(i, "a"))
				}
			})
		}
		return nil
	})
	half := make(chan struct{})
	s.Watch(func(c vodfake.Change) {
		if c.State == vodfake.Confirmed {
			begin.Do(func() { close(half) })
		}
	})
	cmd := exec.Command(pullBin)
	out, logged := newOutput(t), newOutput(t)
	cmd.Stdout, cmd.Stderr = out.File, logged.File
	cmd.Env = vodEnv(s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-half:
	case err := <-ended:
		t.Fatalf("the loop has ended: %v\n%s", err, strings.Join(logged.take(), "\n"))
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("exit: %v\n%s", err, strings.Join(logged.take(), "\n"))
	}
	d := s.App(0)
	if n := len(out.take()); n != d.Confirmed || n == 0 {
		t.Errorf("%d events came out, %d are confirmed", n, d.Confirmed)
	}
	if leased := d.Leased; leased != 0 {
		t.Errorf("%d are still leased", leased)
	}
}

package functions_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/vodfake"
)

// A signature does not cover the body. Who has seen one callback can send another
// with its Sign and T: with CALLBACK_VERIFY=ask it is refused, parked whole and not
// delivered; without, it is taken.
func TestForgedBodyUnderAStolenSignature(t *testing.T) {
	t.Parallel()
	s := runVOD(t)
	const app, key = 1490012345, "k1"
	sent, err := s.Make("ProcedureStateChanged", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Queue(app, sent)
	expires := time.Now().Add(10 * time.Minute)
	seen := event.Sign(sent, key, expires)
	forged := event.Sign([]byte(strings.Replace(string(sent), "/v.f10.mp4", "/evil.mp4", 1)), key, expires)

	dead := filepath.Join(t.TempDir(), "dead")
	f := start(t, callbackBin, append(vodEnv(s), "CALLBACK_SIGN_KEY="+key, "CALLBACK_VERIFY=ask", fmt.Sprintf("VOD_SUB_APP_IDS=7,%d", app), "DEAD_LETTER=file:"+dead)...)
	if status, answer := f.post(seen); status != 200 {
		t.Errorf("the true event: %d %s", status, answer)
	}
	if lines := f.out.take(); len(lines) != 1 || !strings.Contains(lines[0], `"vodverified":true`) {
		t.Errorf("the true event came out as %q", lines)
	}
	status, answer := f.post(forged)
	if status != 409 || strings.Contains(answer, "mp4") {
		t.Errorf("the forged event: %d %s", status, answer)
	}
	if lines := f.out.take(); len(lines) != 0 {
		t.Errorf("the forged event came out: %q", lines)
	}
	parked, err := os.ReadFile(dead)
	if err != nil || !strings.Contains(string(parked), `"parkreason":"refuted"`) || !strings.Contains(string(parked), "/evil.mp4") {
		t.Errorf("parked: %s, %v", parked, err)
	}
	calls := len(s.Calls(""))
	if status, _ := f.post(sent); status != 401 || len(s.Calls("")) != calls {
		t.Errorf("without a signature: %d, and VOD was asked %d times", status, len(s.Calls(""))-calls)
	}

	f = start(t, callbackBin, append(vodEnv(s), "CALLBACK_SIGN_KEY="+key)...)
	if status, answer := f.post(forged); status != 200 || len(f.out.take()) != 1 {
		t.Errorf("the forged event without ask: %d %s", status, answer)
	}
}

// What cannot be asked about comes out with that mark. While VOD is down a callback
// waits, and is parked before its time is over.
func TestVerifyWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := runVOD(t, vodfake.Options{})
	f := start(t, callbackBin, append(vodEnv(s), "CALLBACK_VERIFY=ask")...)
	if status, answer := f.post([]byte(`{"EventType":"HologramComplete","HologramEvent":{"TaskId":"1"}}`)); status != 200 {
		t.Errorf("an unknown kind: %d %s", status, answer)
	}
	if lines := f.out.take(); len(lines) != 1 || !strings.Contains(lines[0], `"vodverified":false`) {
		t.Errorf("an unknown kind came out as %q", lines)
	}
	s.Control("DescribeMediaInfos", func(*vodfake.Call) *vodfake.Fault { return &vodfake.Fault{Kind: vodfake.Fail} })
	if status, answer := f.postWithin(uploadNamed(1, "a"), 6*time.Second); status != 503 || len(s.Calls("DescribeMediaInfos")) < 2 {
		t.Errorf("VOD is down: %d %s after %d calls", status, answer, len(s.Calls("DescribeMediaInfos")))
	}
	if log := strings.Join(f.log.take(), "\n"); len(f.out.take()) != 0 || !strings.Contains(log, `\"parkreason\":\"unverified\"`) {
		t.Errorf("log: %s", log)
	}
}

// A key that VOD's API needs is missing: the callback is kept, as with any bad value.
func TestVerifyWithoutKeys(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"", "VOD_ENDPOINT=ftp://x", "VOD_SECRET_ID=undefined"} {
		f := start(t, callbackBin, "CALLBACK_VERIFY=ask", env)
		if status, answer := f.post(uploadNamed(1, "a")); status != 500 {
			t.Errorf("%s: %d %s", env, status, answer)
		}
		if log := strings.Join(f.log.take(), "\n"); !strings.Contains(log, `\"parkreason\":\"configuration\"`) {
			t.Errorf("%s: log: %s", env, log)
		}
	}
}

package functions_test

import (
	"strings"
	"testing"
	"time"

	"vodevents/shared/scf/local"
)

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"SINK=ftp://u:hush@files.test/x", "DEDUP=redis://:hush@h", "LOG_LEVEL=ERROR+1", "VOD_SUB_APP_IDS=undefined", "DEAD_LETTER=${env:X}"} {
		name, _, _ := strings.Cut(env, "=")
		f := start(t, callbackBin, env)
		status, answer := f.post([]byte(`{"EventType":"X","P":{}}`))
		if status != 500 || !strings.Contains(answer, name) || strings.Contains(answer, "hush") {
			t.Errorf("%s: %d %s", env, status, answer)
		}
		p := start(t, pullBin, env)
		_, err := p.Invoke(t.Context(), []byte(`{}`), 15*time.Second, nil)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: pull says %v", env, err)
		}
		if log := strings.Join(append(f.log.take(), p.log.take()...), "\n"); strings.Contains(log, "hush") {
			t.Errorf("%s: a secret is in the log: %s", env, log)
		}
	}
}

// A bad value does not stop a function that does not use the variable.
func TestBadConfigurationOfTheOther(t *testing.T) {
	t.Parallel()
	f := start(t, callbackBin, "PULL_RATE=fast", "PULL_CONCURRENCY=0", "MAX_ATTEMPTS=none", "PULL_UNTIL=undefined", "CALLBACK_VERIFY=off", "VOD_ENDPOINT=ftp://x", "VOD_SECRET_KEY=undefined", "TENCENTCLOUD_SECRETID=undefined")
	if status, answer := f.post(uploadNamed(1, "a")); status != 200 || len(f.out.take()) != 1 {
		t.Errorf("callback: %d %s", status, answer)
	}
	s := runVOD(t)
	s.Queue(0, uploadNamed(2, "a"))
	p := start(t, pullBin, append(vodEnv(s), "CALLBACK_SIGN_KEY=!", "CALLBACK_VERIFY=maybe", "LISTEN_ADDR=8080")...)
	if r := p.drain(15 * time.Second); r["confirmed"] != 1.0 {
		t.Errorf("pull: %v", r)
	}
	p = start(t, pullBin, append(vodEnv(s), "MAX_ATTEMPTS=0")...)
	if _, err := p.Invoke(t.Context(), local.TimerEvent(time.Now()), 15*time.Second, nil); err == nil || !strings.Contains(err.Error(), "MAX_ATTEMPTS") {
		t.Errorf("pull with its own variable bad: %v", err)
	}
}

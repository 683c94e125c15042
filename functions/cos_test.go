package functions_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink/cos/costest"
)

// A function without a database keeps its events in a bucket, and those that
// can never be delivered in another place there, with the keys of its role.
func TestFunctionsWithABucket(t *testing.T) {
	t.Parallel()
	c := costest.RunT(t)
	var down, unsigned atomic.Bool
	c.Answer = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDrole/") || r.Header.Get("X-Amz-Security-Token") != "tok" {
			unsigned.Store(true)
		}
		if down.Load() && strings.Contains(r.URL.Path, "/live/") {
			costest.Refuse(w, http.StatusServiceUnavailable, "SlowDown")
			return true
		}
		return false
	}
	at := func(prefix string) string { return strings.Replace(c.URL(prefix), "AKIDtest:s3cretKey@", "", 1) }
	env := []string{
		"SINK=" + at("live") + "&types=!FileDeleted", "DEAD_LETTER=" + at("dead"),
		"TENCENTCLOUD_SECRETID=AKIDrole", "TENCENTCLOUD_SECRETKEY=k", "TENCENTCLOUD_SESSIONTOKEN=tok",
	}
	f := start(t, callbackBin, env...)
	for range 2 { // a resend
		if status, answer := f.post(uploadNamed(1, "a")); status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	down.Store(true)
	if status, answer := f.postWithin(uploadNamed(2, "b"), 20*time.Second); status != 503 || !strings.Contains(answer, "sink unavailable: cos://") {
		t.Errorf("while COS is busy: %d %s", status, answer)
	}
	texts, err := c.Contents()
	if err != nil || len(texts) != 2 || unsigned.Load() {
		t.Fatalf("%d objects, %v; not signed by the role: %t", len(texts), err, unsigned.Load())
	}
	for i, want := range []string{"", "deadline"} {
		e, err := event.ParseCloudEvent(texts[i])
		if err != nil {
			t.Fatal(err)
		}
		if reason := parkReason(e); reason != want {
			t.Errorf("object %d is parked for %q, want %q: %s", i, reason, want, texts[i])
		}
	}
	keys, err := c.Keys()
	if err != nil || !strings.HasPrefix(keys[0], "dead/") || !strings.HasPrefix(keys[1], "live/") {
		t.Errorf("%q, %v", keys, err)
	}
}

func parkReason(e *event.Event) string {
	if e.Parking == nil {
		return ""
	}
	return e.Parking.Reason
}

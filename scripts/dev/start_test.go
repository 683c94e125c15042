package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/scripts/dev/api"
	"vodevents/scripts/dev/journal"
	"vodevents/shared/event"
	"vodevents/shared/media"
	"vodevents/shared/vodfake"
)

// With the environment of a user who has one.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/events.jsonl"
	p := launch(t, []string{"SINK=file:" + file, "CALLBACK_SIGN_KEY=first,second", "VOD_SUB_APP_IDS=1,1500000001", "LOG_LEVEL=debug"}, "-every", "200ms", "-headless", "-n", "2")
	if answer, _ := p.request("GET", "/", ""); answer.StatusCode != 404 {
		t.Errorf("-headless: %s", answer.Status)
	}
	var s settings
	p.call(200, "GET", "/api/config", "", &s)
	vars := map[string]string{}
	for _, v := range s.Variables {
		vars[v.Name] = v.Value
	}
	if !strings.HasPrefix(vars["SINK"], "stdout: file: http://127.0.0.1:") || vars["CALLBACK_SIGN_KEY"] != "(set)" || vars["LOG_LEVEL"] != "debug" || !s.Signed {
		t.Errorf("%+v", s)
	}
	for _, key := range []string{"first", "second"} {
		if answer, text := p.request("POST", "/callback", string(event.Sign([]byte(api.Sample), key, time.Now().Add(time.Minute)))); answer.StatusCode != 200 {
			t.Errorf("%s: %s %s", key, answer.Status, text)
		}
	}
	p.send("/api/events?mode=reliable&kind=FileDeleted", "")
	p.await(`  reliable  FileDeleted  `) // dev may end at once, so it can be asked nothing more
	<-p.exited                           // two came out, the second callback was a duplicate
	if status := p.stop(); status != 0 {
		t.Errorf("status %d", status)
	}
	got, err := os.ReadFile(file)
	if n := bytes.Count(got, []byte{'\n'}); err != nil || n != 2 || !bytes.Contains(got, []byte(`"source":"/tencentcloud/vod/1"`)) {
		t.Errorf("%v: %d lines in the user's sink:\n%s", err, n, got)
	}
}

// The real VOD is another program's stand-in here.
func TestReal(t *testing.T) {
	t.Parallel()
	real := vodfake.RunT(t)
	body := []byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1234567890123456789"]}}`)
	real.Queue(0, body)
	p := launch(t, []string{"VOD_ENDPOINT=" + real.URL, "VOD_SECRET_ID=" + vodfake.SecretId, "VOD_SECRET_KEY=" + vodfake.SecretKey, "CALLBACK_SIGN_KEY=k3y"},
		"-real", "-every", "200ms")
	p.await(`  reliable  FileDeleted  .*  1234567890123456789  `)
	list := p.list("")
	if len(list) != 1 || list[0].ID[0] != 'r' || list[0].State != journal.Delivered || list[0].Mode != event.Reliable {
		t.Fatalf("%+v", list)
	}
	if d := p.event(list[0].ID); d.Body != string(body) {
		t.Errorf("body %s", d.Body)
	}
	again := p.untilState(p.send("/api/events/"+list[0].ID+"/resend?mode=normal", "")[0], "answered")
	if again.Status != 200 || again.ResendOf != list[0].ID {
		t.Errorf("resent: %+v", again.Summary)
	}

	var s settings
	p.call(200, "GET", "/api/config", "", &s)
	if !s.Real || s.API != "" || s.EventConfig != nil || s.Clock != nil {
		t.Errorf("%+v", s)
	}
	if m := p.untilMedia("1234567890123456789", "deleted", func(m journal.MediaDetail) bool { return m.State == media.Deleted }); m.Events != 1 {
		t.Errorf("%+v", m)
	}
	p.call(409, "POST", "/api/media", "", nil)
	p.call(409, "POST", "/api/media/1234567890123456789/process", "", nil)
	p.call(409, "POST", "/api/media/1234567890123456789/delete", "", nil)
	p.call(409, "PUT", "/api/config", `{"Mode":"PUSH"}`, nil)
	p.call(409, "PUT", "/api/config", `{"signed":false}`, nil)
	p.call(200, "PUT", "/api/config", `{"every":"1h"}`, nil)
	p.call(409, "PUT", "/api/faults", noSink, nil)
	p.call(409, "POST", "/api/clock", `{"forward":"1s"}`, nil)
	p.call(409, "POST", "/api/events?mode=reliable&kind=FileDeleted", "", nil)
}

// What cannot work is said at once, with what to do about it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	addr := taken.Addr().String()
	for name, c := range map[string]struct {
		args   []string
		env    []string
		status int
		stderr []string
	}{
		"addr taken":     {args: []string{"-addr", addr}, status: 1, stderr: []string{addr + " is taken", "-addr 127.0.0.1:PORT"}},
		"api taken":      {args: []string{"-addr", "127.0.0.1:0", "-api", addr}, status: 1, stderr: []string{addr + " is taken", "-api 127.0.0.1:PORT"}},
		"bad address":    {args: []string{"-addr", "nonsense"}, status: 2, stderr: []string{"nonsense", "-addr"}},
		"open address":   {args: []string{"-api", "0.0.0.0:0"}, status: 2, stderr: []string{"0.0.0.0", "-api", "127.0.0.1:PORT"}},
		"no keys":        {args: []string{"-real"}, env: []string{"HOME=/nonexistent"}, status: 1, stderr: []string{"-real", "VOD_SECRET_ID"}},
		"bad variable":   {args: []string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"}, env: []string{"MAX_ATTEMPTS=many"}, status: 1, stderr: []string{"MAX_ATTEMPTS"}},
		"bad sink":       {args: []string{"-addr", "127.0.0.1:0", "-api", "127.0.0.1:0"}, env: []string{"SINK=gopher://h:s3cret@host/"}, status: 1, stderr: []string{"SINK", "gopher"}},
		"bad every":      {args: []string{"-every", "often"}, status: 2, stderr: []string{"-every"}},
		"short every":    {args: []string{"-every", "1ms"}, status: 2, stderr: []string{"100ms"}},
		"negative n":     {args: []string{"-n", "-1"}, status: 2, stderr: []string{"-n"}},
		"an argument":    {args: []string{"up"}, status: 2, stderr: []string{"up"}},
		"no such flag":   {args: []string{"-port", "1"}, status: 2, stderr: []string{"-addr"}},
		"asked for help": {args: []string{"-h"}, status: 0, stderr: []string{"go run ./scripts/dev", "-every"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			env := append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "VOD_") || strings.HasPrefix(v, "TENCENT") }), c.env...)
			if status := run(context.Background(), c.args, env, &stdout, &stderr); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			for _, text := range c.stderr {
				if !strings.Contains(stderr.String(), text) {
					t.Errorf("stderr lacks %q:\n%s", text, &stderr)
				}
			}
			if strings.Contains(stderr.String(), "s3cret") || stdout.Len() > 0 {
				t.Errorf("stdout:\n%s\nstderr:\n%s", &stdout, &stderr)
			}
		})
	}
}

package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"vodevents/shared/vodfake"
)

// queueOf starts a stand-in with events in its queue, and returns it with the
// environment to call it.
func queueOf(t *testing.T, events ...string) (*vodfake.Server, func(string) string) {
	s := vodfake.New(vodfake.Options{})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(s.Close) // first: the listener waits for held polls
	for _, e := range events {
		s.Queue(1490012345, []byte(e))
	}
	env := map[string]string{
		"VOD_ENDPOINT": server.URL, "VOD_SECRET_ID": vodfake.SecretId, "VOD_SECRET_KEY": vodfake.SecretKey,
		"VOD_SUB_APP_IDS": "1490012345",
	}
	return s, func(name string) string { return env[name] }
}

// failing takes so many bytes and then fails, like a disk that fills up.
type failing struct {
	room int
	took strings.Builder
}

func (f *failing) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return f.took.Write(b)
}

const (
	uploaded = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"3701925921299637010"}}`
	deleted  = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["3701925921299637011"]}}`
)

// Events that could not be written stay in the queue, in both formats.
func TestPullConfirmsOnlyWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		outputs := map[string]io.Writer{"closed": &failing{}}
		if runtime.GOOS == "linux" {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer full.Close()
			outputs["/dev/full"] = full
		}
		for name, out := range outputs {
			s, env := queueOf(t, uploaded, deleted)
			var errs strings.Builder
			if got := run(t.Context(), []string{"pull", "-confirm", "-o", format}, env, nil, out, &errs); got != statusFailed {
				t.Errorf("%s to %s: exit status %d", format, name, got)
			}
			if !strings.Contains(errs.String(), "no space left on device") {
				t.Errorf("%s to %s: stderr %q", format, name, errs.String())
			}
			if a := s.App(1490012345); a.Confirmed != 0 || a.Leased != 2 {
				t.Errorf("%s to %s: %d confirmed, %d leased", format, name, a.Confirmed, a.Leased)
			}
		}
	}
}

// With -o json an event is confirmed as soon as it is written itself, so an
// output that ends in the middle holds all that was confirmed.
func TestPullToDiskThatFillsUp(t *testing.T) {
	t.Parallel()
	s, env := queueOf(t, uploaded, deleted)
	out := &failing{room: 400} // the first event, and not the second
	var errs strings.Builder
	if got := run(t.Context(), []string{"pull", "-confirm", "-o", "json"}, env, nil, out, &errs); got != statusFailed {
		t.Errorf("exit status %d", got)
	}
	if a := s.App(1490012345); a.Confirmed != 1 || a.Leased != 1 {
		t.Errorf("%d confirmed, %d leased", a.Confirmed, a.Leased)
	}
	if got := out.took.String(); strings.Count(got, `"Confirmed": true`) != 1 || !strings.Contains(got, "3701925921299637010") {
		t.Errorf("written: %s", got)
	}
}

// Escape sequences of an event reach no terminal, and JSON keeps its meaning.
func TestPullIsHarmless(t *testing.T) {
	t.Parallel()
	const hostile = `{"EventType":"New\u001b[2J\nFile","FileUploadEvent":{"FileId":"37` + "\u202e\u009b" + `1"}}`
	for format, want := range map[string]string{
		"text": "New_[2J_File 37__1\n  " + strings.NewReplacer("\u202e", `\u202e`, "\u009b", `\u009b`).Replace(hostile) + "\n",
		"json": `"Subject": "37\u202e\u009b1"`,
	} {
		_, env := queueOf(t, hostile)
		var out, errs strings.Builder
		if got := run(t.Context(), []string{"pull", "-o", format}, env, nil, &out, &errs); got != statusOK {
			t.Errorf("exit status %d: %s", got, errs.String())
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e\u009b") || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %q has no %q", format, out.String(), want)
		}
		if format == "json" && !json.Valid([]byte(out.String())) {
			t.Errorf("not JSON: %s", out.String())
		}
	}
}

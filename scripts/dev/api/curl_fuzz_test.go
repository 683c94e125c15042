package api

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"vodevents/shared/event"
)

// FuzzCurl gives the commands that the page copies to a shell, with a curl that writes
// down what it is told:
//
//   - one curl runs, and posts the event's exact bytes to one URL; nothing else runs,
//     whatever the body or the URL has in it;
//   - the command holds no invisible character but line breaks, for a terminal acts on
//     those in a text that is pasted.
func FuzzCurl(f *testing.F) {
	if runtime.GOOS == "windows" {
		f.Skip("needs a shell")
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("needs a shell")
	}
	f.Add([]byte(`{"EventType":"X","P":{"s":"it's $HOME \\ `+"`id`"+` !!\n"}}`), "http://127.0.0.1:8080/callback")
	f.Add([]byte("{\"EventType\":\"\xff\",\"P\":\"'\"}"), "https://h/'; id; '")
	f.Add([]byte("a\x00b\x03\nEND\nid\n"), "-o")
	f.Add([]byte("\x1b[201~\r"), "$(id)")
	f.Add([]byte("@/etc/hostname"), "h")
	f.Add([]byte(""), "h")
	f.Add(bytes.Repeat([]byte("'"), 30_000), "h")
	dir := f.TempDir()
	out := filepath.Join(dir, "out")
	script := "#!" + shell + "\nprintf '%s\\0' \"$@\" >>" + out + "\nfor a; do [ \"$a\" != @- ] || cat >>" + out + "; done\nprintf '\\0end\\0' >>" + out + "\n"
	if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(script), 0o700); err != nil {
		f.Fatal(err)
	}
	a := &API{Options: Options{Base: "http://127.0.0.1:8080", SignKeys: func() []string { return nil }}}
	f.Fuzz(func(t *testing.T, body []byte, to string) {
		if strings.ContainsRune(to, 0) {
			return // no URL that the page sends
		}
		e, _ := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1_795_161_600, 0)}) // what is no event is parked, too
		want := e.RawData()
		if want == nil {
			want = e.AppendData(nil)
		}
		command := a.callbackCurl(e, quoted(to))
		if i := strings.IndexFunc(strings.ReplaceAll(command, quoted(to), ""), func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' }); i >= 0 {
			t.Fatalf("%q holds %q", command, command[i:])
		}
		os.Remove(out)
		cmd := exec.CommandContext(t.Context(), shell, "-c", command)
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
		if text, err := cmd.CombinedOutput(); err != nil || len(text) > 0 {
			t.Fatalf("%q: %s%v", command, text, err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		header := "-H\x00Content-Type: application/json\x00"
		inline := header + "--data-raw\x00" + string(want) + "\x00" + to + "\x00\x00end\x00"
		piped := header + "--data-binary\x00@-\x00" + to + "\x00" + string(want) + "\x00end\x00"
		if s := string(got); s != inline && s != piped {
			t.Fatalf("%q ran as %q", command, s)
		}
	})
}

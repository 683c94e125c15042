//go:build unix

package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the first minute prints into its script")

// The README's first minute, with the very commands. The script is to be read,
// too.
func TestFirstMinute(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		noCurl(t)
	}
	var one terminalWindow
	testscript.Run(t, testscript.Params{
		Files:         []string{filepath.Join("testdata", "first_minute.txtar")},
		UpdateScripts: *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"terminal":  one.command,
			"shows":     one.shows,
			"confirmed": confirmed,
		},
	})
}

// terminalWindow is where dev runs while the script goes on.
type terminalWindow struct {
	cmd    *exec.Cmd
	stdout *output
}

// command starts dev and sets $DEV to its address; with ^C it stops dev and
// writes what it printed into the file terminal, with the ports that it has by
// default and times and ids that are always the same.
func (w *terminalWindow) command(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] != "^C" {
		w.stdout = newOutput()
		w.cmd = exec.Command(args[0], append(args[1:], "-addr", "127.0.0.1:0", "-api", "127.0.0.1:0")...)
		w.cmd.Dir = filepath.Join("..", "..")
		w.cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as the other builds, which share their results
		w.cmd.Stdout, w.cmd.Stderr = w.stdout, os.Stderr
		w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal's, for ^C
		ts.Check(w.cmd.Start())
		ts.Defer(func() { syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) })
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		found, err := w.stdout.await(ctx, `^  callback  (\S+)/callback$`)
		ts.Check(err)
		ts.Setenv("DEV", found[1])
		return
	}
	ts.Check(syscall.Kill(-w.cmd.Process.Pid, syscall.SIGINT))
	_ = w.cmd.Wait() // after ^C "go run" has always failed; TestInterrupt knows dev's own status
	text := strings.ReplaceAll(w.stdout.String(), ts.Getenv("DEV"), "http://127.0.0.1:8080")
	for _, r := range [][2]string{
		{`(VOD API +http://127.0.0.1:)\d+`, "${1}8081"},
		{`Ready in [\d.]+ s`, "Ready in 2.4 s"},
		{`(?m)^\d\d:\d\d:\d\d\.\d\d\d `, "16:20:00.000 "},
		{`(reliable  \w+ +)\d{19}  [0-9a-f]{32}`, "${1}7757825776755516799  f68c050d97c6e0839e2d5f23f6bc2826"},
	} {
		text = regexp.MustCompile(r[0]).ReplaceAllString(text, r[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs("terminal"), []byte(text), 0o644))
}

// shows waits until the terminal shows an event of a type. That is some time after its
// callback is answered, or after it is confirmed.
func (w *terminalWindow) shows(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := w.stdout.await(ctx, `^\d\d:\d\d:\d\d\.\d{3}  \w+ +`+args[0]+` `)
	ts.Check(err)
}

// confirmed waits until an event is.
func confirmed(ts *testscript.TestScript, _ bool, args []string) {
	stream, err := client.Get(ts.Getenv("DEV") + "/api/stream")
	ts.Check(err)
	defer stream.Body.Close()
	for in := bufio.NewScanner(stream.Body); in.Scan(); {
		answer, err := http.Get(ts.Getenv("DEV") + "/api/events/" + args[0])
		ts.Check(err)
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		ts.Check(err)
		if strings.Contains(string(body), `"state":"confirmed"`) {
			return
		}
	}
	ts.Fatalf("event %s was never confirmed", args[0])
}

// The README shows the commands of the first minute and what they print.
func TestReadmeShowsTheFirstMinute(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	script, err := txtar.ParseFile(filepath.Join("testdata", "first_minute.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{ // by dev itself, where the README has words of its own
		"Send a callback, as VOD does in normal mode:":                          true,
		"Put an event into VOD's queue, from which pull takes and confirms it:": true,
		"Events as they come out of the functions:":                             true,
	}
	for _, f := range script.Files {
		for line := range strings.Lines(string(f.Data)) {
			line = strings.TrimSpace(line)
			if !told[line] && !strings.Contains(string(readme), line) {
				t.Errorf("README.md does not show what dev prints: %s", line)
			}
		}
	}
}

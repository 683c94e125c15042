package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

func TestReadLine(t *testing.T) {
	t.Parallel()
	const most = 10
	long := strings.Repeat("x", 100)
	for _, test := range []struct{ input, want string }{
		{"", ""},
		{"a\n\nb", "a||b"},
		{"0123456789\n", "0123456789"},
		{"0123456789", "0123456789"},
		{"01234567890\nb\n", "(too long)|b"},
		{long + "\n" + long, "(too long)|(too long)"},
		{long + "\nb", "(too long)|b"},
	} {
		r := bufio.NewReaderSize(strings.NewReader(test.input), 16)
		var got []string
		for {
			line, tooLong, err := readLine(r, nil, most)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if tooLong {
				line = []byte("(too long)")
			}
			got = append(got, string(line))
		}
		if got := strings.Join(got, "|"); got != test.want {
			t.Errorf("%.20q: %q, want %q", test.input, got, test.want)
		}
	}
}

// lost is a sink that goes down with the batch of a given number.
type lost struct {
	from, sends int
}

func (l *lost) Send(_ context.Context, events []*event.Event) []error {
	if l.sends++; l.sends >= l.from {
		return deliver.FailAll(len(events), deliver.Unavailable(errors.New("connection refused"), 0))
	}
	return make([]error, len(events))
}
func (*lost) CloseIdle()   {}
func (*lost) Close() error { return nil }

// A sink that is down for three batches ends the replay; what was not tried is
// listed like what failed.
func TestReplayStopsWhereSinkIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out, errs strings.Builder
		r := &replay{program: &program{stdout: &out, stderr: &errs}, bar: &progress{}}
		p := &deliver.Pipeline{Way: deliver.Replayed, Sinks: []deliver.Sink{&lost{from: 2}}, Store: deliver.NewMemory()}
		for n := range 6 {
			e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["%d"]}}`, n), event.Origin{})
			if err != nil {
				t.Fatal(err)
			}
			r.deliver(t.Context(), p, []located{{e, fmt.Sprintf("dead.jsonl:%d", n+1)}})
		}
		err := r.report(nil)
		if got := statusOf(err); got != statusPartly || !strings.Contains(err.Error(), "5 of 6 events were not delivered, and the replay stopped because a sink is down") {
			t.Errorf("status %d: %v", got, err)
		}
		want := tally{delivered: 1, failed: 3, untried: 2}
		if r.tally != want {
			t.Errorf("%+v, want %+v", r.tally, want)
		}
		for _, line := range []string{"dead.jsonl:2: not delivered: ", "dead.jsonl:6: not tried: "} {
			if !strings.Contains(errs.String(), line) {
				t.Errorf("stderr has no %q:\n%s", line, errs.String())
			}
		}
	})
}

// A line of 16 MB may hold an event. A longer line is reported, and the next one is
// read.
func TestReplayLongLines(t *testing.T) {
	dir := t.TempDir()
	fit := func(size int) []byte {
		line := bytes.Replace([]byte(cloudEvent), []byte(`["1"]`), []byte(`["1"],"x":""`), 1)
		return bytes.Replace(line, []byte(`"x":""`), []byte(`"x":"`+strings.Repeat("x", size-len(line))+`"`), 1)
	}
	file := filepath.Join(dir, "dead.jsonl")
	text := bytes.Join([][]byte{fit(maxLine + 1), fit(maxLine), nil}, []byte("\n"))
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := builtCommand(t, []string{"SINK=file:" + filepath.Join(dir, "out.jsonl")}, "replay", file)
	var errs strings.Builder
	cmd.Stderr = &errs
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != statusPartly {
		t.Errorf("%v, want exit status %d", err, statusPartly)
	}
	if !strings.Contains(errs.String(), ":1: not replayed: the line has more than 16 MB") || !strings.Contains(errs.String(), "\n1 delivered, ") {
		t.Errorf("stderr:\n%s", errs.String())
	}
	delivered, err := os.ReadFile(filepath.Join(dir, "out.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(delivered) < maxLine {
		t.Errorf("%d bytes came through", len(delivered))
	}
}

// An interruption stops the reading and says where.
func TestReplayInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dead.jsonl")
	if err := os.WriteFile(file, []byte(cloudEvent+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	if got := run(ctx, []string{"replay", file}, func(string) string { return "" }, nil, &out, &errs); got != statusFailed {
		t.Errorf("exit status %d", got)
	}
	if !strings.Contains(errs.String(), "interrupted at "+file+":1: what follows was not read") {
		t.Errorf("stderr:\n%s", errs.String())
	}
}

package scf_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"vodevents/shared/scf"
	"vodevents/shared/scf/local"
)

func TestTimer(t *testing.T) {
	t.Parallel()
	f := start(t, "TRIGGER=timer")
	tests := []struct {
		event string
		want  scf.Timer
	}{
		{`{"Type":"Timer","TriggerName":"EveryMinute","Time":"2026-01-02T03:04:00Z","Message":"text"}`, scf.Timer{Type: "Timer", TriggerName: "EveryMinute", Time: "2026-01-02T03:04:00Z", Message: "text"}},
		{`{"Message":"","Time":"2026-01-02T03:04:00Z","TriggerName":"t","Type":"Timer"}`, scf.Timer{Type: "Timer", TriggerName: "t", Time: "2026-01-02T03:04:00Z"}},
		{`{"Type":7,"Message":"text"}`, scf.Timer{Message: "text"}},
		{``, scf.Timer{}}, {`{}`, scf.Timer{}}, {`null`, scf.Timer{}}, {`[1]`, scf.Timer{}}, {`"x"`, scf.Timer{}}, {`{"Type":"Ti`, scf.Timer{}},
		{`{"key1":"value1"}`, scf.Timer{}},
	}
	for _, tt := range tests {
		answer, err := f.invoke(t, tt.event)
		if err != nil {
			t.Fatalf("%s: %v", tt.event, err)
		}
		var got struct {
			Timer   scf.Timer
			Left    float64
			Expired bool
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		if got.Timer != tt.want || got.Left < 100 || got.Left > 200 || got.Expired {
			t.Errorf("%s: run saw %+v", tt.event, got)
		}
	}

	for message, says := range map[string]string{"error": "on purpose", "panic": "panic: on purpose", "unencodable": "unsupported type"} {
		_, err := f.invoke(t, `{"Message":"`+message+`"}`)
		e, ok := errors.AsType[*local.Error](err)
		if !ok || !strings.Contains(e.Message, says) || e.ShouldExit {
			t.Errorf("%s: %v, want a function error with %q", message, err, says)
		}
	}
	f.Close()
	if s := f.log.String(); !strings.Contains(s, "main.onTimer") {
		t.Errorf("log %q, want the stack of the panic", s)
	}
}

func TestLoop(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		h := startHost(t, "TRIGGER=timer")
		h.wait(t, "looping")
		h.stop(t, sig)
		if err := h.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
	for end, want := range map[string]string{"error": "loop: on purpose", "panic": "panic: on purpose"} {
		h := startHost(t, "TRIGGER=timer", "LOOP="+end)
		if got := h.wait(t, "stopped")["error"]; got != want {
			t.Errorf("it stopped with %q, want %q", got, want)
		}
		if err := h.cmd.Wait(); h.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("it ended with %v, want status 1", err)
		}
	}
}

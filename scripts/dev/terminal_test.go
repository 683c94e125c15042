package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"vodevents/scripts/dev/journal"
	"vodevents/shared/event"
)

// A log line that stands for a thousand is printed once in 10 s, and what comes
// from outside moves no cursor.
func TestTerminal(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	terminal := terminal{stdout: &stdout, stderr: &stderr}
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.Local)
	for i := range 12 {
		terminal.log(&journal.Log{Time: at.Add(time.Duration(i) * time.Second), Level: "WARN", Function: "pull", Message: "PullEvents failed",
			Attrs: map[string]json.RawMessage{"error": json.RawMessage(`"down\n\u001b[2J"`)}})
		terminal.log(&journal.Log{Time: at, Level: "INFO", Function: "pull", Message: "of no interest"})
		terminal.log(&journal.Log{Time: at, Level: "WARN", Function: "callback", Message: "no cause"})
	}
	terminal.event(&event.Event{Origin: event.Origin{Mode: event.Normal}, Type: "A\x1b[2J\nB", ID: "i"}, at)
	if got, want := stderr.String(), "08:00:00.000  pull      WARN  PullEvents failed: down _[2J\n08:00:10.000  pull      WARN  PullEvents failed: down _[2J\n"; got != want {
		t.Errorf("stderr %q", got)
	}
	if got, want := stdout.String(), "08:00:00.000  normal    A_[2J_B                 -                    i\n"; got != want {
		t.Errorf("stdout %q", got)
	}
}

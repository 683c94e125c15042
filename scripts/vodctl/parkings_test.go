package main

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"vodevents/shared/deliver/parklog"
	"vodevents/shared/event"
)

// parts returns the records of the log for a parked event.
func parts(parking, id, text string, size int) (lines []string) {
	of := (len(text) + size - 1) / size
	for n := 1; n <= of; n++ {
		line := fmt.Sprintf(`{"time":"2026-11-20T08:00:00Z","level":"ERROR","msg":"parked event","part":%d,"of":%d,"id":%q,"parking":%q,"text":%s`,
			n, of, id, parking, quoted(text[(n-1)*size:min(n*size, len(text))]))
		if n == of {
			line += fmt.Sprintf(`,"sha256":"%x"`, sha256.Sum256([]byte(text)))
		}
		lines = append(lines, line+"}")
	}
	return lines
}

// replayLines replays lines as a log and returns its exit status and what it
// printed.
func replayLines(t *testing.T, lines []string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	status = run(t.Context(), []string{"replay", "-dry-run", "-"}, func(string) string { return "" },
		strings.NewReader(strings.Join(lines, "\n")), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// An event that was parked in parts is found whatever the order of the lines,
// with others between them, in every form that CLS gives them.
func TestPartsInAnyOrder(t *testing.T) {
	t.Parallel()
	asNumbersInText := strings.NewReplacer(`"part":`, `"part":"`, `,"of":`, `","of":"`, `,"id"`, `","id"`)
	for name, form := range map[string]func(string) string{
		"as it was":      func(s string) string { return s },
		"behind prefix":  func(s string) string { return "2026-11-20T08:00:00Z stdout F " + s },
		"in SCF_Message": in,
		"in fields":      func(s string) string { return `{"SCF_RequestId":"7b1d",` + asNumbersInText.Replace(s)[1:] },
	} {
		lines := slices.Concat(
			parts("p1", ceID, cloudEvent, 37),
			parts("p2", ceID, cloudEvent, 100), // a second parking of the same event
			parts("p3", otherID, otherEvent, 64),
			[]string{`{"level":"INFO","msg":"pulled"}`, "START RequestId: 7b1d"},
		)
		for i, line := range lines {
			lines[i] = form(line)
		}
		for seed := range uint64(5) {
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			status, out, errs := replayLines(t, lines)
			if status != statusOK || strings.Count(out, ceID) != 2 || strings.Count(out, otherID) != 1 {
				t.Fatalf("%s, seed %d: exit status %d\n%s%s", name, seed, status, out, errs)
			}
		}
		twice := append(lines, lines...)
		if status, out, errs := replayLines(t, twice); status != statusOK || strings.Count(out, otherID) != 1 {
			t.Fatalf("%s, the log twice: exit status %d\n%s%s", name, status, out, errs)
		}
	}
}

// What the functions write into their log comes out as it was.
func TestPartsOfTheLog(t *testing.T) {
	e, err := event.Parse(fmt.Appendf(nil, `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"2","Name":%s}}`,
		quoted(strings.Repeat("海港\"\\\x01\u2028<a>", 1000))), event.Origin{Mode: event.Reliable, SubAppId: 7, Received: time.Unix(1795161600, 0)})
	if err != nil {
		t.Fatal(err)
	}
	e.Parking = &event.Parking{Reason: "permanent", Attempts: 2, FirstError: "422\nno", LastError: "\xff"}
	var log strings.Builder
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	if err := parklog.Write(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) < 3 {
		t.Fatalf("%d lines", len(lines))
	}
	slices.Reverse(lines)
	var all parkings
	for i, line := range lines {
		if len(line) > parklog.MaxLine {
			t.Errorf("a line has %d bytes", len(line))
		}
		found := findEvents([]byte(in(line)))
		if len(found) != 1 || found[0].part == nil {
			t.Fatalf("%s in %s", tell(found), line)
		}
		got, _, err := all.add("log:1", found[0].part)
		switch {
		case err != nil:
			t.Fatal(err)
		case i < len(lines)-1 && got != nil, i == len(lines)-1 && (got == nil || string(got.AppendCloudEvent(nil)) != string(e.AppendCloudEvent(nil))):
			t.Fatalf("with line %d of %d: %v", i+1, len(lines), got)
		}
	}
}

// An event that is incomplete or was changed is reported and not delivered.
func TestPartsThatAreNoEvent(t *testing.T) {
	t.Parallel()
	good := parts("p1", ceID, cloudEvent, 100)
	without := func(gone ...int) (lines []string) {
		for i, line := range good {
			if !slices.Contains(gone, i) {
				lines = append(lines, line)
			}
		}
		return lines
	}
	changed := func(i int, old, new string) []string {
		lines := slices.Clone(good)
		if lines[i] = strings.Replace(lines[i], old, new, 1); lines[i] == good[i] {
			t.Fatalf("no %s in %s", old, lines[i])
		}
		return lines
	}
	last := len(good) - 1
	for _, test := range []struct {
		name  string
		lines []string
		says  string
	}{
		{"one is missing", without(1), "stdin:1: not replayed: event " + ceID + ": 1 of its " + fmt.Sprint(len(good)) + " parts in the log are missing: 2\n"},
		{"the last is missing", without(last), "parts in the log are missing: " + fmt.Sprint(len(good))},
		{"only one is there", good[2:3], "parts in the log are missing: 1, 2, 4"},
		{"one is cut off", changed(1, `"}`, ``), "parts in the log are missing: 2"},
		{"another text", changed(0, "specversion", "specVersion"), "SHA-256 is not the one in the last part"},
		{"another SHA-256", changed(last, `"sha256":"`, `"sha256":"0`), "SHA-256 is not the one in the last part"},
		{"no SHA-256", changed(last, `"sha256"`, `"sha512"`), "SHA-256 is missing"},
		{"two of one number", append(slices.Clone(good[:2]), strings.Replace(good[1], `"text":"`, `"text":"x`, 1)), "contradict each other (the other is at stdin:1)"},
		{"of another event", changed(1, ceID, otherID), "contradict each other"},
		{"of another count", changed(1, `"of":`, `"of":1`), "contradict each other"},
		{"number 0", changed(0, `"part":1`, `"part":0`), "cannot be read"},
		{"number that is none", changed(0, `"part":1`, `"part":"one"`), "cannot be read"},
		{"far too many", changed(0, `"of":`, `"of":99999`), "cannot be read"},
		{"no text", changed(0, `"text"`, `"test"`), "cannot be read"},
		{"whole, and no event", parts("p9", ceID, `{"hello":"world"}`, 8), "parts were put together: event: not a CloudEvent"},
	} {
		status, out, errs := replayLines(t, test.lines)
		if status != statusFailed || out != "" || !strings.Contains(errs, test.says) {
			t.Errorf("%s: exit status %d, stdout %q, want %q in\n%s", test.name, status, out, test.says, errs)
		}
	}
	// The others of the log are delivered.
	if status, out, _ := replayLines(t, append(without(1), otherEvent)); status != statusPartly || !strings.Contains(out, otherID) {
		t.Errorf("beside a whole one: exit status %d, %q", status, out)
	}
}

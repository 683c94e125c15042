package parklog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
)

// texts are payloads that are hard to cut.
var texts = map[string]string{
	"small":            "x",
	"plain":            strings.Repeat("x", 50_000),
	"quotes":           strings.Repeat(`\"`, 20_000),
	"three bytes each": strings.Repeat("茶", 10_000),
	"four bytes each":  strings.Repeat("a😀", 10_000),
	"separators":       strings.Repeat("\u2028", 10_000),
	"HTML":             strings.Repeat("<&>", 10_000),
}

func parked(t *testing.T, text string) *event.Event {
	t.Helper()
	raw := `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"1","Name":"` + text + `"}}`
	e, err := event.Parse([]byte(raw), event.Origin{Mode: event.Normal, Received: time.Unix(1764000000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	e.Parking = &event.Parking{Reason: "deadline", Attempts: 1, FirstError: "first", LastError: "last"}
	return e
}

// capture makes the log a buffer, with an attribute that the platform adds.
func capture(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)).With("request_id", strings.Repeat("r", 36)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}

func TestLinesAreShortAndMakeTheEventAgain(t *testing.T) {
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			log := capture(t)
			e := parked(t, text)
			if err := Write(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			var whole string
			var last Part
			n := 0
			for line := range bytes.Lines(log.Bytes()) {
				n++
				if len(line) > MaxLine {
					t.Errorf("line %d has %d bytes", n, len(line))
				}
				var p struct {
					Level, Msg string
					Part
				}
				if err := json.Unmarshal(line, &p); err != nil {
					t.Fatal(err)
				}
				if p.Level != "ERROR" || p.Msg != Message || p.ID != e.ID || p.Part.Part != n || p.Parking == "" || n > 1 && p.Parking != last.Parking {
					t.Errorf("line %d is %.200s", n, line)
				}
				if (p.SHA256 != "") != (p.Part.Part == p.Of) {
					t.Errorf("part %d of %d has the sum %q", p.Part.Part, p.Of, p.SHA256)
				}
				whole += p.Text
				last = p.Part
			}
			if want := string(e.AppendCloudEvent(nil)); whole != want {
				t.Errorf("%d bytes, want %d", len(whole), len(want))
			}
			sum := sha256.Sum256([]byte(whole))
			if last.Of != n || last.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("the last of %d lines is %+v", n, last)
			}
			if full := len(whole) / (MaxLine - 2<<10); n > 6*full+1 {
				t.Errorf("%d lines for %d bytes", n, len(whole))
			}
		})
	}
}

// Two parkings of one event can be told apart.
func TestEachParkingHasItsOwnName(t *testing.T) {
	a, b := Split("id", []byte("{}")), Split("id", []byte("{}"))
	if a[0].Parking == b[0].Parking {
		t.Errorf("both are %q", a[0].Parking)
	}
}

func TestWriteTellsWhatTheLogDidNotTake(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	for lines := range 3 {
		w := &limited{lines: lines}
		slog.SetDefault(slog.New(slog.NewJSONHandler(w, nil)))
		if err := Write(context.Background(), parked(t, strings.Repeat("x", 12_000))); !errors.Is(err, errFull) {
			t.Errorf("after %d lines: %v", lines, err)
		}
	}
}

var errFull = errors.New("full")

type limited struct{ lines int }

func (l *limited) Write(b []byte) (int, error) {
	if l.lines--; l.lines < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// The parts of any bytes are in order, each of valid text where the bytes are,
// and make the bytes again.
func FuzzSplit(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Add([]byte(nil))
	f.Add([]byte("a\xffb"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole strings.Builder
		parts := Split("id", b)
		for i, p := range parts {
			if p.Part != i+1 || p.Of != len(parts) || p.ID != "id" || utf8.Valid(b) && !utf8.ValidString(p.Text) {
				t.Errorf("part %d is %+v", i+1, p)
			}
			line, err := json.Marshal(p.Text)
			if err != nil || utf8.Valid(b) && len(line) > maxText+2 {
				t.Errorf("part %d has %d bytes, %v", i+1, len(line), err)
			}
			whole.WriteString(p.Text)
		}
		if whole.String() != string(b) {
			t.Error("the parts do not make the whole")
		}
	})
}

func ExampleSplit() {
	for _, p := range Split("5f2c9b0e7a1d4c3b8e6f0a9d2b7c1e44", []byte(`{"specversion":"1.0"}`)) {
		fmt.Println(p.Part, "of", p.Of, p.Text)
	}
	// Output: 1 of 1 {"specversion":"1.0"}
}

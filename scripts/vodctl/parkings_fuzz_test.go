package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
)

// FuzzParkings parks an event in the log in parts of any size. They come in any order
// and some twice, as lines of the log or as CLS's, and the event comes out once. A
// part that contradicts another is found.
func FuzzParkings(f *testing.F) {
	f.Add([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`), uint8(20), uint64(1), "")
	f.Add([]byte(`{"EventType":"é\u2028","x":{"s":"}\\\" \t"}}`), uint8(0), uint64(2), "{")
	f.Fuzz(func(t *testing.T, body []byte, size uint8, seed uint64, other string) {
		e, err := event.Parse(body, event.Origin{Mode: event.Normal, Received: time.Unix(1_795_161_600, 0)})
		if err != nil {
			return
		}
		text := string(bytes.ToValidUTF8(e.AppendCloudEvent(nil), nil)) // a log cuts between characters
		if len(text) > 4000 || text != string(e.AppendCloudEvent(nil)) {
			return
		}
		lines := partsOfRunes("p", e.ID, text, int(size)+8)
		r := rand.New(rand.NewPCG(seed, 0))
		lines = append(lines, lines[r.IntN(len(lines))])
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		var all parkings
		var came []*event.Event
		for i, line := range lines {
			if r.IntN(3) == 0 {
				line = in(line)
			}
			for _, found := range findEvents([]byte(line)) {
				if found.err != nil || found.part == nil {
					t.Fatalf("%q: %+v", line, found)
				}
				got, _, err := all.add(fmt.Sprint(i), found.part)
				if err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if got != nil {
					came = append(came, got)
				}
			}
		}
		if len(came) != 1 || string(came[0].AppendCloudEvent(nil)) != text {
			t.Fatalf("%d came of %q: %v", len(came), text, came)
		}
		for range all.incomplete() {
			t.Error("it is incomplete")
		}
		findEvents([]byte(lines[0] + other))
		findEvents([]byte(other + lines[0]))
	})
}

// partsOfRunes returns the records of the log for a text that was parked in parts of
// at most so many bytes, cut between characters.
func partsOfRunes(parking, id, text string, size int) (lines []string) {
	var cuts []string
	for rest := text; rest != ""; {
		n := min(size, len(rest))
		for n < len(rest) && !utf8.RuneStart(rest[n]) {
			n--
		}
		cuts, rest = append(cuts, rest[:n]), rest[n:]
	}
	for n, cut := range cuts {
		line := fmt.Sprintf(`{"time":"2026-11-20T08:00:00Z","level":"ERROR","msg":"parked event","part":%d,"of":%d,"id":%q,"parking":%q,"text":%s`,
			n+1, len(cuts), id, parking, quoted(cut))
		if n == len(cuts)-1 {
			line += fmt.Sprintf(`,"sha256":"%x"`, sha256.Sum256([]byte(text)))
		}
		lines = append(lines, line+"}")
	}
	return lines
}

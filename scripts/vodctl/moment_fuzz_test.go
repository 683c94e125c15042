package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vodevents/shared/sink/stored"
)

// FuzzMoment sets the flags -since and -after to any text:
//
//   - what is taken is a bound. The zero time would be none, and the flag would
//     choose everything;
//   - a time that is taken is read as the same one from RFC 3339, in which it is
//     shown, and as a part of a place;
//   - how long ago is never in the future, and reads as the duration that it spells;
//   - what is refused is refused with the forms that are taken.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"90d", "1d12h", "0d", "2d-3h", "65536d", "106751d23h47m17s", "-1h", "1h30m", "2026-11-24", "2026-11-24T08:00:00.5+08:00",
		"0001-01-01", "0001-01-01T00:00:00Z", "0000-02-29", "9999-12-31T23:59:59-23:59", "d", "1d1d", "00000000000001d"} {
		f.Add(s, int64(90_061_000_000_000))
	}
	f.Fuzz(func(t *testing.T, s string, ago int64) {
		var m moment
		err := m.Set(s)
		if err != nil {
			if !m.IsZero() || m.text != "" || !strings.Contains(err.Error(), momentHelp) {
				t.Fatalf("%q is refused: %v, %+v", s, err, m)
			}
		} else {
			checkMoment(t, s, m)
		}
		// What a duration prints is read, with and without days before it.
		if d := time.Duration(ago); d >= 0 {
			for _, text := range []string{d.String(), dayed(d)} {
				if got, ok := parseAgo(text); !ok || got != d {
					t.Fatalf("%v, written %s, is %v, %t", d, text, got, ok)
				}
			}
		}
	})
}

// dayed writes a duration with its days apart.
func dayed(d time.Duration) string {
	text := fmt.Sprintf("%dd", d/(24*time.Hour))
	if rest := d % (24 * time.Hour); rest > 0 {
		text += rest.String()
	}
	return text
}

// checkMoment checks a moment that was taken.
func checkMoment(t *testing.T, s string, m moment) {
	if m.IsZero() {
		t.Fatalf("%q is no bound", s)
	}
	if m.String() != s {
		t.Fatalf("%q is shown as %q", s, m.String())
	}
	if ago, ok := parseAgo(s); ok {
		if ago < 0 || time.Since(m.Time) < ago {
			t.Fatalf("%q is %v ago, at %v", s, ago, m.Time)
		}
		return
	}
	shown := m.UTC().Format(time.RFC3339Nano)
	var again moment
	if err := again.Set(shown); err != nil || !again.Equal(m.Time) {
		t.Fatalf("%q is shown as %s, which is %v, %v", s, shown, again.Time, err)
	}
	place := placeFlag{stored.Place{Received: m.Time, ID: "id"}}
	var back placeFlag
	if err := back.Set(place.String()); err != nil || !back.Received.Equal(m.Truncate(time.Microsecond)) {
		t.Fatalf("%q is the place %s, which is %v, %v", s, place.String(), back.Place, err)
	}
}

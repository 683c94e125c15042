package stored

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
)

var received = time.Date(2026, 11, 24, 8, 0, 0, 123456000, time.UTC)

func row(data, raw string) Row {
	r := Row{
		ID: strings.Repeat("a", 32), Type: typePrefix + "FileDeleted", Source: "/tencentcloud/vod/1490012345",
		Mode: "reliable", Received: received,
	}
	if data != "" {
		r.Data = []byte(data)
	}
	if raw != "" {
		r.Raw = []byte(raw)
	}
	return r
}

// A row gives back every byte of an event that the table has.
func TestRowKeepsTheBytes(t *testing.T) {
	t.Parallel()
	const (
		jsonb = `{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet": ["1"], "x": "<&"}}`
		nul   = `{"EventType":"FileDeleted","x":{"y": "\u0000"}}`
	)
	for name, test := range map[string]struct{ data, raw, want string }{
		"data alone, with its white space":   {jsonb, "", jsonb},
		"raw has what jsonb cannot hold":     {`{"EventType": "FileDeleted", "x": "\ufffd"}`, nul, nul},
		"raw has it all":                     {"", `{"EventType":"FileDeleted","n":1e131071}`, `{"EventType":"FileDeleted","n":1e131071}`},
		"raw is no UTF-8":                    {`{"EventType": "FileDeleted", "x": "\ufffd"}`, "{\"EventType\":\"FileDeleted\",\"x\":\"\xff\"}", "{\"EventType\":\"FileDeleted\",\"x\":\"\xff\"}"},
		"raw is no UTF-8, and there no data": {"", "{\"EventType\":\"FileDeleted\",\"x\":\"\xff\"}", "{\"EventType\":\"FileDeleted\",\"x\":\"\xff\"}"},
	} {
		e, err := row(test.data, test.raw).Event()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := e.RawData()
		if got == nil {
			got = e.AppendData(nil)
		}
		if string(got) != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if e.ID != strings.Repeat("a", 32) || !e.Received.Equal(received) || e.Mode != event.Reliable || e.SubAppId != 1490012345 || e.Type != "FileDeleted" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestRowKeepsTheParking(t *testing.T) {
	t.Parallel()
	r := row(`{"EventType": "FileDeleted"}`, "")
	r.Parking = &event.Parking{Reason: "attempts", Attempts: 5, FirstError: "no such tenant", LastError: "no"}
	e, err := r.Event()
	if err != nil {
		t.Fatal(err)
	}
	if e.Parking == nil || *e.Parking != *r.Parking {
		t.Errorf("%+v, want %+v", e.Parking, r.Parking)
	}
}

// A column cuts a type to 1,024 bytes, in MySQL to 512; the event itself has all of it.
func TestRowKeepsALongType(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for _, most := range []int{512, 1024} {
		r := row(`{"EventType": "`+long+`"}`, "")
		r.Type = (typePrefix + long)[:most]
		e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		if e.Type != long {
			t.Errorf("cut to %d: %d bytes, want %d", most, len(e.Type), len(long))
		}
	}
}

// A row that this project did not write is shown and not delivered.
func TestForeignRow(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Row){
		"id":     func(r *Row) { r.ID = "1" },
		"mode":   func(r *Row) { r.Mode = "by hand" },
		"source": func(r *Row) { r.Source = "elsewhere" },
		"type":   func(r *Row) { r.Type = "com.example.other" },
		"data":   func(r *Row) { r.Data = []byte(`[]`) },
		"empty":  func(r *Row) { r.Data = nil },
	} {
		r := row(`{"EventType": "FileDeleted"}`, "")
		change(&r)
		if _, err := r.Event(); !errors.Is(err, event.ErrNotCloudEvent) {
			t.Errorf("%s: %v", name, err)
		}
		text, err := r.CloudEvent()
		if err != nil || !bytes.HasPrefix(text, []byte(`{"specversion":"1.0"`)) {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

func TestPlaceIsOneWord(t *testing.T) {
	t.Parallel()
	p := Place{received, "0123456789abcdef0123456789abcdef"}
	const word = "2026-11-24T08:00:00.123456Z,0123456789abcdef0123456789abcdef"
	if p.String() != word {
		t.Errorf("%s, want %s", p, word)
	}
	if again, err := ParsePlace(word); err != nil || again != p {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{"", ",", "x,y", "2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z,", "2026-11-24,a"} {
		if p, err := ParsePlace(bad); err == nil {
			t.Errorf("%q was read as %v", bad, p)
		}
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"New*": "New%", "a?b": "a_b", "100%_!": "100!%!_!!", `\*`: `\%`} {
		if got := Like(pattern); got != want {
			t.Errorf("Like(%q) = %q, want %q", pattern, got, want)
		}
	}
}

func TestAPatternIsOfCharacters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*??", "½", false}, // of two bytes
		{"*?", "½", true},
		{"?*?", "½", false},
		{"*½", "x½", true},
		{"a*b?*", "a-b-bc", true},
		{"a*b?", "a-b-b", false},
		{"**", "", true},
		{"?", "", false},
		{strings.Repeat("a*", 30) + "b", strings.Repeat("a", 500), false}, // in no time
	} {
		if got := matches(c.pattern, c.text); got != c.want {
			t.Errorf("%q matches %q: %t", c.pattern, c.text, got)
		}
	}
}

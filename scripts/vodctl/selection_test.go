package main

import (
	"strings"
	"testing"
	"time"

	"vodevents/shared/event"
	"vodevents/shared/sink"
)

func TestParseAgo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"24h": 24 * time.Hour, "90d": 90 * 24 * time.Hour, "1d12h": 36 * time.Hour, "0d": 0, "0s": 0, "1h30m": 90 * time.Minute,
		"65535d": 65535 * 24 * time.Hour,
	} {
		if got, ok := parseAgo(text); !ok || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-24h", "1d-12h", "1.5d", "65536d", "65535d9999999h", "1w", "yesterday", "2026-11-24", "9223372036854775807ns1h"} {
		if got, ok := parseAgo(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// A time that no database holds is refused. The year 1 begins with the zero time, which
// is no bound: -before 0001-01-01 counted every event, and -until chose all of them.
func TestMomentIsABound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0001-01-01", "0001-01-01T00:00:00Z", "0000-02-29", "0999-12-31T23:59:59Z", "9999-12-31T23:00:00-02:00", "1000-01-01T00:30:00+01:00"} {
		var m moment
		if err := m.Set(text); err == nil || !m.IsZero() || !strings.Contains(err.Error(), "1000 to 9999") {
			t.Errorf("-until %s is taken as %v, %v", text, m.Time, err)
		}
		if err := new(placeFlag).Set(text + ",id"); strings.Contains(text, "T") && err == nil {
			t.Errorf("-after %s,id is taken", text)
		}
	}
	for text, want := range map[string]string{"1000-01-01": "1000-01-01T00:00:00Z", "9999-12-31T22:59:59-01:00": "9999-12-31T23:59:59Z"} {
		var m moment
		if err := m.Set(text); err != nil || m.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v, want %s", text, m.Time, err, want)
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		done, all int
		took      time.Duration
		want      string
	}{
		{0, 1000, time.Second, "0 of 1000"},
		{250, 1000, 10 * time.Second, "250 of 1000, 25/s, 30s left"},
		{1000, 1000, 10 * time.Second, "1000 of 1000, 100/s, 0s left"},
		{1001, 1000, 10 * time.Second, "1001 of 1000, 100/s, 0s left"},
		{64, 1000, 0, "64 of 1000"},
		{1, 7201, time.Second, "1 of 7201, 1/s, 2h0m0s left"},
	} {
		if got := pace(test.done, test.all, test.took); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// A password on the command line causes a warning and is not shown. Of the URLs in
// SINK, the database is read.
func TestOpenTable(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"postgres://me:s3cret@db/x":          "The password in -from shows in the process list",
		"postgres://me@db/x?password=s3cret": "The password in -from shows in the process list",
		"postgres://me@db/x":                 "",
		"env":                                "",
		"env:MINE":                           "",
		"$MINE":                              "",
	} {
		var errs strings.Builder
		p := &program{stderr: &errs, getenv: func(name string) string {
			return map[string]string{"SINK": "stdout: postgres://me:s3cret@db/x", "MINE": "postgresql://me:s3cret@db/x"}[name]
		}}
		table, err := p.openTable(from)
		if err != nil {
			t.Errorf("%s: %v", from, err)
			continue
		}
		table.Close()
		if !strings.HasPrefix(errs.String(), want) || want == "" && errs.Len() > 0 || strings.Contains(errs.String()+table.String(), "s3cret") {
			t.Errorf("%s: %q, want %q", from, errs.String(), want)
		}
	}
	if sink.HasTable("kafka://broker/topic") || sink.HasTable("") {
		t.Error("a sink that is no table is taken for one")
	}
}

// The events of a file are chosen by the patterns of a database: a * is any text, with a
// / in it too, and there is no [ and no \\.
func TestAFileIsChosenFromAsATable(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	e, err := event.Parse([]byte(`{"EventType":"Zap/Done","P":{"TaskId":"a/b/é7"}}`), event.Origin{Mode: event.Reliable, Received: at})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s    selection
		want bool
	}{
		{selection{}, true},
		{selection{eventType: "Zap*"}, true},
		{selection{eventType: "com.*Done"}, true},
		{selection{eventType: "Zap?Done"}, true},
		{selection{eventType: "Zap"}, false},
		{selection{subject: "a*7"}, true},
		{selection{subject: "a/b/?7"}, true},
		{selection{subject: "a/b/??7"}, false},
		{selection{subject: "*", parked: true}, false},
		{selection{since: moment{Time: at}, until: moment{Time: at.Add(1)}}, true},
		{selection{until: moment{Time: at}}, false},
		{selection{since: moment{Time: at.Add(1)}}, false},
	} {
		if got := c.s.wants(e); got != c.want {
			t.Errorf("type %q, subject %q, parked %v: %v", c.s.eventType, c.s.subject, c.s.parked, got)
		}
	}
	for _, pattern := range []string{"a[b]", "a[", `a\*`} {
		for _, s := range []selection{{eventType: pattern}, {subject: pattern}, {subject: pattern, from: "env"}} {
			if err := s.check(); err == nil || !strings.Contains(err.Error(), "neither [ nor") {
				t.Errorf("%q: %v", pattern, err)
			}
		}
	}
}

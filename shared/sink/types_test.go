package sink

import (
	"slices"
	"strings"
	"testing"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
)

// types= is taken off the URL of every kind of sink, and all else stays as it is
// written.
func TestTypesAreTakenOffTheURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]struct{ rest, types string }{
		"stdout:?types=FileDeleted":                          {"stdout:", "FileDeleted"},
		"file:/a%20b?types=!A,B":                             {"file:/a%20b", "!A,B"},
		"https://h/p?a=1%2F2&types=A&b=+&secret=abc":         {"https://h/p?a=1%2F2&b=+&secret=abc", "A"},
		"kafka://u%2Cx:p@[::1]:9092,b2:1/t?types=A&tls=true": {"kafka://u%2Cx:p@[::1]:9092,b2:1/t?tls=true", "A"},
		"postgres://me:pw@h/db?table=t&ty%70es=A%2CB":        {"postgres://me:pw@h/db?table=t", "A,B"},
		"mysql://h/db?types=%21A#x":                          {"mysql://h/db#x", "!A"},
		"https://h/p?media=x&types=A":                        {"https://h/p?media=x", "A"},
		"https://h/p?mytypes=A&TYPES=B":                      {"https://h/p?mytypes=A&TYPES=B", ""},
		"file:types=A":                                       {"file:types=A", ""},
		"mysql://h/db#x?types=A":                             {"mysql://h/db#x?types=A", ""}, // the ? is the fragment's
	} {
		rest, types, err := takeTypes(url)
		if err != nil || rest != want.rest || types.String() != want.types {
			t.Errorf("%s: %q, %q, %v", url, rest, types, err)
		}
	}
}

// types= is refused where it would not do what it says.
func TestTypesThatAreRefused(t *testing.T) {
	t.Parallel()
	var o Outlets
	defer o.Close()
	for _, c := range []struct{ sinks, dead, dedup, err string }{
		{sinks: "stdout:?types=", err: "SINK: stdout:: types= is an empty list"},
		{sinks: "stdout:?types=A&types=B", err: "SINK: stdout:: types= is given twice"},
		{sinks: "https://me:hush@h/p?types=A%2", err: "SINK: https://h: types= is badly percent-encoded"},
		{sinks: "https://h/p?types=A%20hush", err: "SINK: https://h: types= has a name at place 1"},
		{sinks: "postgres://u:hush@h/db?types=A&media=vod_media", err: "SINK: postgres://h: types= cannot stand beside media="},
		{sinks: "mysql://u:hush@h/db?media&types=A", err: "SINK: mysql://h: types= cannot stand beside media="},
		{sinks: "https://h/hush?types=A https://h/hush?types=B", err: "SINK: https://h: two entries differ in types= alone"},
		{sinks: "https://h/hush https://h/hush?types=B", err: "SINK: https://h: two entries differ in types= alone"},
		{sinks: "stdout:", dead: "https://h/hush?types=A", err: "DEAD_LETTER: https://h: types= belongs to an entry of SINK"},
		{sinks: "stdout:", dedup: "postgres://h/hush?types=A", err: "DEDUP: postgres://h: types= belongs to an entry of SINK"},
	} {
		if c.dedup == "" {
			c.dedup = config.DedupOff
		}
		_, err := o.Pipeline(outletsOf(c.sinks, c.dead, c.dedup), deliver.Pulled, nil)
		if err == nil || !strings.HasPrefix(err.Error(), c.err) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s %s %s: %v, want %s", c.sinks, c.dead, c.dedup, err, c.err)
		}
	}
	if _, err := Open("https://h/p?types=A"); err == nil {
		t.Error("a sink that stands alone takes types=")
	}
}

// A sink that is an outlet and the dead letters is one, whatever it wants.
func TestTypesAreNoOtherSink(t *testing.T) {
	t.Parallel()
	var o Outlets
	defer o.Close()
	open := func(types string) *deliver.Pipeline {
		t.Helper()
		p, err := o.Pipeline(outletsOf("https://h/a"+types+" https://h/b", "https://h/a", config.DedupOff), deliver.Pulled, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, then := open("?types=FileDeleted"), open("")
	if first.DeadLetter != first.Sinks[0] || !slices.Equal(first.Sinks, then.Sinks) {
		t.Error("types= makes another sink of it")
	}
	if want, err := event.ParseTypes("FileDeleted"); err != nil || len(first.Types) != 1 || !first.Types[first.Sinks[0]].Equal(want) || len(then.Types) != 0 {
		t.Errorf("got %v, then %v", first.Types, then.Types)
	}
}

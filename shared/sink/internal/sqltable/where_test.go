package sqltable

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vodevents/shared/sink/stored"
)

func mark(n int, of string) string { return fmt.Sprintf("$%d:%s", n, of) }

// A placeholder stands for the argument of its number, in every condition.
func TestWhere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("CST", 8*3600))
	parked, notParked := true, false
	for _, c := range []struct {
		filter stored.Filter
		want   string
		args   []any
	}{
		{stored.Filter{}, "", nil},
		{stored.Filter{IDs: []string{"a", "b"}, Subject: "s"}, " WHERE id IN ($1:text, $2:text) AND subject IN ($3:text)", []any{"a", "b", "s"}},
		{stored.Filter{Subject: "12*", Parked: &parked}, " WHERE (subject LIKE $1:text ESCAPE '!') AND parkreason IS NOT NULL", []any{"12%"}},
		{stored.Filter{Type: "File?", Parked: &notParked}, " WHERE (type LIKE $1:text ESCAPE '!' OR type LIKE $2:text ESCAPE '!') AND parkreason IS NULL", []any{"com.tencent.cloud.vod.File_", "File_"}},
		{stored.Filter{Since: at, Until: at.Add(time.Hour)}, " WHERE received_at >= $1:timestamptz AND received_at < $2:timestamptz", []any{at.UTC(), at.Add(time.Hour).UTC()}},
		{stored.Filter{Since: at, After: stored.Place{Received: at, ID: "x"}},
			" WHERE received_at >= $1:timestamptz AND received_at >= $2:timestamptz AND (received_at > $3:timestamptz OR id > $4:text)",
			[]any{at.UTC(), at.UTC(), at.UTC(), "x"}},
	} {
		got, args := Dialect{Mark: mark}.Where(c.filter)
		if got != c.want || !slices.Equal(args, c.args) {
			t.Errorf("%+v:\n got %q %v\nwant %q %v", c.filter, got, args, c.want, c.args)
		}
	}
}

// Where texts are padded, the range of an index is that of the text before the first
// wildcard, by code points, and LIKE has no index.
func TestWhereOfPaddedTexts(t *testing.T) {
	t.Parallel()
	const between = "subject > $1:text COLLATE utf8mb4_bin AND subject < $2:text COLLATE utf8mb4_bin AND CONCAT(subject) LIKE $3:text ESCAPE '!'"
	for subject, want := range map[string]struct {
		clause string
		args   []any
	}{
		"ab":          {"subject = $1:text AND CONCAT(subject) LIKE $2:text ESCAPE '!'", []any{"ab", "ab"}},
		"ab*":         {between, []any{"aa\U0010ffff", "ac", "ab%"}},
		"a?*":         {between, []any{"`\U0010ffff", "b", "a_%"}},
		"*ab":         {"CONCAT(subject) LIKE $1:text ESCAPE '!'", []any{"%ab"}},
		"\xff*":       {"CONCAT(subject) LIKE $1:text ESCAPE '!'", []any{"\xff%"}},
		"\x00*":       {"subject < $1:text COLLATE utf8mb4_bin AND CONCAT(subject) LIKE $2:text ESCAPE '!'", []any{"\x01", "\x00%"}},
		"\ud7ff*":     {between, []any{"\ud7fe\U0010ffff", "\ue000", "\ud7ff%"}},
		"\ue000*":     {between, []any{"\ud7ff\U0010ffff", "\ue001", "\ue000%"}},
		"\U0010ffff*": {"subject > $1:text COLLATE utf8mb4_bin AND CONCAT(subject) LIKE $2:text ESCAPE '!'", []any{"\U0010fffe\U0010ffff", "\U0010ffff%"}},
	} {
		clause, args := Dialect{Mark: mark, PadsTexts: true}.Where(stored.Filter{Subject: subject})
		if clause != " WHERE (("+want.clause+"))" || !slices.Equal(args, want.args) {
			t.Errorf("%q:\n got %q %q\nwant %q %q", subject, clause, args, want.clause, want.args)
		}
	}
}

package sqltable

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vodevents/shared/sink/stored"
)

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
		got, args := Where(c.filter, func(n int, of string) string { return fmt.Sprintf("$%d:%s", n, of) })
		if got != c.want || !slices.Equal(args, c.args) {
			t.Errorf("%+v:\n got %q %v\nwant %q %v", c.filter, got, args, c.want, c.args)
		}
	}
}

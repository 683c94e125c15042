package stored

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vodevents/shared/event"
)

// FuzzRow keeps any event whole, and in columns with its exact bytes: it is read as
// the same event from both.
func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"EventType":"FileDeleted","FileDeleteEvent":{"FileIdSet":["1"]}}`))
	f.Add([]byte("{\"EventType\":\"New\xffFile\",\"x\":{\"FileId\":12345678901234567890,\"s\":\" \\ud83d \"}}"))
	f.Add([]byte(` {"version":"2.0","eventType":"a\u0000b","data":{"n":1e400}} `))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := event.Parse(body, event.Origin{Mode: event.Reliable, SubAppId: 7, Received: time.Unix(1_795_161_600, 0)})
		if err != nil {
			return
		}
		whole := e.AppendCloudEvent(nil)
		row, err := ParseRow(whole)
		if err != nil {
			t.Fatalf("%q: %v", whole, err)
		}
		for _, r := range []Row{row, {ID: row.ID, Type: row.Type, Subject: row.Subject, Source: row.Source, Mode: row.Mode, Received: row.Received, Data: row.Data, Raw: row.Raw}} {
			again, err := r.Event()
			if err != nil || again.ID != e.ID || again.Type != e.Type || again.Subject != e.Subject || !again.Received.Equal(e.Received) {
				t.Fatalf("%q: %+v, %v", whole, again, err)
			}
			if !bytes.Equal(bytes.TrimSpace(again.Payload), bytes.TrimSpace(e.Payload)) {
				t.Fatalf("%q: the payload is %q, want %q", whole, again.Payload, e.Payload)
			}
		}
	})
}

// FuzzLike holds patterns to package regexp: what Wants says, and what LIKE would.
func FuzzLike(f *testing.F) {
	f.Add("File*", "FileDeleted")
	f.Add("a?c!%_*", "abc!%_x")
	f.Add("?", "é")
	f.Add("**?*", "\n")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || len(pattern)+len(text) > 40 || strings.Count(pattern, "*") > 5 {
			return
		}
		expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)^(?:` + expr + `)$`).MatchString(text)
		if got := matches(pattern, text); got != want {
			t.Fatalf("%q matches %q: %v", pattern, text, got)
		}
		if got := like(Like(pattern), text); got != want {
			t.Fatalf("%q as LIKE %q matches %q: %v", pattern, Like(pattern), text, got)
		}
	})
}

// like is SQL's LIKE with ESCAPE '!', as its standard has it.
func like(pattern, text string) bool {
	var expr strings.Builder
	for runes := []rune(pattern); len(runes) > 0; runes = runes[1:] {
		switch c := runes[0]; c {
		case '%':
			expr.WriteString(".*")
		case '_':
			expr.WriteString(".")
		case '!':
			runes = runes[1:]
			expr.WriteString(regexp.QuoteMeta(string(runes[0])))
		default:
			expr.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	return regexp.MustCompile(`(?s)^(?:` + expr.String() + `)$`).MatchString(text)
}

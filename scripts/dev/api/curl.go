package api

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"

	"vodevents/shared/event"
)

// curl is the command that sends an event again.
func (a *API) curl(mode event.Mode, body string) string {
	if mode == event.Reliable && a.StandIn != nil {
		return posting(jsonType, []byte(body), a.command("'BASE/api/events?mode=reliable'"))
	}
	return posting("", a.signed([]byte(body)), a.command("BASE/callback"))
}

// callbackCurl returns the command that posts the exact bytes of an event to a callback
// URL, a word of the shell.
func (a *API) callbackCurl(e *event.Event, to string) string {
	body := e.RawData()
	if body == nil {
		body = e.AppendData(nil)
	}
	if e.Type != event.TypeUnparsed { // only an object can get a signature
		body = a.signed(body)
	}
	return posting(jsonType, body, to)
}

const (
	jsonType = "-H 'Content-Type: application/json' "

	// longArgument is the most bytes of an argument of a command; Linux takes 128 KiB.
	longArgument = 100 << 10
)

// posting returns the command that posts a body with curl. It is made to be pasted, and
// a terminal acts on control characters in what is pasted: a body that has some goes
// through base64.
func posting(options string, body []byte, to string) string {
	if text := quoted(string(body)); isPlain(body) && len(text) < longArgument {
		return "curl " + options + "--data-raw " + text + " " + to
	}
	return "base64 -d <<'END' | curl " + options + "--data-binary @- " + to + "\n" + base64.StdEncoding.EncodeToString(body) + "\nEND"
}

// isPlain tells whether a text has only characters that are seen, and line breaks.
func isPlain(text []byte) bool {
	return utf8.Valid(text) && strings.IndexFunc(string(text), func(r rune) bool { return !unicode.IsGraphic(r) && r != '\n' }) < 0
}

// quoted is a word of the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

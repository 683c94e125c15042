package api

import (
	"encoding/base64"
	"strings"
	"testing"

	"vodevents/shared/event"
)

// A command holds no character on which a terminal acts when it is pasted, whatever the
// body has. Such a body goes through base64.
func TestCommandsHoldNoControlCharacters(t *testing.T) {
	t.Parallel()
	a := &API{Options: Options{Base: "http://127.0.0.1:8080", SignKeys: func() []string { return nil }}}
	for body, plain := range map[string]bool{
		`{"EventType":"X","P":{"s":"it's \u001b é"}}`:          true,
		"{\"EventType\":\"X\",\"P\":{\t\r\n}}":                 false,
		`{"EventType":"X","P":{"s":"` + "\u202e\u009b" + `"}}`: false,
		"no event \x03\x1b[201~":                               false,
		"no\x00event":                                          false,
	} {
		e, _ := event.Parse([]byte(body), event.Origin{Mode: event.Normal})
		for _, command := range []string{a.callbackCurl(e, "http://h/"), a.curl(event.Normal, body)} {
			if strings.ContainsAny(command, "\x00\x03\x1b\t\r\u202e\u009b") {
				t.Errorf("%q", command)
			}
			if inline := strings.Contains(command, quoted(body)); inline != plain {
				t.Errorf("%q", command)
			}
			if coded := strings.Contains(command, "\n"+base64.StdEncoding.EncodeToString([]byte(body))+"\n"); coded == plain {
				t.Errorf("%q", command)
			}
		}
	}
}

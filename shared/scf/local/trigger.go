package local

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// HTTPEvent is the event of an HTTP trigger for a request with this body, as a
// function URL sends it (583/96099), with sourceIp in requestContext, which
// was seen but is not documented.
func HTTPEvent(r *http.Request, body []byte) []byte {
	type event struct {
		Body            string            `json:"body"`
		Headers         map[string]string `json:"headers"`
		HTTPMethod      string            `json:"httpMethod"`
		Path            string            `json:"path"`
		QueryString     map[string]any    `json:"queryString"`
		IsBase64Encoded bool              `json:"isBase64Encoded,omitempty"`
		RequestContext  struct {
			SourceIP string `json:"sourceIp"`
		} `json:"requestContext"`
	}
	e := event{
		Body:        string(body),
		HTTPMethod:  r.Method,
		Path:        r.URL.EscapedPath(),
		Headers:     map[string]string{"host": r.Host},
		QueryString: map[string]any{},
	}
	if !utf8.Valid(body) { // a JSON string cannot hold it
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	for name, values := range r.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	for name, values := range r.URL.Query() {
		if e.QueryString[name] = values; len(values) == 1 {
			e.QueryString[name] = values[0]
		}
	}
	e.RequestContext.SourceIP = "127.0.0.1"
	if ip, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		e.RequestContext.SourceIP = ip
	}
	e.Headers["x-scf-remote-addr"] = e.RequestContext.SourceIP
	return encode(e)
}

// PostEvent is the event of an HTTP trigger for a POST of body to /, with the
// documented members of a function URL's event and no others (583/96099). The
// body must be valid UTF-8; [HTTPEvent] takes any.
func PostEvent(body []byte) []byte {
	return encode(map[string]any{
		"body":        string(body),
		"headers":     map[string]string{"content-type": "application/json"},
		"httpMethod":  "POST",
		"path":        "/",
		"queryString": map[string]string{},
	})
}

// TimerEvent is the event of a timer trigger that fired at t (583/9708).
func TimerEvent(t time.Time) []byte {
	return fmt.Appendf(nil, `{"Type":"Timer","TriggerName":"pull","Time":%q,"Message":""}`, t.UTC().Format(time.RFC3339))
}

// encode encodes an event, which has no way not to be JSON.
func encode(event any) []byte {
	b, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return b
}

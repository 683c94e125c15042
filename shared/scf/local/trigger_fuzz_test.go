package local_test

import (
	"bufio"
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vodevents/shared/scf/local"
)

// FuzzHTTPEvent sends a request, as net/http's server reads it, through the event that
// this package makes of it and package scf reads. Method, path, query, header, host and
// body arrive as they were. Methods are in capitals there, and what is no UTF-8 arrives
// in the body alone, because JSON has no place for it elsewhere.
func FuzzHTTPEvent(f *testing.F) {
	f.Add("PUT", "/a%2Fb//c?x=1&x=2&y=%20z&true", "X-Thing", "v, w", []byte(`{"a":"\u00e9 <&>"}`))
	f.Add("get", "//%2e%2E/é;p?a=%26%3D%00&a&=b&%61=c", "x-scf-remote-addr", "1.2.3.4", []byte("\xff\x00\xed\xa0\x80"))
	f.Add("POST", "/?null=null&b=%5B1%5D", "Content-Encoding", "gzip", []byte("e30="))
	f.Fuzz(func(t *testing.T, method, target, name, value string, body []byte) {
		if strings.Trim(strings.ToLower(name), "0123456789abcdefghijklmnopqrstuvwxyz-_") != "" {
			return // ReadRequest takes other names too, and the server refuses them
		}
		text := method + " " + target + " HTTP/1.1\r\nHost: h.example\r\n" + name + ": " + value + "\r\n\r\n"
		sent, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil || !strings.HasPrefix(target, "/") || len(sent.Header) != 1 {
			return // no server gives it to a handler, or it is another request
		}
		query := sent.URL.Query()
		for key, values := range query {
			if !utf8.ValidString(key) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
				return
			}
		}
		r, got := handled(t, local.HTTPEvent(sent, body))
		if r.Method != strings.ToUpper(sent.Method) || r.Host != sent.Host || !bytes.Equal(got, body) {
			t.Errorf("%q with %q arrived as %s at %s with %q", text, body, r.Method, r.Host, got)
		}
		if r.URL.EscapedPath() != sent.URL.EscapedPath() || r.URL.Path != sent.URL.Path || r.URL.Query().Encode() != query.Encode() {
			t.Errorf("%q arrived as %s", target, r.URL)
		}
		for name, values := range sent.Header {
			if joined := strings.Join(values, ", "); name != "X-Scf-Remote-Addr" && utf8.ValidString(joined) && r.Header.Get(name) != joined {
				t.Errorf("%q %q arrived as %q", name, values, r.Header)
			}
		}
		if got := r.Header.Get("X-Scf-Remote-Addr"); got != "127.0.0.1" || len(r.Header) > 2 {
			t.Errorf("%q: the header is %q", text, r.Header)
		}
	})
}

package webhook

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// stars stands where a secret was.
const stars = "***"

// mask takes what was sent out of what a receiver says, for many repeat a
// request in their answer. It knows each part as it is and in the ways in which
// an answer may quote it.
type mask struct{ parts []string }

// newMask knows the URL but for its host, user and password, and the secrets as
// they stand in the URL.
func newMask(target *url.URL, user *url.Userinfo, secrets []secret) mask {
	var m mask
	m.add(4, target.RequestURI(), target.RawQuery, target.EscapedPath(), target.Path)
	for _, values := range target.Query() {
		m.add(4, values...)
	}
	if user != nil {
		name := user.Username()
		password, _ := user.Password()
		pair := name + ":" + password
		m.add(3, name, password, pair, user.String(), base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	for _, s := range secrets {
		m.add(3, s.text, strings.TrimPrefix(s.text, secretPrefix), string(s.key), base64.StdEncoding.EncodeToString(s.key))
	}
	return m
}

// add adds parts of at least so many bytes. Shorter ones are no secrets, and
// would star out half an answer.
func (m *mask) add(least int, parts ...string) {
	for _, part := range parts {
		if len(part) >= least {
			m.parts = append(m.parts, part)
		}
	}
}

// sent adds the headers of one request that only this sink and the receiver may
// know.
func (m mask) sent(h http.Header) mask {
	m.parts = slices.Clip(m.parts)
	m.add(4, strings.TrimPrefix(h.Get("Authorization"), "Basic "))
	signatures := h.Get("Webhook-Signature")
	m.add(4, signatures)
	for signature := range strings.FieldsSeq(signatures) {
		m.add(4, strings.TrimPrefix(signature, "v1,"))
	}
	return m
}

// longest is the length of the longest part, in bytes.
func (m mask) longest() int {
	n := 0
	for _, part := range m.parts {
		n = max(n, len(part))
	}
	return n
}

// shapes are a Basic authorization, a secret and a signature, whosever they
// are, also when an answer has cut them short.
var shapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(\bBasic\s+|\bwhsec_|\bv1,)[\w+/=\\%-]{4,}`)
})

// apply returns the text without the parts.
func (m mask) apply(text string) string {
	var quoted []string
	for _, part := range m.parts {
		quoted = append(quoted, quotings(part)...)
	}
	// The longest first: a part may hold another.
	slices.SortFunc(quoted, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	pairs := make([]string, 0, 2*len(quoted))
	for _, q := range slices.Compact(quoted) {
		pairs = append(pairs, q, stars)
	}
	return shapes().ReplaceAllString(strings.NewReplacer(pairs...).Replace(text), "${1}"+stars)
}

// quotings are the ways in which an answer may write a text: as it is, for a
// URL, for HTML, and in the strings of JSON and Go.
func quotings(text string) []string {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	escaped, _ := json.Marshal(text)
	inJSON := strings.Trim(strings.TrimSpace(plain.String()), `"`)
	inGo := strconv.Quote(text)
	inQuery, inPath := url.QueryEscape(text), url.PathEscape(text)
	return []string{
		text, inQuery, inPath, lowerHex(text), lowerHex(inQuery), lowerHex(inPath), html.EscapeString(text),
		inJSON, strings.ReplaceAll(inJSON, "/", `\/`), strings.Trim(string(escaped), `"`), inGo[1 : len(inGo)-1],
	}
}

var percent = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[0-9A-Fa-f]{2}`) })

// lowerHex writes %2F as %2f, as half of the world does.
func lowerHex(text string) string { return percent().ReplaceAllStringFunc(text, strings.ToLower) }

// error returns err with what was sent taken out of its text.
func (m mask) error(err error) error { return &maskedError{m.apply(err.Error()), err} }

type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }

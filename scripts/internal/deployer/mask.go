package main

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/config"
)

// mask removes secrets from text. It knows the keys, the values of secret variables,
// and what was passed to [mask.add].
type mask struct {
	secrets []string
	public  []string
}

// newMask returns a mask of the keys in an environment.
func newMask(getenv func(string) string) *mask {
	m := new(mask)
	for _, name := range []string{"TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"} {
		m.add(getenv(name))
	}
	for _, v := range config.Variables {
		m.variable(v.Name, getenv(v.Name))
	}
	return m
}

// show names texts that stay visible even if a secret is part of one. Without it, a
// webhook at /callback or a variable that holds the region would mask the function
// URL.
func (m *mask) show(texts ...string) {
	m.public = append(m.public, texts...)
	m.secrets = slices.DeleteFunc(m.secrets, m.isPublic)
}

func (m *mask) isPublic(secret string) bool {
	return slices.ContainsFunc(m.public, func(text string) bool { return strings.Contains(text, secret) })
}

// openParameters are parameters of a sink's URL that hold no secret.
var openParameters = []string{"types", "table", "media", "region", "endpoint", "sslmode", "compression"}

// variable adds what is secret in a variable's value.
func (m *mask) variable(name, value string) {
	switch secrecy(name) {
	case config.Open:
	case config.URLs:
		for _, word := range strings.Fields(value) {
			if shown := showVariable(name, word); shown != word && strings.TrimSuffix(word, "/") != shown {
				m.add(word)
				m.address(word)
			}
		}
	default:
		m.add(value)
		for part := range strings.SplitSeq(value, ",") {
			m.add(strings.TrimSpace(part))
		}
	}
}

// address adds what is secret in a URL, both escaped and unescaped.
func (m *mask) address(raw string) {
	scheme, rest, _ := strings.Cut(raw, "://")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		_, password, _ := strings.Cut(rest[:i], ":")
		m.add(password)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return
	}
	if password, set := u.User.Password(); set {
		m.add(password)
	}
	switch scheme {
	case "http", "https": // many webhooks have their secret in the path
		m.add(u.Path)
		m.add(u.EscapedPath())
	case "cos":
		m.add(u.User.Username()) // a SecretId
	}
	for name, values := range u.Query() {
		for _, value := range values {
			if !slices.Contains(openParameters, name) {
				m.add(value)
			}
		}
	}
}

// add adds a secret, also as JSON, Go and URLs spell it. Texts under 6 bytes are not
// secrets, and masking them would hide half of every message.
func (m *mask) add(secret string) {
	if len(secret) < 6 {
		return
	}
	inJSON, _ := json.Marshal(secret) // a string
	inGo := strconv.Quote(secret)
	for _, s := range []string{secret, string(inJSON[1 : len(inJSON)-1]), inGo[1 : len(inGo)-1], url.QueryEscape(secret), url.PathEscape(secret)} {
		if !slices.Contains(m.secrets, s) && !m.isPublic(s) {
			m.secrets = append(m.secrets, s)
		}
	}
}

// span is a part of a text, from a byte to before another.
type span struct{ from, to int }

// find returns where a text has secrets. Secrets that overlap or touch are one span, so
// that no part of either is left.
func (m *mask) find(text string) (spans []span) {
	var all []span
	for _, secret := range m.secrets {
		for from := 0; ; from++ {
			i := strings.Index(text[from:], secret)
			if i < 0 {
				break
			}
			from += i
			all = append(all, span{from, from + len(secret)})
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, s := range all {
		if n := len(spans); n > 0 && s.from <= spans[n-1].to {
			spans[n-1].to = max(spans[n-1].to, s.to)
		} else {
			spans = append(spans, s)
		}
	}
	return spans
}

// Replace returns the text with (masked) in place of secrets.
func (m *mask) Replace(text string) string {
	var b strings.Builder
	end := 0
	for _, s := range m.find(text) {
		b.WriteString(text[end:s.from] + "(masked)")
		end = s.to
	}
	return b.String() + text[end:]
}

// begun returns the offset at which the beginning of a secret may stand at the end of
// the text. It is the length of the text if there is none.
func (m *mask) begun(text string) int {
	from := len(text)
	for _, secret := range m.secrets {
		for n := min(len(secret)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, secret[:n]) {
				from = min(from, len(text)-n)
				break
			}
		}
	}
	for _, s := range m.find(text) {
		if s.from < from && from < s.to {
			from = s.from
		}
	}
	return from
}

// secrecy says how much of a variable may be shown. A variable that this project does
// not know is treated as a secret.
func secrecy(name string) config.Secrecy {
	if v, known := variable(name); known {
		return v.Secrecy
	}
	return config.Secret
}

func variable(name string) (config.Variable, bool) {
	i := slices.IndexFunc(config.Variables, func(v config.Variable) bool { return v.Name == name })
	if i < 0 {
		return config.Variable{}, false
	}
	return config.Variables[i], true
}

// showVariable returns the part of a variable's value that may be shown.
func showVariable(name, value string) string {
	v, _ := variable(name)
	v.Secrecy = secrecy(name)
	return v.Show(value)
}

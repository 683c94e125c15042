package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"vodevents/shared/config"
)

// mask takes secrets out of texts. It knows the keys, the values of variables that
// are not for everybody's eyes, and what [mask.add] was given.
type mask struct {
	secrets  []string // longest first
	replacer *strings.Replacer
}

// newMask returns a mask of the keys in an environment.
func newMask(getenv func(string) string) *mask {
	m := &mask{replacer: strings.NewReplacer()}
	for _, name := range []string{"TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"} {
		m.add(getenv(name))
	}
	for _, v := range config.Variables {
		m.variable(v.Name, getenv(v.Name))
	}
	return m
}

// variable adds what is secret in a variable's value.
func (m *mask) variable(name, value string) {
	switch secrecy(name) {
	case config.Open:
	case config.URLs:
		for _, word := range strings.Fields(value) {
			if shown := showVariable(name, word); shown != word && strings.TrimSuffix(word, "/") != shown {
				m.add(word)
				if u, err := url.Parse(word); err == nil {
					if password, set := u.User.Password(); set {
						m.add(password)
					}
					for _, values := range u.Query() {
						for _, v := range values {
							m.add(v)
						}
					}
				}
			}
		}
	default:
		m.add(value)
		for part := range strings.SplitSeq(value, ",") {
			m.add(strings.TrimSpace(part))
		}
	}
}

// add adds a secret, and the ways in which JSON and URLs write it. What is shorter
// than 6 bytes is nobody's secret, and would mask half a text.
func (m *mask) add(secret string) {
	if len(secret) < 6 {
		return
	}
	quoted, _ := json.Marshal(secret)
	for _, s := range []string{secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), url.PathEscape(secret)} {
		if !slices.Contains(m.secrets, s) {
			m.secrets = append(m.secrets, s)
		}
	}
	slices.SortStableFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, s := range m.secrets {
		pairs = append(pairs, s, "(masked)")
	}
	m.replacer = strings.NewReplacer(pairs...)
}

// Replace returns the text with (masked) in place of secrets.
func (m *mask) Replace(text string) string { return m.replacer.Replace(text) }

// secrecy says what may be shown of a variable. A name that this project does not
// know is somebody's secret.
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

// showVariable is what may be shown of a variable's value.
func showVariable(name, value string) string {
	v, known := variable(name)
	if !known {
		v.Secrecy = config.Secret
	}
	return v.Show(value)
}

// Package safeurl parses and shows URLs that may hold secrets.
//
// A password with an unescaped / ? or # in it moves the end of the host
// forward: in postgres://admin:2024/s3cret@db the host is admin and the port
// 2024. So a host is shown only where no @ follows it.
package safeurl

import (
	"errors"
	"net/url"
	"strings"
)

// Advice is what to do about a URL that does not parse.
const Advice = "in user and password write # as %23, / as %2F, ? as %3F, @ as %40, : as %3A and % as %25"

// ErrNotURL is the error of [Parse]. It quotes nothing, while the errors of
// net/url quote the part that they dislike.
var ErrNotURL = errors.New("not a URL; " + Advice)

// Show returns what may be shown of a URL: its scheme and host, or all hosts
// of a list. It returns the scheme and a colon where the URL has no host, does
// not parse or has an @ behind the host, and "(not a URL)" where there is not
// even a scheme.
func Show(raw string) string {
	scheme, rest, ok := strings.Cut(raw, ":")
	if !ok || !isScheme(scheme) {
		return "(not a URL)"
	}
	scheme += ":"
	u, err := Parse(raw)
	if err != nil || u.Host == "" {
		return scheme
	}
	authority, rest := split(strings.TrimPrefix(rest, "//"))
	if strings.Contains(rest, "@") {
		return scheme
	}
	return scheme + "//" + authority[strings.LastIndexByte(authority, '@')+1:]
}

// HasLateAt tells whether an @ follows the host of a URL. Mostly that is the
// end of a password that holds an unescaped / ? or #.
func HasLateAt(raw string) bool {
	_, rest, _ := strings.Cut(raw, "://")
	_, rest = split(rest)
	return strings.Contains(rest, "@")
}

// Parse is [url.Parse] with an error that shows nothing of the URL. In a list
// of hosts, as kafka:// has it, it sees the last one: a list with ports is no
// URL to net/url.
func Parse(raw string) (*url.URL, error) {
	if rest, ok := strings.CutPrefix(raw, "kafka://"); ok {
		authority, rest := split(rest)
		at := strings.LastIndexByte(authority, '@') + 1
		if comma := strings.LastIndexByte(authority[at:], ','); comma >= 0 && !strings.Contains(rest, "@") {
			raw = "kafka://" + authority[:at] + authority[at+comma+1:] + rest
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, ErrNotURL
	}
	return u, nil
}

// split cuts what follows :// behind its authority, the user and the hosts.
func split(s string) (authority, rest string) {
	if end := strings.IndexAny(s, "/?#"); end >= 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

// isScheme is the grammar of RFC 3986, 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		letter := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}

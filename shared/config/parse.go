package config

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"vodevents/shared/internal/endpoint"
	"vodevents/shared/internal/safeurl"
)

func (r *reader) subAppIds() []uint64 {
	v := r.get()
	if v == "" {
		return nil
	}
	var ids []uint64
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		id, err := strconv.ParseUint(s, 10, 64)
		if err != nil || id == 0 {
			r.fail("%s is not an application ID; write decimal numbers from 1 to %d, separated by commas", quote(s), uint64(math.MaxUint64))
			return nil
		}
		if slices.Contains(ids, id) {
			r.fail("%d is there twice; remove one", id)
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (r *reader) endpoint() string {
	scheme, host, err := endpoint.Parse(r.get())
	if err != nil {
		r.fail("%v", err)
		return ""
	}
	return scheme + "://" + host
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// hasOnly tells whether s has no other characters. A regular expression would
// say the same and cost each start of the function 1 ms.
func hasOnly(s, characters string) bool { return strings.Trim(s, characters) == "" }

func (r *reader) region() string {
	v := r.get()
	if len(v) > 64 || !hasOnly(v, lower+digits+"-") {
		r.fail("%s is not a region; write one such as ap-guangzhou, or remove the variable", quote(v))
	}
	return v
}

// maxSignKey is the longest SignKey that ModifyEventConfig takes.
const maxSignKey = 32

func (r *reader) signKeys() []string {
	v := r.get()
	if v == "" {
		return nil
	}
	var keys []string
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		n := len(keys) + 1
		switch {
		case s == "":
			r.fail("key %d is empty; separate keys by one comma", n)
			return nil
		case !hasOnly(s, lower+upper+digits):
			r.fail("key %d has a character that is neither a letter nor a digit; VOD's sign key has none", n)
			return nil
		case len(s) > maxSignKey:
			r.fail("key %d has %d characters; VOD's sign key has at most %d", n, len(s), maxSignKey)
			return nil
		case slices.Contains(keys, s):
			r.fail("keys %d and %d are the same; remove one", slices.Index(keys, s)+1, n)
			return nil
		}
		keys = append(keys, s)
	}
	return keys
}

// checkURL checks the syntax alone: which schemes there are is known where
// they are opened. what names the URL in the error.
func (r *reader) checkURL(what, v string) bool {
	u, err := safeurl.Parse(v)
	if err != nil || u.Scheme == "" {
		r.fail("%s is not a URL; write SCHEME:…, with each of @ : / ? # %% in a user name or password percent-encoded", what)
		return false
	}
	return true
}

func (r *reader) sinks() []string {
	urls := strings.Fields(r.get())
	for i, u := range urls {
		if !r.checkURL(fmt.Sprintf("entry %d", i+1), u) {
			return nil
		}
		if first := slices.Index(urls, u); first < i {
			r.fail("entries %d and %d (%s) are the same; remove one", first+1, i+1, showURL(u))
			return nil
		}
	}
	return urls
}

func (r *reader) deadLetter() string {
	v := r.get()
	switch {
	case v == "":
	case len(strings.Fields(v)) > 1:
		r.fail("there is white space in the value; it takes one URL, with %%20 for a space")
	default:
		r.checkURL("the value", v)
	}
	return v
}

func (r *reader) dedup() string {
	v := r.get()
	switch {
	case v == DedupOff:
	case len(strings.Fields(v)) > 1 || !strings.Contains(v, ":"):
		r.fail("the value must be memory:, a URL postgres://… or mysql://…, or off")
	default:
		r.checkURL("the value", v)
	}
	return v
}

func (r *reader) pullUntil() string {
	v := r.get()
	if v != "empty" && v != "deadline" {
		r.fail("%s is neither empty nor deadline", quote(v))
	}
	return v
}

// ask is the value of CALLBACK_VERIFY with which VOD is asked.
const ask = "ask"

func (r *reader) ask() bool {
	v := r.get()
	if v != "off" && v != ask {
		r.fail("%s is neither off nor ask", quote(v))
	}
	return v == ask
}

func (r *reader) rate() float64 {
	v := r.get()
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0 && f <= 1e6) {
		r.fail("%s is not a rate; write calls a second, such as 100, or 0 to pause", quote(v))
		return 0
	}
	return f
}

func (r *reader) count() int {
	v := r.get()
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1e6 {
		r.fail("%s is not a whole number from 1 to 1000000", quote(v))
		return 0
	}
	return n
}

// schemaBase is part of every event, so it holds no secret.
func (r *reader) schemaBase() string {
	s := r.get()
	if s == "" {
		return ""
	}
	u, err := safeurl.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(s, "?#") {
		r.fail("not the URL of a folder; write https://HOST/PATH, without user, ? and #")
		return ""
	}
	return strings.TrimRight(s, "/")
}

func (r *reader) listenAddr() string {
	v := r.get()
	if v == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.fail("%s is not an address; write HOST:PORT, or :PORT for every interface", quote(v))
		return ""
	}
	return v
}

func (r *reader) silence() time.Duration {
	v := r.get()
	if v == "" {
		return 0
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		r.fail("%s is not a duration; write one such as 6h or 90m, or remove the variable", quote(v))
		return 0
	}
	return d
}

// levels are all that LOG_LEVEL may say. slog takes ERROR+1 as well, which is
// above every line that is written.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func (r *reader) logLevel() slog.Level {
	v := r.get()
	level, ok := levels[strings.ToLower(v)]
	if !ok {
		r.fail("%s is not a level; write debug, info, warn or error", quote(v))
	}
	return level
}

// quote shows a value that is not secret, cut short: it may be there by
// mistake.
func quote(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

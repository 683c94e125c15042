package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	"vodevents/shared/internal/safeurl"
)

// The defaults of the variables that have one.
const (
	DefaultEndpoint        = "https://vod.tencentcloudapi.com"
	DefaultSink            = "stdout:"
	DefaultDedup           = "memory:"
	DefaultPullRate        = 100 // VOD's limit for PullEvents (266/33433)
	DefaultPullConcurrency = 16
	DefaultMaxAttempts     = 5
)

// DedupOff is the value of [Config.Dedup] without a store.
const DedupOff = "off"

// PullUntil says when an invocation of pull ends.
type PullUntil string

const (
	// UntilEmpty stops at the first poll that finds the queue empty. It is the
	// default.
	UntilEmpty PullUntil = "empty"

	// UntilDeadline keeps polling until the invocation's time is nearly over.
	UntilDeadline PullUntil = "deadline"
)

// Config is the checked environment.
type Config struct {
	// SubAppIds are the applications that pull drains; VOD_SUB_APP_IDS.
	// Accounts that activated VOD from 2023-12-25 on need at least one
	// (266/33433). Default none: the account's default application.
	SubAppIds []uint64

	// Endpoint is the VOD API, always with its scheme and without a path;
	// VOD_ENDPOINT. Default [DefaultEndpoint].
	Endpoint string

	// Region is sent as X-TC-Region; VOD_REGION. Default none.
	Region string

	// SignKeys are the keys any one of which may have signed a callback;
	// CALLBACK_SIGN_KEY. Letters and digits, at most 32 (ModifyEventConfig's
	// SignKey). Default none: callbacks are not checked. Secret.
	SignKeys []string

	// Sinks are the URLs of the places that must all have an event; SINK.
	// Default [DefaultSink]. A URL may hold secrets.
	Sinks []string

	// DeadLetter is the URL for events that can never be delivered;
	// DEAD_LETTER. Default none: they go whole into the log. May hold secrets.
	DeadLetter string

	// Dedup is the URL of the store that tells repeated events, or [DedupOff];
	// DEDUP. Default [DefaultDedup]. May hold secrets.
	Dedup string

	// PullUntil is PULL_UNTIL. Default [UntilEmpty].
	PullUntil PullUntil

	// PullRate is the most PullEvents calls a second, and ConfirmEvents calls
	// likewise; 0 pauses; PULL_RATE. Default [DefaultPullRate].
	PullRate float64

	// PullConcurrency is the most pulls in flight, at least 1;
	// PULL_CONCURRENCY. Default [DefaultPullConcurrency].
	PullConcurrency int

	// MaxAttempts is how often an event may fail by its own fault before it is
	// parked, at least 1; MAX_ATTEMPTS. Default [DefaultMaxAttempts].
	MaxAttempts int

	// ListenAddr is where callback listens on an ordinary host; LISTEN_ADDR.
	// It is empty when the variable is unset, because a set one also chooses
	// the HTTP server over SCF's runtime. Package scf has the default.
	ListenAddr string

	// LogLevel is the least level that is logged; LOG_LEVEL. Default
	// [slog.LevelInfo].
	LogLevel slog.Level
}

// substituted are variables that Read does not keep but checks for a missing
// substitution, because what follows from it is hard to read: a signature that
// VOD refuses.
var substituted = []string{
	"VOD_SECRET_ID", "VOD_SECRET_KEY", "VOD_TOKEN",
	"TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN",
	"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY",
}

// Read reads and checks the environment through getenv, which is [os.Getenv]
// but in tests. The error has one line for each variable that is wrong, in the
// order of the package's table, and holds nothing secret; the Config is then
// of no use.
func Read(getenv func(string) string) (Config, error) {
	r := reader{getenv: getenv}
	c := Config{
		SubAppIds:       r.subAppIds("VOD_SUB_APP_IDS"),
		Endpoint:        r.endpoint("VOD_ENDPOINT"),
		Region:          r.region("VOD_REGION"),
		SignKeys:        r.signKeys("CALLBACK_SIGN_KEY"),
		Sinks:           r.sinks("SINK"),
		DeadLetter:      r.deadLetter("DEAD_LETTER"),
		Dedup:           r.dedup("DEDUP"),
		PullUntil:       r.pullUntil("PULL_UNTIL"),
		PullRate:        r.rate("PULL_RATE", DefaultPullRate),
		PullConcurrency: r.count("PULL_CONCURRENCY", DefaultPullConcurrency),
		MaxAttempts:     r.count("MAX_ATTEMPTS", DefaultMaxAttempts),
		ListenAddr:      r.listenAddr("LISTEN_ADDR"),
		LogLevel:        r.logLevel("LOG_LEVEL"),
	}
	for _, name := range substituted {
		r.get(name)
	}
	return c, errors.Join(r.errs...)
}

// reader gathers one error for each bad variable.
type reader struct {
	getenv func(string) string
	errs   []error
}

func (r *reader) fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf(name+": "+format, args...))
}

// get returns the variable without the white space around it, or an empty
// string when it is unset or was never substituted.
func (r *reader) get(name string) string {
	v := strings.TrimSpace(r.getenv(name))
	switch {
	case v == "undefined":
		r.fail(name, `the value is "undefined": the deployment had no value for it; set it, or remove the variable`)
	case strings.Contains(v, "${env:"):
		r.fail(name, `the value holds "${env:": the deployment did not substitute it; set that variable where you deploy, or remove this one`)
	default:
		return v
	}
	return ""
}

func (r *reader) subAppIds(name string) []uint64 {
	v := r.get(name)
	if v == "" {
		return nil
	}
	var ids []uint64
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		id, err := strconv.ParseUint(s, 10, 64)
		if err != nil || id == 0 {
			r.fail(name, "%s is not an application ID; write decimal numbers from 1 to %d, separated by commas", quote(s), uint64(math.MaxUint64))
			return nil
		}
		if slices.Contains(ids, id) {
			r.fail(name, "%d is there twice; remove one", id)
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (r *reader) endpoint(name string) string {
	v := r.get(name)
	if v == "" {
		return DefaultEndpoint
	}
	if !strings.Contains(v, "://") {
		v = "https://" + v
	}
	u, err := safeurl.Parse(v)
	switch {
	case err != nil || u.Hostname() == "":
		r.fail(name, "not an address; write a host such as vod.tencentcloudapi.com, or http://127.0.0.1:PORT")
	case u.Scheme != "https" && u.Scheme != "http":
		r.fail(name, "%s: the scheme must be https or http", ShowURL(v))
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		r.fail(name, "%s: only scheme, host and port may stand here; keys belong in VOD_SECRET_ID and VOD_SECRET_KEY", strings.TrimSuffix(ShowURL(v), ":"))
	default:
		return u.Scheme + "://" + u.Host
	}
	return ""
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// hasOnly tells whether s has no other characters. A regular expression would
// say the same and cost each start of the function 1 ms.
func hasOnly(s, characters string) bool { return strings.Trim(s, characters) == "" }

func (r *reader) region(name string) string {
	v := r.get(name)
	if len(v) > 64 || !hasOnly(v, lower+digits+"-") {
		r.fail(name, "%s is not a region; write one such as ap-guangzhou, or remove the variable", quote(v))
	}
	return v
}

// maxSignKey is the longest SignKey that ModifyEventConfig takes.
const maxSignKey = 32

func (r *reader) signKeys(name string) []string {
	v := r.get(name)
	if v == "" {
		return nil
	}
	var keys []string
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		n := len(keys) + 1
		switch {
		case s == "":
			r.fail(name, "key %d is empty; separate keys by one comma", n)
			return nil
		case !hasOnly(s, lower+upper+digits):
			r.fail(name, "key %d has a character that is neither a letter nor a digit; VOD's sign key has none", n)
			return nil
		case len(s) > maxSignKey:
			r.fail(name, "key %d has %d characters; VOD's sign key has at most %d", n, len(s), maxSignKey)
			return nil
		case slices.Contains(keys, s):
			r.fail(name, "keys %d and %d are the same; remove one", slices.Index(keys, s)+1, n)
			return nil
		}
		keys = append(keys, s)
	}
	return keys
}

// checkURL checks the syntax alone: which schemes there are is known where
// they are opened. what names the URL in the error.
func (r *reader) checkURL(name, what, v string) bool {
	u, err := safeurl.Parse(v)
	if err != nil || u.Scheme == "" {
		r.fail(name, "%s is not a URL; write SCHEME:…, with each of @ : / ? # %% in a user name or password percent-encoded", what)
		return false
	}
	return true
}

func (r *reader) sinks(name string) []string {
	v := r.get(name)
	if v == "" {
		v = DefaultSink
	}
	urls := strings.Fields(v)
	for i, u := range urls {
		if !r.checkURL(name, fmt.Sprintf("entry %d", i+1), u) {
			return nil
		}
		if first := slices.Index(urls, u); first < i {
			r.fail(name, "entries %d and %d (%s) are the same; remove one", first+1, i+1, ShowURL(u))
			return nil
		}
	}
	return urls
}

func (r *reader) deadLetter(name string) string {
	v := r.get(name)
	switch {
	case v == "":
	case len(strings.Fields(v)) > 1:
		r.fail(name, "there is white space in the value; it takes one URL, with %%20 for a space")
	default:
		r.checkURL(name, "the value", v)
	}
	return v
}

func (r *reader) dedup(name string) string {
	v := r.get(name)
	switch {
	case v == "":
		return DefaultDedup
	case v == DedupOff:
	case len(strings.Fields(v)) > 1 || !strings.Contains(v, ":"):
		r.fail(name, "the value must be memory:, a URL postgres://…, or off")
	default:
		r.checkURL(name, "the value", v)
	}
	return v
}

func (r *reader) pullUntil(name string) PullUntil {
	switch v := PullUntil(r.get(name)); v {
	case "":
		return UntilEmpty
	case UntilEmpty, UntilDeadline:
		return v
	default:
		r.fail(name, "%s is neither empty nor deadline", quote(string(v)))
		return v
	}
}

func (r *reader) rate(name string, byDefault float64) float64 {
	v := r.get(name)
	if v == "" {
		return byDefault
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0 && f <= 1e6) {
		r.fail(name, "%s is not a rate; write calls a second, such as 100, or 0 to pause", quote(v))
	}
	return f
}

func (r *reader) count(name string, byDefault int) int {
	v := r.get(name)
	if v == "" {
		return byDefault
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1e6 {
		r.fail(name, "%s is not a whole number from 1 to 1000000", quote(v))
	}
	return n
}

func (r *reader) listenAddr(name string) string {
	v := r.get(name)
	if v == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		r.fail(name, "%s is not an address; write HOST:PORT, or :PORT for every interface", quote(v))
	}
	return v
}

func (r *reader) logLevel(name string) slog.Level {
	v := r.get(name)
	if v == "" {
		return slog.LevelInfo
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(v)); err != nil {
		r.fail(name, "%s is not a level; write debug, info, warn or error", quote(v))
	}
	return l
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

// ShowURL is what may be shown of a URL of SINK, DEAD_LETTER, DEDUP or
// VOD_ENDPOINT: scheme and host. "off" and "" are shown as they are.
func ShowURL(raw string) string {
	if raw == DedupOff || raw == "" {
		return raw
	}
	return safeurl.Show(raw)
}

// LogValue is the configuration without its secrets: of a sign key that it is
// there, of a URL scheme and host.
func (c Config) LogValue() slog.Value {
	sinks := make([]string, len(c.Sinks))
	for i, s := range c.Sinks {
		sinks[i] = ShowURL(s)
	}
	return slog.GroupValue(
		slog.Any("sub_app_ids", c.SubAppIds),
		slog.String("endpoint", ShowURL(c.Endpoint)),
		slog.String("region", c.Region),
		slog.Int("sign_keys", len(c.SignKeys)),
		slog.Any("sinks", sinks),
		slog.String("dead_letter", ShowURL(c.DeadLetter)),
		slog.String("dedup", ShowURL(c.Dedup)),
		slog.String("pull_until", string(c.PullUntil)),
		slog.Float64("pull_rate", c.PullRate),
		slog.Int("pull_concurrency", c.PullConcurrency),
		slog.Int("max_attempts", c.MaxAttempts),
		slog.String("listen_addr", c.ListenAddr),
		slog.String("log_level", c.LogLevel.String()),
	)
}

// String is [Config.LogValue] as text.
func (c Config) String() string { return c.LogValue().String() }

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

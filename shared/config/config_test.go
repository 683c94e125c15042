package config

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vodevents/shared/scf"
)

func env(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

func defaults() Config {
	return Config{
		Endpoint:        "https://vod.tencentcloudapi.com",
		Sinks:           []string{"stdout:"},
		Dedup:           "memory:",
		PullRate:        100,
		PullUntil:       "empty",
		PullConcurrency: 16,
		MaxAttempts:     5,
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  map[string]string
		want func(*Config)
	}{
		{"nothing set", nil, func(*Config) {}},
		{"empty is unset", map[string]string{
			"VOD_SUB_APP_IDS": "", "VOD_ENDPOINT": " ", "VOD_REGION": "", "CALLBACK_SIGN_KEY": "", "CALLBACK_VERIFY": "",
			"SINK": " \n", "DEAD_LETTER": "", "DEDUP": "", "PULL_UNTIL": "", "PULL_RATE": "",
			"PULL_CONCURRENCY": "", "MAX_ATTEMPTS": "", "SCHEMA_BASE": "", "ALERT_SILENCE": "", "LISTEN_ADDR": "", "PULL_LISTEN_ADDR": "", "LOG_LEVEL": "",
		}, func(*Config) {}},
		{"all set", map[string]string{
			"VOD_SUB_APP_IDS":   "1490012345,18446744073709551615",
			"VOD_ENDPOINT":      "http://127.0.0.1:8081/",
			"VOD_REGION":        "ap-guangzhou",
			"CALLBACK_SIGN_KEY": "new1, old2",
			"CALLBACK_VERIFY":   "ask",
			"SINK":              "stdout: kafka://b1:9092,b2:9092/vod file:/tmp/a%20b",
			"DEAD_LETTER":       "file:/tmp/dead",
			"DEDUP":             "postgres://u:p@h/db",
			"PULL_UNTIL":        "deadline",
			"PULL_RATE":         "0.5",
			"PULL_CONCURRENCY":  "1",
			"MAX_ATTEMPTS":      "1",
			"SCHEMA_BASE":       "https://example.com/vod",
			"ALERT_SILENCE":     "1h30m",
			"LISTEN_ADDR":       "127.0.0.1:0",
			"PULL_LISTEN_ADDR":  ":9100",
			"LOG_LEVEL":         "debug",
		}, func(c *Config) {
			*c = Config{
				SubAppIds:       []uint64{1490012345, 18446744073709551615},
				Endpoint:        "http://127.0.0.1:8081",
				Region:          "ap-guangzhou",
				SignKeys:        []string{"new1", "old2"},
				Ask:             true,
				Sinks:           []string{"stdout:", "kafka://b1:9092,b2:9092/vod", "file:/tmp/a%20b"},
				DeadLetter:      "file:/tmp/dead",
				Dedup:           "postgres://u:p@h/db",
				PullUntil:       "deadline",
				PullRate:        0.5,
				PullConcurrency: 1,
				MaxAttempts:     1,
				SchemaBase:      "https://example.com/vod",
				AlertSilence:    90 * time.Minute,
				PullListenAddr:  ":9100",
				LogLevel:        slog.LevelDebug,
			}
		}},
		{"white space around values", map[string]string{"VOD_SUB_APP_IDS": " 1 , 2\n", "PULL_RATE": "0\n"},
			func(c *Config) { c.SubAppIds, c.PullRate = []uint64{1, 2}, 0 }},
		{"an endpoint without scheme", map[string]string{"VOD_ENDPOINT": "vod.intl.tencentcloudapi.com"},
			func(c *Config) { c.Endpoint = "https://vod.intl.tencentcloudapi.com" }},
		{"brokers with and without ports", map[string]string{"SINK": "kafka://u%2Cx:p%2Fq@[::1]:9092,b2/vod kafka://b1:9092,[::1]/vod?tls=true kafka://b1,b2"},
			func(c *Config) {
				c.Sinks = []string{"kafka://u%2Cx:p%2Fq@[::1]:9092,b2/vod", "kafka://b1:9092,[::1]/vod?tls=true", "kafka://b1,b2"}
			}},
		{"the schemas' folder with a slash", map[string]string{"SCHEMA_BASE": "https://example.com/vod/"}, func(c *Config) { c.SchemaBase = "https://example.com/vod" }},
		{"a level in capitals", map[string]string{"LOG_LEVEL": "Warn"}, func(c *Config) { c.LogLevel = slog.LevelWarn }},
		{"no store", map[string]string{"DEDUP": "off"}, func(c *Config) { c.Dedup = DedupOff }},
		{"credentials are not kept", map[string]string{"VOD_SECRET_ID": "id", "VOD_SECRET_KEY": "key"}, func(*Config) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			test.want(&want)
			got, err := Read(env(test.env), Both)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const (
		notID        = ` is not an application ID; write decimal numbers from 1 to 18446744073709551615, separated by commas`
		notURL       = ` is not a URL; write SCHEME:…, with each of @ : / ? # % in a user name or password percent-encoded`
		undefined    = `the value is "undefined": the deployment had no value for it; set it, or remove the variable`
		unexpanded   = `the value holds "${env:": the deployment did not substitute it; set that variable where you deploy, or remove this one`
		notFolder    = `not the URL of a folder; write https://HOST/PATH, without user, ? and #`
		endpointOnly = `only scheme, host and port may stand here; keys have variables of their own`
	)
	for _, test := range []struct{ name, value, want string }{
		{"VOD_SUB_APP_IDS", "0", `"0"` + notID},
		{"VOD_SUB_APP_IDS", "-1", `"-1"` + notID},
		{"VOD_SUB_APP_IDS", "+1", `"+1"` + notID},
		{"VOD_SUB_APP_IDS", "18446744073709551616", `"18446744073709551616"` + notID},
		{"VOD_SUB_APP_IDS", "1,", `""` + notID},
		{"VOD_SUB_APP_IDS", "1 2", `"1 2"` + notID},
		{"VOD_SUB_APP_IDS", strings.Repeat("x", 50), `"` + strings.Repeat("x", 40) + `…"` + notID},
		{"VOD_SUB_APP_IDS", "7,8,07", `7 is there twice; remove one`},
		{"VOD_ENDPOINT", "ftp://vod.example.com", `ftp://vod.example.com: the scheme must be https or http`},
		{"VOD_ENDPOINT", "https://", `not an address; write a host, https://HOST or http://HOST:PORT`},
		{"VOD_ENDPOINT", "https://id:s3cret@vod.example.com", `https://vod.example.com: ` + endpointOnly},
		{"VOD_ENDPOINT", "vod.example.com?key=s3cret", `https://vod.example.com: ` + endpointOnly},
		{"VOD_ENDPOINT", "https://s3cret:2024/word@vod.example.com", `https: ` + endpointOnly},
		{"VOD_ENDPOINT", "vod.example.com/s3cret", `https://vod.example.com: ` + endpointOnly},
		{"VOD_REGION", "ap guangzhou", `"ap guangzhou" is not a region; write one such as ap-guangzhou, or remove the variable`},
		{"CALLBACK_SIGN_KEY", "s3cret,", `key 2 is empty; separate keys by one comma`},
		{"CALLBACK_SIGN_KEY", "ok,s3cret!", `key 2 has a character that is neither a letter nor a digit; VOD's sign key has none`},
		{"CALLBACK_SIGN_KEY", strings.Repeat("s", 33), `key 1 has 33 characters; VOD's sign key has at most 32`},
		{"CALLBACK_SIGN_KEY", "a,s3cret,s3cret", `keys 2 and 3 are the same; remove one`},
		{"CALLBACK_VERIFY", "on", `"on" is neither off nor ask`},
		{"SINK", "stdout", `entry 1` + notURL},
		{"SINK", "stdout: postgres://u:s3/cret@db/x", `entry 2` + notURL},
		{"SINK", "http://h/?secret=s3cret file:x http://h/?secret=s3cret", `entries 1 and 3 (http://h) are the same; remove one`},
		{"SINK", "stdout: stdout:", `entries 1 and 2 (stdout:) are the same; remove one`},
		{"SINK", "kafka://u:s3,cret/x@b1,b2/t", `entry 1` + notURL},
		{"DEAD_LETTER", "file:/a b", `there is white space in the value; it takes one URL, with %20 for a space`},
		{"DEAD_LETTER", "/var/s3cret", `the value` + notURL},
		{"DEDUP", "on", `the value must be memory:, a URL postgres://… or mysql://…, or off`},
		{"DEDUP", "memory: off", `the value must be memory:, a URL postgres://… or mysql://…, or off`},
		{"DEDUP", "postgres://u:s3#cret@h", `the value` + notURL},
		{"PULL_UNTIL", "forever", `"forever" is neither empty nor deadline`},
		{"PULL_RATE", "-1", `"-1" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_RATE", "NaN", `"NaN" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_RATE", "fast", `"fast" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_CONCURRENCY", "0", `"0" is not a whole number from 1 to 1000000`},
		{"PULL_CONCURRENCY", "1.5", `"1.5" is not a whole number from 1 to 1000000`},
		{"MAX_ATTEMPTS", "0", `"0" is not a whole number from 1 to 1000000`},
		{"ALERT_SILENCE", "6", `"6" is not a duration; write one such as 6h or 90m, or remove the variable`},
		{"ALERT_SILENCE", "0s", `"0s" is not a duration; write one such as 6h or 90m, or remove the variable`},
		{"ALERT_SILENCE", "-6h", `"-6h" is not a duration; write one such as 6h or 90m, or remove the variable`},
		{"PULL_LISTEN_ADDR", "9100", `"9100" is not an address; write HOST:PORT, or :PORT for every interface`},
		{"LISTEN_ADDR", "8080", `"8080" is not an address; write HOST:PORT, or :PORT for every interface`},
		{"LISTEN_ADDR", ":99999", `":99999" is not an address; write HOST:PORT, or :PORT for every interface`},
		{"SCHEMA_BASE", "example.com/vod", notFolder},
		{"SCHEMA_BASE", "file:/vod", notFolder},
		{"SCHEMA_BASE", "https:///vod", notFolder},
		{"SCHEMA_BASE", "https://user:hunter2@example.com/vod", notFolder},
		{"SCHEMA_BASE", "https://example.com/vod?key=hunter2", notFolder},
		{"SCHEMA_BASE", "https://example.com/vod#x", notFolder},
		{"SCHEMA_BASE", "undefined", undefined},
		{"LOG_LEVEL", "loud", `"loud" is not a level; write debug, info, warn or error`},
		{"LOG_LEVEL", "ERROR+1", `"ERROR+1" is not a level; write debug, info, warn or error`},
		{"LOG_LEVEL", "info-4", `"info-4" is not a level; write debug, info, warn or error`},
		{"LOG_LEVEL", "0", `"0" is not a level; write debug, info, warn or error`},
		{"LOG_LEVEL", "undefined", undefined},
		{"SINK", "stdout: ${env:OTHER}", unexpanded},
		{"CALLBACK_SIGN_KEY", "${env:KEY}", unexpanded},
		{"VOD_SECRET_ID", "undefined", undefined},
		{"VOD_SECRET_KEY", "${env:s3cret}", unexpanded},
		{"VOD_TOKEN", "undefined", undefined},
		{"TENCENTCLOUD_SECRETID", "undefined", undefined},
		{"TENCENTCLOUD_SECRETKEY", "undefined", undefined},
		{"TENCENTCLOUD_SESSIONTOKEN", "undefined", undefined},
		{"TENCENTCLOUD_SECRET_ID", "undefined", undefined},
		{"TENCENTCLOUD_SECRET_KEY", "undefined", undefined},
	} {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			t.Parallel()
			_, err := Read(env(map[string]string{test.name: test.value}), Both)
			if err == nil {
				t.Fatal("no error")
			}
			if got, want := err.Error(), test.name+": "+test.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if strings.Contains(err.Error(), "s3") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

// A function is stopped by what it uses, and by nothing else.
func TestOnlyWhatAFunctionUses(t *testing.T) {
	t.Parallel()
	const bad = "undefined" // for each of them
	for _, v := range Variables {
		getenv := env(map[string]string{v.Name: bad})
		for _, f := range []Functions{Callback, Pull, Both} {
			_, err := Read(getenv, f)
			if uses := v.Used&f != 0; (err != nil) != uses || Bad(err, v.Name) != uses {
				t.Errorf("bad %s, read for %v: %v", v.Name, f, err)
			}
		}
	}
	if _, err := Read(env(map[string]string{"TENCENTCLOUD_SECRETID": bad, "PULL_RATE": "x"}), Callback); err != nil {
		t.Errorf("for callback: %v", err)
	}
}

// Beside a bad variable the others are as good as without it: a callback can
// still be verified when its SINK is wrong.
func TestGoodBesideBad(t *testing.T) {
	t.Parallel()
	c, err := Read(env(map[string]string{
		"CALLBACK_SIGN_KEY": "k1,k2", "SINK": "nothing", "DEDUP": "${env:X}", "DEAD_LETTER": "file:/d", "LOG_LEVEL": "loud", "VOD_SUB_APP_IDS": "7",
	}), Callback)
	for name, want := range map[string]bool{"SINK": true, "DEDUP": true, "LOG_LEVEL": true, "CALLBACK_SIGN_KEY": false, "DEAD_LETTER": false, "PULL_RATE": false} {
		if Bad(err, name) != want {
			t.Errorf("Bad(%s) = %v of %v", name, !want, err)
		}
	}
	if !slices.Equal(c.SignKeys, []string{"k1", "k2"}) || c.DeadLetter != "file:/d" || !slices.Equal(c.SubAppIds, []uint64{7}) {
		t.Errorf("the good variables gave %+v", c)
	}
	wrapped := fmt.Errorf("reading: %w", err)
	if !Bad(wrapped, "SINK") || Bad(wrapped, "DEAD_LETTER") || Bad(nil, "SINK") || Bad(errors.New("SINK: x"), "SINK") {
		t.Error("Bad looks in the wrong place")
	}
	if c, err := Read(env(map[string]string{"CALLBACK_SIGN_KEY": "k1,!", "SINK": "file:/s"}), Callback); !Bad(err, "CALLBACK_SIGN_KEY") || c.SignKeys != nil {
		t.Errorf("a bad key: %v, %v; no key may be left to check by", c.SignKeys, err)
	}
}

func TestVariablesAreDescribed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range Variables {
		if n := len(strings.Fields(v.Meaning)); n == 0 || n > 12 {
			t.Errorf("%s: its meaning has %d words, want 1 to 12", v.Name, n)
		}
		if v.Used == 0 || seen[v.Name] || strings.Contains(v.Meaning+v.Default, "|") {
			t.Errorf("%s: used by nobody, listed twice, or not fit for a table", v.Name)
		}
		seen[v.Name] = true
	}
}

// LISTEN_ADDR is read by package scf, which knows the default too.
func TestListenAddr(t *testing.T) {
	t.Parallel()
	for _, v := range Variables {
		if v.Name == "LISTEN_ADDR" && v.Default != scf.DefaultAddr {
			t.Errorf("the default is %q here and %q there", v.Default, scf.DefaultAddr)
		}
	}
}

func TestShowHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ value, want string }{
		"CALLBACK_SIGN_KEY": {"s3cret1,s3cret2", "(set)"},
		"VOD_SECRET_ID":     {"s3cret", "(set)"},
		"VOD_SECRET_KEY":    {"s3cret", "(set)"},
		"VOD_TOKEN":         {"s3cret", "(set)"},
		"VOD_ENDPOINT":      {"vod.example.com", "vod.example.com"},
		"SINK":              {"http://u:s3cret@sink.example.com/s3cret?secret=s3cret  file:/s3cret stdout:", "http://sink.example.com file: stdout:"},
		"DEAD_LETTER":       {"kafka://u:s3cret@b1:1,b2:2/s3cret", "kafka://b1:1,b2:2"},
		"DEDUP":             {"off", "off"},
		"PULL_RATE":         {"50", "50"},
		"LOG_LEVEL":         {"", ""},
	} {
		for _, v := range Variables {
			if v.Name == name && v.Show(tt.value) != tt.want {
				t.Errorf("%s is shown as %q, want %q", name, v.Show(tt.value), tt.want)
			}
		}
	}
	for _, v := range Variables {
		for _, value := range []string{"postgres://admin:2024/s3cret@db/x", "stdout: postgres://admin:2024 s3cret@db:5432/x", "postgres://u:pass word:2024 x@db/x", "kafka://admin2024: x@b1:1/t", "postgres://admin:2024 x@db/y,mysql://h/z"} {
			if v.Secrecy == URLs && strings.Contains(v.Show(value), "2024") {
				t.Errorf("%s shows a part of a password: %s", v.Name, v.Show(value))
			}
		}
	}
}

var update = flag.Bool("update", false, "write the table of variables into the README")

// The README has the table. go test ./shared/config -update puts it there.
func TestReadme(t *testing.T) {
	const path, head = "../../README.md", "| variable | used by |"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), head)
	table, after, _ := strings.Cut(head+rest, "\n\n")
	switch {
	case !ok:
		t.Fatalf("README.md has no table that begins with %q", head)
	case table+"\n" == Markdown():
	case *update:
		if err := os.WriteFile(path, []byte(before+Markdown()+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table of README.md is not that of Variables; go test ./shared/config -update writes it")
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	table := Markdown()
	for _, row := range []string{
		"| variable | used by | default | meaning |\n|---|---|---|---|\n| `VOD_SUB_APP_IDS` | both | none | ",
		"\n| `CALLBACK_SIGN_KEY` | callback | none | ",
		"\n| `PULL_RATE` | pull | `100` | ",
	} {
		if !strings.Contains(table, row) {
			t.Errorf("no row %q in\n%s", row, table)
		}
	}
	if strings.Contains(table, "VOD_RPC_SOCKET") {
		t.Error("users do not set VOD_RPC_SOCKET")
	}
}

// FuzzRead states what holds for any environment:
//
//   - Read never panics, and of a secret variable no error shows the value;
//   - what is bad for one function is bad for both, and what is good for each
//     is good for both.
func FuzzRead(f *testing.F) {
	f.Add(0, "7,8")
	f.Add(7, "postgres://u:p@h/db stdout:")
	f.Add(11, "1e309")
	f.Add(6, "k1,,k2")
	f.Fuzz(func(t *testing.T, i int, value string) {
		v := Variables[uint(i)%uint(len(Variables))]
		getenv := env(map[string]string{v.Name: value})
		_, callback := Read(getenv, Callback)
		_, pull := Read(getenv, Pull)
		_, both := Read(getenv, Both)
		if (both == nil) != (callback == nil && pull == nil) {
			t.Errorf("%s=%q: callback %v, pull %v, both %v", v.Name, value, callback, pull, both)
		}
		if both == nil {
			return
		}
		if !Bad(both, v.Name) {
			t.Errorf("%s=%q: %v is about another variable", v.Name, value, both)
		}
		if v.Secrecy == Secret && len(value) > 20 && strings.Contains(both.Error(), value) {
			t.Errorf("%s: the error shows the value: %v", v.Name, both)
		}
	})
}

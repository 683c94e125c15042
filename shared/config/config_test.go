package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func env(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

func defaults() Config {
	return Config{
		Endpoint:        "https://vod.tencentcloudapi.com",
		Sinks:           []string{"stdout:"},
		Dedup:           "memory:",
		PullUntil:       UntilEmpty,
		PullRate:        100,
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
			"VOD_SUB_APP_IDS": "", "VOD_ENDPOINT": " ", "VOD_REGION": "", "CALLBACK_SIGN_KEY": "",
			"SINK": " \n", "DEAD_LETTER": "", "DEDUP": "", "PULL_UNTIL": "", "PULL_RATE": "",
			"PULL_CONCURRENCY": "", "MAX_ATTEMPTS": "", "LISTEN_ADDR": "", "LOG_LEVEL": "",
		}, func(*Config) {}},
		{"all set", map[string]string{
			"VOD_SUB_APP_IDS":   "1490012345,18446744073709551615",
			"VOD_ENDPOINT":      "http://127.0.0.1:8081/",
			"VOD_REGION":        "ap-guangzhou",
			"CALLBACK_SIGN_KEY": "new1, old2",
			"SINK":              "stdout: kafka://b1:9092,b2:9092/vod file:/tmp/a%20b",
			"DEAD_LETTER":       "file:/tmp/dead",
			"DEDUP":             "postgres://u:p@h/db",
			"PULL_UNTIL":        "deadline",
			"PULL_RATE":         "0.5",
			"PULL_CONCURRENCY":  "1",
			"MAX_ATTEMPTS":      "1",
			"LISTEN_ADDR":       "127.0.0.1:0",
			"LOG_LEVEL":         "debug",
		}, func(c *Config) {
			*c = Config{
				SubAppIds:       []uint64{1490012345, 18446744073709551615},
				Endpoint:        "http://127.0.0.1:8081",
				Region:          "ap-guangzhou",
				SignKeys:        []string{"new1", "old2"},
				Sinks:           []string{"stdout:", "kafka://b1:9092,b2:9092/vod", "file:/tmp/a%20b"},
				DeadLetter:      "file:/tmp/dead",
				Dedup:           "postgres://u:p@h/db",
				PullUntil:       UntilDeadline,
				PullRate:        0.5,
				PullConcurrency: 1,
				MaxAttempts:     1,
				ListenAddr:      "127.0.0.1:0",
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
		{"no store", map[string]string{"DEDUP": "off"}, func(c *Config) { c.Dedup = DedupOff }},
		{"credentials are not kept", map[string]string{"VOD_SECRET_ID": "id", "VOD_SECRET_KEY": "key"}, func(*Config) {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			test.want(&want)
			got, err := Read(env(test.env))
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
		endpointOnly = `only scheme, host and port may stand here; keys belong in VOD_SECRET_ID and VOD_SECRET_KEY`
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
		{"VOD_ENDPOINT", "https://", `not an address; write a host such as vod.tencentcloudapi.com, or http://127.0.0.1:PORT`},
		{"VOD_ENDPOINT", "https://id:s3cret@vod.example.com", `https://vod.example.com: ` + endpointOnly},
		{"VOD_ENDPOINT", "vod.example.com?key=s3cret", `https://vod.example.com: ` + endpointOnly},
		{"VOD_ENDPOINT", "https://s3cret:2024/word@vod.example.com", `https: ` + endpointOnly},
		{"VOD_ENDPOINT", "vod.example.com/s3cret", `https://vod.example.com: ` + endpointOnly},
		{"VOD_REGION", "ap guangzhou", `"ap guangzhou" is not a region; write one such as ap-guangzhou, or remove the variable`},
		{"CALLBACK_SIGN_KEY", "s3cret,", `key 2 is empty; separate keys by one comma`},
		{"CALLBACK_SIGN_KEY", "ok,s3cret!", `key 2 has a character that is neither a letter nor a digit; VOD's sign key has none`},
		{"CALLBACK_SIGN_KEY", strings.Repeat("s", 33), `key 1 has 33 characters; VOD's sign key has at most 32`},
		{"CALLBACK_SIGN_KEY", "a,s3cret,s3cret", `keys 2 and 3 are the same; remove one`},
		{"SINK", "stdout", `entry 1` + notURL},
		{"SINK", "stdout: postgres://u:s3/cret@db/x", `entry 2` + notURL},
		{"SINK", "http://h/?secret=s3cret file:x http://h/?secret=s3cret", `entries 1 and 3 (http://h) are the same; remove one`},
		{"SINK", "stdout: stdout:", `entries 1 and 2 (stdout:) are the same; remove one`},
		{"SINK", "kafka://u:s3,cret/x@b1,b2/t", `entry 1` + notURL},
		{"DEAD_LETTER", "file:/a b", `there is white space in the value; it takes one URL, with %20 for a space`},
		{"DEAD_LETTER", "/var/s3cret", `the value` + notURL},
		{"DEDUP", "on", `the value must be memory:, a URL postgres://…, or off`},
		{"DEDUP", "memory: off", `the value must be memory:, a URL postgres://…, or off`},
		{"DEDUP", "postgres://u:s3#cret@h", `the value` + notURL},
		{"PULL_UNTIL", "forever", `"forever" is neither empty nor deadline`},
		{"PULL_RATE", "-1", `"-1" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_RATE", "NaN", `"NaN" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_RATE", "fast", `"fast" is not a rate; write calls a second, such as 100, or 0 to pause`},
		{"PULL_CONCURRENCY", "0", `"0" is not a whole number from 1 to 1000000`},
		{"PULL_CONCURRENCY", "1.5", `"1.5" is not a whole number from 1 to 1000000`},
		{"MAX_ATTEMPTS", "0", `"0" is not a whole number from 1 to 1000000`},
		{"LISTEN_ADDR", "8080", `"8080" is not an address; write HOST:PORT, or :PORT for every interface`},
		{"LISTEN_ADDR", ":99999", `":99999" is not an address; write HOST:PORT, or :PORT for every interface`},
		{"LOG_LEVEL", "loud", `"loud" is not a level; write debug, info, warn or error`},
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
			_, err := Read(env(map[string]string{test.name: test.value}))
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

func TestConfigShowsNoSecret(t *testing.T) {
	t.Parallel()
	c, err := Read(env(map[string]string{
		"CALLBACK_SIGN_KEY": "s3cret1,s3cret2",
		"SINK":              "http://u:s3cret@sink.example.com/s3cret?secret=s3cret file:/s3cret",
		"DEAD_LETTER":       "kafka://u:s3cret@dead.example.com/s3cret",
		"DEDUP":             "postgres://u:s3cret@dedup.example.com/s3cret",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %v %+v %#v\n", c, c, c, c)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("config", "config", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("config", "config", c)
	if strings.Contains(out.String(), "s3cret") {
		t.Errorf("shows a secret:\n%s", out.String())
	}
	for _, want := range []string{"http://sink.example.com", "file:", "kafka://dead.example.com", "postgres://dedup.example.com"} {
		if n := strings.Count(out.String(), want); n != 6 {
			t.Errorf("%s is shown %d times, want 6:\n%s", want, n, out.String())
		}
	}
}

package serverless

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vodevents/scripts/internal/cron"
	"vodevents/shared/config"
)

// shipped returns this repository's serverless.yml.
func shipped(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "serverless.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// everything is a value for each variable, as in a real deployment.
var everything = map[string]string{
	"VOD_SUB_APP_IDS":   "1500000001,1500000002",
	"VOD_REGION":        "ap-guangzhou",
	"VOD_ENDPOINT":      "vod.tencentcloudapi.com",
	"CALLBACK_SIGN_KEY": "k3yk3yk3y",
	"CALLBACK_VERIFY":   "ask",
	"SINK":              "mysql://u:p@db.internal:3306/events?tls=skip-verify",
	"DEAD_LETTER":       "kafka://broker:9092/dead",
	"DEDUP":             "postgres://u:p@db.internal/events",
	"PULL_UNTIL":        "deadline",
	"PULL_RATE":         "50",
	"PULL_CONCURRENCY":  "8",
	"MAX_ATTEMPTS":      "9",
	"ALERT_SILENCE":     "6h",
	"LOG_LEVEL":         "debug",
}

// This repository's file passes the check, whether nothing or everything is set.
func TestShippedFile(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{"nothing set": nil, "everything set": everything} {
		text := shipped(t)
		if vars["PULL_UNTIL"] == "deadline" { // as the comment on it says
			text = strings.Replace(text, "timeout: 60", "timeout: 75", 1)
		}
		f, err := Parse([]byte(text), Options{Getenv: env(vars)})
		if err != nil {
			t.Fatal(name, err)
		}
		for _, finding := range f.Check(programs, now) {
			t.Errorf("%s: %v", name, finding)
		}

		got := map[string]string{}
		for _, key := range programs {
			for _, v := range f.Variables(key) {
				got[v.Key] = v.Value
			}
			if len(got) != len(vars) {
				t.Errorf("%s: %s gets %d variables, want %d", name, key, len(got), len(vars))
			}
		}
		if diff := cmp.Diff(map[string]string(vars), got); vars != nil && diff != "" {
			t.Errorf("%s: variables (-want +got)\n%s", name, diff)
		}
	}

	f, err := Parse([]byte(shipped(t)), Options{Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cron.Parse(f.Cron("pull")); err != nil {
		t.Error(err)
	}
	if got, want := f.FunctionName("callback"), "receiver-dev-vod-events-callback"; got != want {
		t.Errorf("function name %q, want %q", got, want)
	}
}

// The file passes on every variable that a function on SCF may be given.
func TestShippedVariables(t *testing.T) {
	t.Parallel()
	set := map[string]string{}
	var want []string
	for _, v := range config.Variables {
		set[v.Name] = "x"
		if Deployed(v) {
			want = append(want, v.Name)
		}
	}
	f, err := Parse([]byte(shipped(t)), Options{Getenv: env(set)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range f.Inputs.Environments {
		got = append(got, v.Key)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-config +serverless.yml)\n%s", diff)
	}
}

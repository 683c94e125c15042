package serverless_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"vodevents/scripts/internal/serverless"
)

// The files that Split writes are read as the deployment that they were made from.
func TestJoinReadsWhatSplitWrites(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../serverless.yml")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SINK": "https://events.example.com/in", "PULL_RATE": "50"}
	o := serverless.Options{Stage: "prod", Getenv: func(name string) string { return env[name] }}
	whole, err := serverless.Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	files, err := whole.Split()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	joined, err := serverless.Join(files["serverless.yml"], dir)
	if err != nil {
		t.Fatal(err)
	}
	split, err := serverless.Parse(joined, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"callback", "pull"} {
		a, b := whole.Function(key), split.Function(key)
		values := func(f serverless.Function) map[string]string {
			m := map[string]string{}
			for _, v := range f.Environments {
				m[v.Key] = v.Value
			}
			return m
		}
		if !reflect.DeepEqual(values(a), values(b)) {
			t.Errorf("%s: variables %v, want %v", key, values(b), values(a))
		}
		a.Environments, b.Environments = nil, nil
		if a.Name != b.Name || a.Handler != b.Handler || a.Runtime != b.Runtime || a.Role != b.Role || a.MemorySize != b.MemorySize || a.Timeout != b.Timeout {
			t.Errorf("%s: %+v, want %+v", key, b, a)
		}
	}
	if split.Cron("pull") != whole.Cron("pull") || split.Inputs.Region != whole.Inputs.Region || len(split.Inputs.Triggers) != len(whole.Inputs.Triggers) {
		t.Errorf("triggers %+v in %s, want %+v in %s", split.Inputs.Triggers, split.Inputs.Region, whole.Inputs.Triggers, whole.Inputs.Region)
	}
}

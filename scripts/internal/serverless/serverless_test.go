package serverless

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	programs = []string{"callback", "pull"}
	now      = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
)

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"", "not a YAML mapping"},
		{"- a\n", "not a YAML mapping"},
		{"a: [", "yaml"},
		{"app: a\n", `no mapping "inputs"`},
		{"inputs: {memorySize: big}\n", "cannot unmarshal"},
		{"inputs: {environments: {A: b}}\n", "cannot unmarshal"},
		{"inputs: {functions: [{name: a}]}\n", "cannot unmarshal"},
		{"inputs: {triggers: [{type: timer, parameters: {enable: sometimes}}]}\n", "cannot unmarshal"},
	} {
		if _, err := Parse([]byte(tt.text), Options{Getenv: env(nil)}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%q): %v, want %q", tt.text, err, tt.want)
		}
	}
}

// A list of variables of which none is set is written so that it can be read, also
// with a comment behind its name.
func TestAnEmptyListOfVariablesCanBeRead(t *testing.T) {
	t.Parallel()
	for _, comment := range []string{"", " # mine", "\n    # mine", " # mine\n    # and yours"} {
		text := "inputs:\n  environments:" + comment + "\n    - key: A\n      value: ${env:A}\n  functions:\n    f:\n      environments:" + comment + "\n        - {key: B, value: '${env:B}'}\n"
		f, err := Parse([]byte(text), Options{Getenv: env(nil)})
		if err != nil {
			t.Fatal(err)
		}
		written, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(written, Options{Getenv: env(nil)}); err != nil || len(again.Variables("f")) != 0 {
			t.Errorf("%q was written as %q: %v", text, written, err)
		}
	}
}

// A variable without a value, in braces, does not become one with an empty value.
func TestNothingInBracesStaysNothing(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte("inputs: {environments: [{key: A, value: }], functions: {f}}\n"), Options{Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	written, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(written, Options{Getenv: env(nil)})
	if err != nil || !again.Variables("f")[0].Null {
		t.Errorf("it was written as %q: %v", written, err)
	}
}

// The files to deploy are golden files, written with -update.
func TestDeployed(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"CALLBACK_SIGN_KEY": "k3yk3yk3y", "SINK": "https://user:pa55@example.com/events", "LOG_LEVEL": ""}
	f, err := Parse([]byte(shipped(t)), Options{Stage: "prod", Region: "ap-shanghai", Getenv: env(vars)})
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range f.Check(programs, now) {
		t.Error(finding)
	}
	one, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Split()
	if err != nil {
		t.Fatal(err)
	}
	files["multi/serverless.yml"] = one
	if len(files) != 4 {
		t.Errorf("%d files, want 4", len(files))
	}
	for name, got := range files {
		if strings.Contains(string(got), "pa55") || strings.Contains(string(got), "k3y") {
			t.Errorf("%s holds a secret", name)
		}
		golden := filepath.Join("testdata", "deployed", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}

	// The copy is read back as the same deployment.
	again, err := Parse(one, Options{Getenv: env(vars)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.Inputs.Triggers, again.Inputs.Triggers); diff != "" {
		t.Errorf("triggers differ in the copy:\n%s", diff)
	}
	if diff := cmp.Diff(f.Variables("pull"), again.Variables("pull")); diff != "" {
		t.Errorf("variables differ in the copy:\n%s", diff)
	}
}

// A function's own variables that are not set are left out, too.
func TestOwnVariablesUnset(t *testing.T) {
	t.Parallel()
	text := strings.Replace(shipped(t), "handler: callback\n", "handler: callback\n      environments: [{key: A, value: '${env:NONE}'}, {key: B, value: b}]\n", 1)
	f, err := Parse([]byte(text), Options{Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Variable{{Key: "B", Value: "b"}}, f.Variables("callback")); diff != "" {
		t.Error(diff)
	}
	for _, finding := range f.Check(programs, now) {
		t.Error(finding)
	}
}

func TestSplitRefusesAPIGateway(t *testing.T) {
	t.Parallel()
	text := strings.Replace(shipped(t), "type: http\n      function: callback\n      parameters:", "type: apigw\n      parameters:\n        apis: [{path: /, function: callback}]", 1)
	f, err := Parse([]byte(text), Options{Getenv: env(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Split(); err == nil {
		t.Error("no error")
	}
}

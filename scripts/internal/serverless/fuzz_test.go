package serverless

import (
	"encoding/json"
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

// FuzzParse reads any file. What is taken is YAML, and what is written of it is read
// as the same deployment again (yaml may move comments); checking and splitting do no
// harm.
func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile("../../../serverless.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	for _, s := range []string{
		"inputs: {functions: {a: {handler: b, environments: [{key: A, value: '${env:SINK}'}]}}, triggers: [{type: timer, function: a, parameters: {cronExpression: '0 * * * * * *'}}]}",
		"stage: ${env:STAGE}\ninputs: &x {region: r, src: {src: ., exclude: [a]}, environments: [{key: K, value: 1e3}]}\n",
		"inputs: {functions: &f {a: *f}}", "inputs: {<<: {region: a}}", "app: [a]\ninputs: {}",
	} {
		f.Add([]byte(s))
	}
	o := Options{Stage: "prod", Getenv: env(map[string]string{"SINK": "stdout:", "STAGE": "a: b #"})}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Parse(text, o)
		if err != nil {
			return
		}
		var plain map[string]any
		if err := yaml.Unmarshal(text, &plain); err != nil {
			return // a key of another kind than a string, or a merge that is cut short
		}
		written, err := got.Bytes()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := Parse(written, o)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
		if plainly(t, again) != plainly(t, got) || again.FunctionName("a") != got.FunctionName("a") {
			t.Fatalf("%q was written as %q\n%s\n%s", text, written, plainly(t, got), plainly(t, again))
		}
		got.Check(programs, now)
		got.CheckUse(true)
		got.Split()
	})
}

// plainly is what a file deploys, as text. Nodes as they are have their lines in them.
func plainly(t *testing.T, f *File) string {
	t.Helper()
	functions := map[string]Function{}
	for key := range f.Inputs.Functions {
		fn := f.Function(key)
		fn.Src, fn.Environment = yaml.Node{}, yaml.Node{}
		functions[key] = fn
	}
	text, err := json.Marshal([]any{f.Inputs.Src, functions, f.Inputs.Triggers, f.Inputs.IgnoreTriggers})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

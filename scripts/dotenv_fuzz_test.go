package scripts_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var loadFunction = regexp.MustCompile(`(?ms)^load\(\) \{\n.*?^\}\n`)

// FuzzDotEnv writes a value into .env in each way, and deploy reads the same value. No
// value is run, and other lines do no harm.
func FuzzDotEnv(f *testing.F) {
	deploy, err := os.ReadFile("deploy")
	if err != nil {
		f.Fatal(err)
	}
	load := loadFunction.Find(deploy)
	if load == nil {
		f.Fatal("scripts/deploy has no function load")
	}
	f.Add("file:/a https://b?x=$(touch ran)&y=#z", "export A")
	f.Add("`touch ran`\\ \"", "=")
	f.Add("  é'\t", "A=\"x\" y")
	f.Add("pass\x93word", "") // of another code page
	f.Add("# no", "A[$(touch ran)]=1")
	f.Fuzz(func(t *testing.T, value, other string) {
		if strings.ContainsAny(value+other, "\x00\n\r") {
			return
		}
		lines := map[string]string{}
		if !strings.Contains(value, `"`) {
			lines["FUZZ_DOUBLE"] = `"` + value + `" # why`
		}
		if !strings.Contains(value, "'") {
			lines["FUZZ_SINGLE"] = " '" + value + "'"
		}
		if value == strings.TrimSpace(value) && !strings.ContainsAny(value, "\"'#") {
			lines["FUZZ_PLAIN"] = value + " \t# why"
		}
		dir := t.TempDir()
		var text strings.Builder
		for key, line := range lines {
			text.WriteString("export " + key + " =" + line + "\r\n")
		}
		if !strings.Contains(other, "FUZZ_") {
			text.WriteString(other + "\n")
		}
		if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), "bash", "-c", "set -euo pipefail\n"+string(load)+"\nload .env\nexec env -0")
		c.Dir, c.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8"}
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil && !strings.Contains(other, "=") {
			t.Fatalf("%q: %v %s", text.String(), err, errs.String())
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
			t.Fatalf("%q was run: %v, %v", text.String(), files, err)
		}
		if err != nil {
			return // a line that sets what the shell needs
		}
		for key := range lines {
			if !bytes.Contains(append([]byte{0}, out...), []byte("\x00"+key+"="+value+"\x00")) {
				t.Errorf("%q: %s is not %q in %q", text.String(), key, value, out)
			}
		}
	})
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/go/packages"
)

// A test file that compiles on one system alone is found, and so is a function. The
// standard library, which is imported, has no faults.
func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.test/m\n\ngo 1.26\n",
		"a.go":         "package m\n",
		"only_unix.go": "//go:build unix\n\npackage m\n\nconst only = 1\n",
		"a_test.go":    "package m\n\nvar _ = only\n",
		"a_windows.go": "package m\n\nimport (\n\t\"fmt\"\n\tname \"strings\"\n)\n\nfunc body() { absent() }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if faults, err := check("darwin", dir, "./..."); err != nil || len(faults) != 0 {
		t.Errorf("darwin: %v, %v", faults, err)
	}
	faults, err := check("windows", dir, "./...")
	if err != nil || len(faults) != 4 {
		t.Errorf("windows: %v, %v", faults, err)
	}
	for _, want := range []string{"undefined: only", "undefined: absent", `"fmt" imported and not used`, `"strings" imported as name and not used`} {
		if !slices.ContainsFunc(faults, func(fault packages.Error) bool { return fault.Msg == want }) {
			t.Errorf("windows: %v, want also: %s", faults, want)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A test file that compiles on one system alone is found.
func TestCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.test/m\n\ngo 1.26\n",
		"a.go":         "package m\n",
		"only_unix.go": "//go:build unix\n\npackage m\n\nconst only = 1\n",
		"a_test.go":    "package m\n\nvar _ = only\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if faults, err := check("darwin", dir, "./..."); err != nil || len(faults) != 0 {
		t.Errorf("darwin: %v, %v", faults, err)
	}
	faults, err := check("windows", dir, "./...")
	if err != nil || len(faults) != 1 || !strings.Contains(faults[0].Error(), "undefined: only") {
		t.Errorf("windows: %v, %v", faults, err)
	}
}

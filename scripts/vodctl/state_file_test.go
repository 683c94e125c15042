package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that holds no places of reconcile is refused by its name.
func TestStateFileOfReconcile(t *testing.T) {
	t.Parallel()
	for content, taken := range map[string]bool{
		`{}`: true, `{"1490012345":{"until":"2026-11-24T08:00:00Z"}}`: true,
		`null`: false, ` null ` + "\n": false, `[]`: false, ``: false, `{"Replay":"ab","Done":3}`: false,
	} {
		file := filepath.Join(t.TempDir(), "place")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		k := &reconciling{state: file}
		err := k.read()
		if taken != (err == nil) || !taken && !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

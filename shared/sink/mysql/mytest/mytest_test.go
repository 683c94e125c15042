package mytest_test

import (
	"os"
	"path/filepath"
	"testing"

	"vodevents/shared/sink/mysql/mytest"
)

// Two servers may start at the same time: neither touches the other's files.
func TestAServerLeavesTheTemporaryFilesOfOthers(t *testing.T) {
	dir, err := os.MkdirTemp("", "mytest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { // as /tmp is: the server has a user of its own
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	other := filepath.Join(dir, "#sql-temptable-4718-1-3.MAI")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	mytest.RunT(t)
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}

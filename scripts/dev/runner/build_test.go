package runner

import (
	"os"
	"path/filepath"
	"testing"
)

// A program is kept for the next start whole, or not at all.
func TestCopyProgram(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	copyProgram(to, from, "pull") // there is none yet
	for _, program := range []string{"old", "new"} {
		if err := os.WriteFile(filepath.Join(from, "pull"), []byte(program), 0o755); err != nil {
			t.Fatal(err)
		}
		copyProgram(to, from, "pull")
		files, err := os.ReadDir(to)
		if err != nil || len(files) != 1 {
			t.Fatalf("%v, %v", files, err)
		}
		info, err := files[0].Info()
		if got, _ := os.ReadFile(filepath.Join(to, "pull")); err != nil || string(got) != program || info.Mode() != 0o755 {
			t.Errorf("%q, %v, %v; want %q", got, info.Mode(), err, program)
		}
	}
	copyProgram(filepath.Join(to, "nowhere"), from, "pull")
}

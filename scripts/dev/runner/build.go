package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

var names = []string{"callback", "pull"}

// program is the file name of a function's program.
func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// Build builds both functions into a folder.
func Build(ctx context.Context, dir string) error {
	root, err := repository()
	if err != nil {
		return err
	}
	// Linking takes seconds, and go build leaves out what it finds done: it is
	// given the functions of the last start. Without them it is only slower.
	last := filepath.Join(root, ".build", "dev")
	for _, name := range names {
		copyProgram(dir, last, program(name))
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), "./functions/callback", "./functions/pull")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")                         // as scripts/build does
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) } // it cleans up after itself
	build.WaitDelay = 2 * time.Second
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the functions: %w\n%s", err, out)
	}
	if os.MkdirAll(last, 0o777) == nil {
		for _, name := range names {
			copyProgram(last, dir, program(name))
		}
	}
	return nil
}

// copyProgram copies a program from one folder to another, whole or not at all,
// because another dev may do the same now.
func copyProgram(to, from, name string) {
	program, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return
	}
	f, err := os.CreateTemp(to, name+"-")
	if err != nil {
		return
	}
	defer os.Remove(f.Name()) // unless it has its name
	_, err = f.Write(program)
	if err = cmp.Or(err, f.Chmod(0o755), f.Close()); err == nil {
		os.Rename(f.Name(), filepath.Join(to, name))
	}
}

// repository finds the top folder of the repository, from the working
// directory upwards.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "functions", "pull", "main.go")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no functions/pull here or above: run dev inside the repository")
		}
		dir = parent
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"vodevents/shared/scf/local"
)

// build builds both functions into dir as they are deployed, but with testdata's
// handler as the user's code.
func build(ctx context.Context, dir string) error {
	list := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "vodevents/shared/handler", "vodevents/scripts/soak")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	theirs, ours, ok := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if !ok {
		return fmt.Errorf("go list: %q are not two folders", out)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(theirs, "handler.go"): filepath.Join(ours, "testdata", "handler.go"),
	}})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-overlay", path,
		"-o", dir+string(filepath.Separator), "vodevents/functions/callback", "vodevents/functions/pull")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// mortals are the running instances of a function, any of which may be killed.
type mortals struct {
	start func(context.Context) (*local.Function, error)

	mu    sync.Mutex
	rand  *rand.Rand
	alive []*local.Function
	died  time.Time // when the last one was killed
}

func (m *mortals) one(ctx context.Context) (*local.Function, error) {
	f, err := m.start(ctx)
	if err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.alive = slices.DeleteFunc(m.alive, exited)
		m.alive = append(m.alive, f)
	}
	return f, err
}

func exited(f *local.Function) bool {
	select {
	case <-f.Exited():
		return true
	default:
		return false
	}
}

// kill kills an instance with SIGKILL, if there is one.
func (m *mortals) kill() bool {
	m.mu.Lock()
	m.alive = slices.DeleteFunc(m.alive, exited)
	var victim *local.Function
	if n := len(m.alive); n > 0 {
		i := m.rand.IntN(n)
		victim = m.alive[i]
		m.alive = slices.Delete(m.alive, i, i+1)
	}
	m.mu.Unlock()
	if victim == nil {
		return false
	}
	victim.Kill()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.died = time.Now()
	return true
}

// sinceDeath returns how long ago the last instance was killed.
func (m *mortals) sinceDeath() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.died)
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// callbackBinary builds the function, as it is deployed.
func callbackBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callback")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "../../functions/callback")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Callbacks of all sizes are answered 200 and come out once, beside connections that
// are idle, slow, or cut. The server ends the slow ones.
func TestLoad(t *testing.T) {
	t.Parallel()
	got, err := press(t.Context(), callbackBinary(t), pressure{number: 150, largest: 2 << 20, idle: 300, slow: 5, cut: 20 * time.Millisecond, once: true})
	if err != nil {
		t.Fatal(err)
	}
	if got.sent != 150 || got.lost != 0 || got.extra != 0 {
		t.Errorf("%d callbacks were taken: %d lost, %d twice or unknown", got.sent, got.lost, got.extra)
	}
	if c := got.beside; c.idle != 300 || c.slow != 10 || c.ended != 10 || c.cut == 0 {
		t.Errorf("%v", c)
	}
}

// A burst on many instances and one database is taken whole, and nothing is parked.
func TestBurst(t *testing.T) {
	t.Parallel()
	b, err := sendBurst(t.Context(), callbackBinary(t), 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !b.good() || b.instances > burstInstances {
		t.Errorf("%+v", b)
	}
}

// The load is measured with the limit of memory that the unit sets.
func TestLoadHasTheUnitsLimit(t *testing.T) {
	unit, err := os.ReadFile("../host/vod-callback.service")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(unit), "\nEnvironment="+memoryLimit+"\n") {
		t.Errorf("vod-callback.service has another limit than %s", memoryLimit)
	}
}

// Package longtest tells a test whether it may take long.
//
// What takes minutes (a kill after each call, a soak, a pass through PgBouncer, a page
// that hears everything late) runs under `./scripts/test -long` and is skipped by
// everybody else. The script says so by the environment variable LONG, so that one test
// can be run by hand:
//
//	LONG=true go test -run TestKillAfterEachCall ./functions
package longtest

import (
	"os"
	"testing"
)

// On tells whether tests may take long.
func On() bool { return os.Getenv("LONG") == "true" }

// Scale is how many events, seeds or rounds a test takes: few, or many where it may
// take long.
func Scale(few, many uint64) uint64 {
	if On() {
		return many
	}
	return few
}

// Only skips a test that takes long, unless long tests are wanted.
func Only(t testing.TB) {
	t.Helper()
	if !On() {
		t.Skip("takes long: ./scripts/test -long, or LONG=true")
	}
}

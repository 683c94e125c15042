package runner

import (
	"slices"
	"testing"

	"vodevents/shared/config"
)

// The keys by which dev signs are those that callback reads.
func TestSignKeysAreThoseOfCallback(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "a1", " a1 , b2 ", "a1,\tb2\n"} {
		e := Environ{"CALLBACK_SIGN_KEY=" + value}
		cfg, err := config.Read(e.Get, config.Callback)
		if got := e.SignKeys(); err != nil || !slices.Equal(got, cfg.SignKeys) {
			t.Errorf("%q: %q, want %q, %v", value, got, cfg.SignKeys, err)
		}
	}
}

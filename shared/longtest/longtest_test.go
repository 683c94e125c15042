package longtest_test

import (
	"testing"

	"vodevents/shared/longtest"
)

func TestOnly(t *testing.T) {
	for value, runs := range map[string]bool{"": false, "false": false, "true": true} {
		t.Setenv("LONG", value)
		ran := false
		t.Run("LONG="+value, func(t *testing.T) {
			longtest.Only(t)
			ran = true
		})
		if many := longtest.Scale(1, 2) == 2; ran != runs || longtest.On() != runs || many != runs {
			t.Errorf("LONG=%s: ran %t, want %t", value, ran, runs)
		}
	}
}

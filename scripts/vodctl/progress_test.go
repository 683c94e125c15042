package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		b := progress{w: &out}
		b.show("%d", 1)
		b.show("%d", 2) // too soon
		time.Sleep(time.Second)
		b.show("%d", 3)
		b.clear()
		b.clear()
		b.show("%d", 4)
		const line = "\r\x1b[K"
		if got, want := out.String(), line+"1"+line+"3"+line+line+"4"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		none := (&program{stderr: &out}).progress()
		none.show("5")
		none.clear()
		if strings.Contains(out.String(), "5") {
			t.Error("a line where there is no terminal")
		}
	})
}
